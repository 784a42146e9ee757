"""Which sets are compared, how they spread over a column, and how that is said."""

import json

import numpy as np
import pytest

from dashboard import compared
from dashboard.spread import Spread, default_names, offered, spreads
from dashboard.views._composite import heights, lines_of, robust
from dashboard.views._histogram import steps, tick_labels
from dashboard.views.differences import comparable, line, p_text
from qsocore import selection
from qsocore.compare.separate import Separation

QUASARS = json.dumps({"op": "isin", "column": "class", "values": ["QSO"]})
LOW = json.dumps({"op": "range", "column": "z", "low": 0.0, "high": 1.0})
NORTH = json.dumps({"op": "range", "column": "dec", "low": 0.0, "high": 90.0})


def keys(sets):
    return [one.key for one in sets]


def test_what_is_looked_at_follows_slots_and_selection(session):
    state = session.state
    assert compared.sets(session) == []
    state.a = QUASARS
    assert keys(compared.sets(session)) == ["a"]
    state.selection = LOW
    assert keys(compared.sets(session)) == ["selected"] and not compared.is_choice(session)
    state.b = NORTH
    assert keys(compared.sets(session)) == ["a", "b"] and compared.is_choice(session)
    assert keys(compared.sets(session, "selection")) == ["selected"]


def test_only_what_is_drawn_is_compared(session):
    session.state.param.update(a=QUASARS, only=NORTH)
    (one,) = compared.slots(session)
    table = session.table
    wanted = (table.numbers("dec") >= 0) & (np.array(table.classes("class").codes) == table.classes("class").names.index("QSO"))
    assert session.rows(one.rule).tolist() == np.flatnonzero(wanted).tolist()


def test_every_object_is_counted_and_the_rest_is_what_is_left(session):
    session.state.selection = QUASARS
    sets = [*compared.selected(session), compared.rest(session)]
    for found in spreads(session, ["z", "class", "mag_r", "z_warn"], sets):
        total = int(np.isfinite(session.table.numbers(found.name)).sum()) if found.name != "class" else session.table.n_rows
        assert found.totals["selected"] + found.totals["rest"] == total
        assert all(found.counts[key].sum() + found.outside[key] == found.totals[key] for key in found.totals)
        assert found.heights("rest", fractions=True).sum() == pytest.approx(1, abs=0.01)
    classes = spreads(session, ["class"], sets)[0]
    assert classes.counts["selected"][classes.labels.index("STAR")] == 0 == classes.counts["rest"][classes.labels.index("QSO")]


def test_a_brushed_range_selects_what_was_brushed(session):
    table = session.table
    numbers, classes = spreads(session, ["z", "class"], [compared.everything(session)])
    rule = numbers.rule(2.0, 1.0, table)
    rows = np.flatnonzero(selection.evaluate(rule, table.values, table.n_rows))
    z = table.numbers("z")
    assert rows.tolist() == np.flatnonzero((z >= 1) & (z <= 2)).tolist()
    assert numbers.rule(99, 98, table) is None
    assert classes.rule(-0.4, 0.2, table) == {"op": "isin", "column": "class", "values": [classes.labels[0]]}
    everything = classes.rule(-9, 9, table)
    assert selection.evaluate(everything, table.values, table.n_rows).all()


def test_a_logarithmic_axis_selects_values(session):
    found = Spread("x", np.linspace(-1, 2, 4), True, (), {}, {}, {})
    assert found.rule(0, 1, session.table) == {"op": "range", "column": "x", "low": 1.0, "high": 10.0}
    assert tick_labels(found) == {-1: "0.1", 0: "1", 1: "10", 2: "100"}


def test_first_come_the_customary_columns(session):
    assert default_names(session.table) == ["z", "snr_median", "chi2_pix", "class", "latent_0", "latent_1", "latent_2"]
    assert "object_id" not in offered(session.table) and "class" in offered(session.table)
    numbers, classes = comparable(session.table)
    assert "pca_x" not in numbers and {"z", "latent_5", "ra"} <= set(numbers) and {"class", "z_warn"} <= set(classes)


def test_an_outline_goes_down_at_both_ends():
    found = steps(np.array([0.0, 1, 2]), np.array([3.0, 5]))
    assert found["x"].tolist() == [0, 0, 1, 1, 2, 2] and found["y"].tolist() == [0, 3, 3, 5, 5, 0]


@pytest.mark.parametrize(("p", "text"), [(0.0, "< 1e-10"), (9e-11, "< 1e-10"), (3.21e-5, "3e-05"), (0.0432, "0.043"), (1, "1")])
def test_p_values_are_said_as_one_reads_them(p, text):
    assert p_text(p) == text


def test_a_row_says_which_set_is_larger(session):
    pair = (compared.Compared("a", "A", "a", ""), compared.Compared("b", "B", "b", ""))
    number = line(Separation("z", "number", -0.5, 1e-30, 10, 20, 1.234, 2.5, corrected=1e-29), "z", pair)
    assert (number["side"], number["said"], number["a"], number["b"]) == ("b", "−0.50", "1.23", "2.5") and number["differs"]
    assert "larger in B" in number["tip"] and number["p"] == "< 1e-10"
    kind = line(Separation("class", "class", 0.4, 0.5, 10, 20, 0.1, 0.6, "QSO", corrected=0.5), "Class", pair)
    assert (kind["title"], kind["said"], kind["effect"], kind["b"]) == ("Class: QSO", "0.40", -0.4, "60 %")
    assert not kind["differs"]


def test_lines_are_those_that_a_class_shows():
    names = [line.name for line in lines_of("STAR", 3000, 9000)]
    assert "Ca K" in names and "Hβ" in names and "Mg II" not in names
    assert {"Mg II", "Hβ"} <= {line.name for line in lines_of("QSO", 2000, 9000)}
    close = lines_of("QSO", 1000, 9000)
    assert len(set(heights(close, 8000))) > 1 and set(heights(close, 80)) <= {0.985, 0.925}


def test_limits_leave_wild_values_out():
    values = np.r_[np.linspace(0, 1, 2000), 1e6, np.nan]
    assert robust(values)[1] < 1.01 and robust(np.array([np.nan])) == (0.0, 1.0)
