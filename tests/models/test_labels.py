"""What a catalogue says of its objects, as arrays to learn from."""

import numpy as np
import pytest

from qsocore.catalog import Column
from qsocore.errors import TrainError
from qsocore.grid import WaveGrid
from qsocore.models import labels
from qsocore.store import StoreWriter

GRID = WaveGrid("tiny", "linear", 4000.0, 4100.0, 8)


@pytest.fixture
def make(tmp_path):
    def make(**columns):
        n = len(next(iter(columns.values())))
        writer = StoreWriter(tmp_path / f"{len(list(tmp_path.iterdir()))}.store", GRID, {}, 1)
        ones = np.ones((n, 8), np.float32)
        catalog = {"object_id": [f"a:b:{k}" for k in range(n)], "survey": ["a"] * n} | columns
        writer.write_shard(0, ones, ones, np.zeros((n, 8), np.uint8), catalog,
                           (Column("bi_civ", "float32", "truth"), Column("ai_civ", "float32", "truth")))
        return writer.finish()

    return make


def known(values):
    return [None if value != value else float(value) for value in values]


def test_redshifts_without_a_warning(make):
    store = make(z=[0.5, np.nan, 2.0, 3.0], z_warn=[0, 0, 4, 0])
    assert known(labels.redshifts(store)) == [0.5, None, None, 3.0]
    assert known(labels.redshifts(make(z=[0.5, 1.0]))) == [0.5, 1.0]


def test_the_truth_goes_before_the_catalogue(make):
    assert known(labels.redshifts(make(z=[0.5, 1.0], true_z=[2.5, 3.5], z_warn=[1, 0]))) == [2.5, 3.5]


@pytest.mark.parametrize("columns", [{"z": [np.nan, np.nan]}, {"ra": [1.0, 2.0]}, {"z": [1.0, 2.0], "z_warn": [1, 1]}])
def test_no_redshift_at_all_is_an_error(make, columns):
    with pytest.raises(TrainError, match=r"no object of the store has a redshift.*qso simulate"):
        labels.redshifts(make(**columns))


def test_quasars_or_not(make):
    store = make(**{"class": ["QSO", "STAR", "GALAXY", "", "AGN"]})
    assert known(labels.is_quasar(store)) == [1.0, 0.0, 0.0, None, None]
    with pytest.raises(TrainError, match="no classes"):
        labels.is_quasar(make(ra=[1.0]))


def test_troughs_of_whom_both_indices_agree(make):
    store = make(bi_civ=[900.0, 0.0, 0.0, np.nan], ai_civ=[1500.0, 0.0, 300.0, np.nan])
    assert known(labels.has_troughs(store)) == [1.0, 0.0, None, None]
    assert known(labels.has_troughs(make(bi_civ=[5.0, 0.0]))) == [1.0, 0.0]
    assert known(labels.has_troughs(make(ra=[1.0, 2.0]))) == [None, None]


CLASSES = ["QSO", "QSO", "QSO", "STAR", "STAR", "STAR", "STAR", "STAR", "GALAXY", ""]
SUBCLASSES = ["BROADLINE", "", "BAL", "A0", "sdF3", "WDhotter", "CV", "Carbon_lines", "STARFORMING", ""]
BI = [0.0, 700.0] + [np.nan] * 8
EXPECTED = ["QSO", "BAL", "BAL", "A", "F", "WD", None, "C", "GAL", None]


def test_kinds(make):
    store = make(**{"class": CLASSES, "subclass": SUBCLASSES, "bi_civ": BI})
    names = [labels.KINDS[number] if number >= 0 else None for number in labels.kinds(store)]
    assert names == EXPECTED


def test_kinds_among_fewer_classes(make):
    store = make(**{"class": CLASSES, "subclass": SUBCLASSES, "bi_civ": BI})
    few = ("GALAXY", "QSO", "M")
    assert labels.kinds(store, few).tolist() == [1, 1, 1, -1, -1, -1, -1, -1, 0, -1]


def test_true_kinds_where_labels_have_errors(make):
    store = make(**{"class": ["STAR", "STAR"], "subclass": ["B", "K"], "true_class": ["STAR", "STAR"],
                    "true_subclass": ["O", "K"]})
    number = labels.KINDS.index
    assert labels.kinds(store).tolist() == [number("B"), number("K")]
    assert labels.kinds(store, true=True).tolist() == [number("O"), number("K")]


def test_simulated_stars_are_called_by_their_letters(tmp_path):
    from qsocore.simulate.population import parse_mixture
    from qsocore.workflow.simulate import simulate

    words = [f"{kind}=1" for kind in ("QSO", "BAL", "O", "B", "A", "F", "G", "K", "M", "L", "WD", "C", "GALAXY")]
    store = simulate(tmp_path / "s.store", 512, 3, grid=WaveGrid("few", "log10", 3.56, 4.01, 64), workers=1,
                     mixture=parse_mixture(words))
    number = labels.kinds(store)
    counts = np.bincount(number[number >= 0], minlength=13)
    assert (counts > 15).all() and (number >= 0).all()
