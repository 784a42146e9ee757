"""What a typed text means: rules, ids, places; and what may stand at the cursor."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.search import NEAR, complete, understand
from qsocore.errors import ConfigError
from qsocore.selection import TextError, evaluate, parse


@pytest.fixture(scope="module")
def table(library):
    return library.table("small")


@pytest.mark.parametrize("text", ['z > 2 & class == "QSO"', "2 <= z <= 3", "z is missing", "not calibrated == true", "all",
                                  'ids ["test:one:00003"]', "cone(150.1, 2.2, 10 arcsec) & z > 1"])
def test_a_rule_is_parsed(table, text):
    assert understand(text, table).rule == parse(text)


@pytest.mark.parametrize("text, ra, dec, radius", [
    ("150.1 +2.2 r=30s", 150.1, 2.2, 30 / 3600),
    ("150.1, 2.2, 5'", 150.1, 2.2, 5 / 60),
    ("150.1 -2.2", 150.1, -2.2, NEAR),
    ("cone(150.1, 2.2, 10 arcsec)", 150.1, 2.2, 10 / 3600),
    ("cone(150.1, 2.2, 0.5)", 150.1, 2.2, 0.5),
    ('10:00:24.5 +02:12:20 10"', 15 * (10 + 24.5 / 3600), 2 + 12 / 60 + 20 / 3600, 10 / 3600),
    ('10 00 24.5 +02 12 20 10"', 15 * (10 + 24.5 / 3600), 2 + 12 / 60 + 20 / 3600, 10 / 3600),
    ("10h00m24.5s -02d12m20s 2 deg", 15 * (10 + 24.5 / 3600), -(2 + 12 / 60 + 20 / 3600), 2.0),
    ("-10 5 1d", 350.0, 5.0, 1.0),
    ("187.27792 2.05239 0.5 arcmin", 187.27792, 2.05239, 0.5 / 60),
])
def test_a_place_becomes_a_cone(table, text, ra, dec, radius):
    rule = understand(text, table).rule
    assert rule["op"] == "cone"
    assert (rule["ra"], rule["dec"], rule["radius"]) == pytest.approx((ra, dec, radius), abs=1e-12)


def test_a_cone_finds_the_object_at_its_place(table):
    ra, dec = table.exact("ra")[7], table.exact("dec")[7]
    rule = understand(f"{ra:.7f} {dec:+.7f} r=1s", table).rule
    assert np.flatnonzero(evaluate(rule, table.values, table.n_rows)).tolist() == [7]


@pytest.mark.parametrize("text, ids", [
    ("test:one:00003", [3]), ("00003", [3]), ("one:00003", [3]), ("ONE:00123", [123]),
    ("test:one:00003, test:one:00001", [3, 1]), ("test:one:00003\ntest:one:00009\n", [3, 9]),
    ("test:one:00003 test:one:00001", [3, 1]), ("'test:one:00003'; 'test:one:00003'", [3]),
])
def test_ids_are_found_whole_or_by_their_part(table, text, ids):
    meaning = understand(text, table)
    assert meaning.rule == {"op": "ids", "ids": [f"test:one:{k:05d}" for k in ids]}
    assert meaning.focus == (meaning.rule["ids"][0] if len(ids) == 1 else "")


def test_native_ids_are_found_under_their_survey(named):
    meaning = understand("17, 18, 99", named)
    assert meaning.rule == {"op": "ids", "ids": ["sdss:dr17:17", "desi:edr:18"]}
    assert "1 of 3 ids" in meaning.remark and "99" in meaning.remark


@pytest.fixture(scope="module")
def named():
    from dashboard.parts import InMemory, Part
    from dashboard.table import AtlasTable
    from qsocore.catalog import column_for

    ids = ["sdss:dr17:17", "desi:edr:18", "desi:edr:180", "sdss:dr17:2"]
    survey, release, _ = zip(*(name.split(":") for name in ids), strict=True)
    content = {"survey": list(survey), "release": list(release), "odd name": [1.0, 2.0, 3.0, 4.0]}
    columns = {name: column_for(name, np.array(values)) for name, values in content.items()}
    return AtlasTable("t", pa.chunked_array([ids]), [Part(columns, InMemory(pa.table(content)))], {})


@pytest.mark.parametrize("text, says", [
    ("", "nothing is written"), ("zz > 2", "no column 'zz'"), ("0000", "10 objects"), ("quasar", "no object 'quasar'"),
    ("z", "z is a column"), ("a, b, c", "none of these 3 ids"), ("150.1 2.2 30", "no unit"), ("150.1 95.2 30s", "-90 to 90"),
    ("__import__('os')", "no object"), ("10:77:00 +02:00:00 3s", "no angle"),
])
def test_what_cannot_be_understood_is_said(table, text, says):
    with pytest.raises(ConfigError, match=says):
        understand(text, table)


def test_a_place_needs_columns_of_places(named):
    with pytest.raises(ConfigError, match="no columns ra and dec"):
        understand("150.1 +2.2 r=3s", named)


@pytest.mark.parametrize("text, place", [("z > 2 & class = QSO", 16), ("z > 2 &", 7), ("z > 2 ยง 3", 6), ("(z > 2", 6)])
def test_a_fault_points_at_its_place(table, text, place):
    with pytest.raises(TextError) as fault:
        understand(text, table)
    assert fault.value.place == place


def inserts(text, table, cursor=None):
    start, found = complete(text, len(text) if cursor is None else cursor, table)
    return start, [insert for insert, _ in found]


@pytest.mark.parametrize("text, start, first", [
    ("", 0, "survey"), ("z", 0, "z"), ("z > 2 & cl", 8, "class"), ("(sn", 1, "snr_median"), ("not cal", 4, "calibrated"),
    ("2 <= ma", 5, "mag_r"), ("redsh", 0, "z"), ("z ", 2, "> "), ("z >", 2, "> "), ("class ", 6, "== "), ("class i", 6, "in ["),
    ("class == ", 9, '"QSO"'), ('class == "ST', 9, '"STAR"'), ('class in ["QSO", ', 17, '"QSO"'), ("class in ", 9, "["),
    ("z > 2 ", 6, "& "), ("z > 2 o", 6, "| "), ('class == "QSO" ', 15, "& "), ("z is missing ", 13, "& "), ("~z", 1, "z"),
])
def test_completion_offers_what_may_follow(table, text, start, first):
    at, found = inserts(text, table)
    assert (at, found[0]) == (start, first)


def test_completion_looks_only_left_of_the_cursor(table):
    assert inserts("cl > 3", table, cursor=2) == inserts("cl", table)


def test_completion_tells_what_a_column_is(table, named):
    assert dict(complete("z", 1, table)[1])["z"] == "Redshift · Catalogue redshift"
    assert inserts("odd", named) == (0, ["`odd name`"]) and inserts("`odd name` ", named)[1][0] == "> "


@given(st.text("z >2&|~()\"'[]`,=class in.", max_size=20), st.integers(0, 20))
def test_completion_answers_any_text(table, text, cursor):
    start, found = complete(text, min(cursor, len(text)), table)
    assert 0 <= start <= len(text) and all(insert and isinstance(label, str) for insert, label in found)
