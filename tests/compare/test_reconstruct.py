"""Composites of reconstructions are made of what the dashboard shows of each object."""

import numpy as np
import pytest

from qsocore.compare import composite, scaling, stack
from qsocore.embed.decoder import Decoder
from tests.dashboard.survey import make_run, make_store


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    path = tmp_path_factory.mktemp("compare") / "small.store"
    store = make_store(path)
    make_run(path)
    return store, Decoder(store.run("small"), source=store.grid)


def test_reconstructions_are_those_of_each_object(survey):
    store, decoder = survey
    rows = np.array([0, 3, 10, 250])
    found = stack.reconstruct(store, decoder, rows, frame="observed")
    for k, row in enumerate(rows):
        spectra = store.spectra([row])
        good = spectra.mask[0] == 0
        model, _ = decoder.reconstruct(spectra.flux[0], spectra.ivar[0], spectra.mask[0])
        np.testing.assert_allclose(found.flux[k][good], model[good], rtol=1e-4)
        assert np.isnan(found.flux[k][~good]).all(), "where nothing was measured nothing is compared"


def test_the_composite_of_reconstructions_follows_that_of_the_data(survey):
    store, decoder = survey
    rows = np.flatnonzero(store.column("class") == "QSO")
    data = stack.read(store, rows)
    model = stack.reconstruct(store, decoder, rows, target=data.target)
    assert (model.rows == data.rows).all()
    scale = scaling.by_overlap(data)
    one, other = composite.combine(data, scale), composite.combine(model, scale)
    assert (one.number == other.number).all()
    well = one.number > 50
    assert np.median(np.abs(other.flux[well] / one.flux[well] - 1)) < 0.1
