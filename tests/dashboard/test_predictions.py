"""What a run predicts stands beside every map of its store, and what follows from it is computed."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dashboard import actions
from dashboard.colourings import COLOURINGS, Scale
from dashboard.columns import grouped
from dashboard.library import Library
from dashboard.palettes import continuous
from dashboard.table import AtlasTable
from qsocore import open_store
from qsocore.catalog import Column
from qsocore.store.columns import to_field
from qsocore.store.derived import derived_from
from qsocore.store.runs import PREDICTIONS, RunFolder, in_row_order
from qsocore.units import velocity
from qsocore.workflow.joined import Joined
from tests.dashboard.survey import make_run, make_store

N = 60


def keep(store, folder, columns, ordered=True):
    """Keep columns in a store as `qso predict` does."""
    file = RunFolder(store.path / "runs" / folder).column_file(PREDICTIONS)
    file.parent.mkdir(parents=True)
    fields = [store.catalog.schema.field("object_id"), *(to_field(column) for column, _ in columns)]
    arrays = [store.table(["object_id"]).column(0), *(pa.array(values) for _, values in columns)]
    schema = pa.schema(fields, metadata=in_row_order(store) if ordered else None)
    pq.write_table(pa.table(arrays, schema=schema), file)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("predicted") / "small.store"
    make_store(path, N)
    make_run(path)
    store = open_store(path)
    z = Column("z_pred", "float64", "redshift", "", "Predicted")
    kind = Column("class_pred", "string", "label", "", "Predicted class")
    keep(store, "20260101T000000-old", [(z, np.zeros(N)), (kind, ["QSO"] * (N // 2) + ["STAR"] * (N - N // 2))])
    shift = np.linspace(-300, 300, N) / 299_792.458
    keep(store, "20260102T000000-new", [(z, store.column("z") + shift * (1 + store.column("z")))])
    return open_store(path)


def test_they_are_columns_under_any_run_and_the_newest_of_one_name_wins(store):
    for run in (store.run("small"), None):
        table, joined = AtlasTable.from_store(store, run), Joined(store, run)
        for numbers in (table.exact("z_pred"), joined.values("z_pred")):
            assert np.abs(velocity(numbers, store.column("z"))).max() == pytest.approx(300)
        assert table.classes("class_pred").names == ("QSO", "STAR") and table.is_categorical("class_pred")
        assert joined.table(["class_pred"], [N - 1, 0]).column(0).to_pylist() == ["STAR", "QSO"]


def test_what_follows_from_them_is_computed_for_all_and_for_some_rows(store):
    table, joined = AtlasTable.from_store(store, store.run("small")), Joined(store, store.run("small"))
    wanted = np.linspace(-300, 300, N)
    assert table.numbers("dv") == pytest.approx(wanted, abs=0.01)
    assert table.frame(np.array([5, 2]), ["dv_abs", "z"])["dv_abs"].tolist() == pytest.approx(abs(wanted[[5, 2]]), abs=0.01)
    assert table.row(3)["dv"] == pytest.approx(wanted[3], abs=0.01)
    assert joined.values("dv") == pytest.approx(wanted, abs=0.01)
    assert joined.table(["object_id", "dv"], [7]).column(1).to_pylist() == pytest.approx([wanted[7]], abs=0.01)
    assert joined.columns["dv"].unit == "km s-1"
    assert "Redshift error as velocity" in grouped(table)["Redshift and quality"]


def test_without_a_redshift_there_is_no_error_of_one():
    assert derived_from(["z_pred"]) == {} and derived_from(["z_pred", "z", "dv"]).keys() == {"dv_abs"}
    (one,) = (derived_from(["z_pred", "z"])[name] for name in ("dv",))
    made = one.of(pa.table({"z_pred": pa.array([1.01, None, 2.0]), "z": pa.array([1.0, 1.0, None])})).to_pylist()
    assert made[0] == pytest.approx(299_792.458 * 0.01 / 2) and made[1:] == [None, None]


def test_a_part_without_the_rows_of_the_store_is_found_by_id(tmp_path):
    store = make_store(tmp_path / "s.store", 30)
    keep(store, "20260101T000000-other", [(Column("unlike", "float32", "quality"), np.arange(30, dtype="f4"))], ordered=False)
    assert AtlasTable.from_store(store).numbers("unlike").tolist() == list(range(30))


def test_a_signed_colouring_is_symmetric_robust_and_of_two_colours(store):
    core = np.random.default_rng(1).normal(0, 100, 5000)
    values = np.concatenate([core, np.full(300, 2e5)]).astype("f4")  # 6 % are lost
    scale = COLOURINGS.get("continuous").scale_of(values, signed=True)
    assert scale.low == -scale.high and 450 < scale.high < 600
    assert COLOURINGS.get("continuous").scale_of(np.zeros(9, "f4"), signed=True) == Scale(-0.5, 0.5)
    for theme in ("dark", "light"):
        middle = continuous("coolwarm", theme)[126]
        red, green, blue = (int(middle[k : k + 2], 16) for k in (1, 3, 5))
        assert max(red, green, blue) - min(red, green, blue) < 12  # zero is grey


def test_choosing_it_turns_to_two_colours_and_back(store):
    from dashboard.session import Session
    from dashboard.state import State

    session = Session(Library.open(store.path), State(store=str(store.path)))
    actions.start(session, {})
    actions.choose_colour(session, "dv")
    assert session.state.palette == "coolwarm" and session.scale.low == -session.scale.high
    actions.choose_colour(session, "z")
    assert session.state.palette == "viridis"
