"""Two sets on one grid: the same scale, the same pixels, and their difference."""

import numpy as np
import pytest

from qsocore.compare import composite, stack
from qsocore.compare.side_by_side import side_by_side
from qsocore.embed.decoder import Decoder
from qsocore.errors import AtlasError
from tests.dashboard.survey import make_run, make_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("sides") / "small.store"
    store = make_store(path)
    make_run(path)
    return store


def test_halves_of_one_kind_hardly_differ(store):
    quasars = np.flatnonzero(store.column("class") == "QSO")
    members, found = side_by_side(store, {"A": quasars[::2], "B": quasars[1::2]},
                                  decoder=Decoder(store.run("small"), source=store.grid))
    one, other = members["A"], members["B"]
    assert (one.data.wave == other.data.wave).all() and (one.model.wave == found.wave).all()
    assert one.n_asked == one.n_read == one.data.n_spectra == len(quasars[::2])
    well = np.isfinite(found.low) & (np.minimum(one.data.number, other.data.number) > 25)
    assert well.sum() > 200
    assert np.median(one.data.flux[well] / other.data.flux[well]) == pytest.approx(1, abs=0.02)
    zero = ((found.low <= 0) & (found.high >= 0))[well].mean()
    assert 0.45 < zero < 0.9, "about two thirds of the band's pixels hold nothing"
    np.testing.assert_allclose(found.flux[well], (one.data.flux - other.data.flux)[well], atol=1e-5)


def test_one_set_has_no_difference_and_many_are_drawn_at_random(store):
    members, found = side_by_side(store, {"selected": np.arange(300)}, frame="observed", kind="geometric", most=50)
    assert found is None and members["selected"].n_asked == 300 and members["selected"].n_read == 50
    assert members["selected"].data.number.max() <= 50 and members["selected"].model is None


def test_an_empty_set_says_so(store):
    with pytest.raises(AtlasError, match="no object is B"):
        side_by_side(store, {"A": np.arange(5), "B": np.arange(0)})


def test_spectra_without_signal_make_no_composite_and_no_fault(store):
    read = stack.read(store, np.arange(20), frame="observed")
    found = composite.combine(read, np.full(20, np.nan))
    assert found.n_spectra == 0 and np.isnan(found.flux).all() and np.isnan(found.low).all() and (found.number == 0).all()
