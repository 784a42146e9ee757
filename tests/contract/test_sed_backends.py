"""What every back end of SED fits promises."""

import numpy as np
import pytest

from qsocore.sed.backends import BACKENDS
from qsocore.sed.backends.base import Settings
from qsocore.sed.bandfluxes import BandFluxes
from qsocore.sed.columns import COLUMNS, SHORT, to_arrow
from qsocore.sed.fit import KINDS
from qsocore.sed.grids import star_grid
from qsocore.simulate.bands import BANDS

DATA = {"lephare": "lephare_data"}
"""Fixtures of the data that codes bring along, by name."""


@pytest.fixture(scope="module", params=BACKENDS.names())
def name(request):
    return request.param


@pytest.fixture(scope="module")
def backend(name):
    return BACKENDS.get(name)


def test_it_says_what_it_is(backend):
    assert backend.title and backend.citation and set(backend.kinds) <= set(KINDS) and backend.kinds


def test_it_gives_the_columns_of_the_kinds_that_it_knows(name, backend, request):
    data = request.getfixturevalue(DATA[name]) if name in DATA else None
    settings = Settings(kinds=tuple(backend.kinds), data=data)
    missing = backend.missing(settings)
    if missing:
        pytest.skip(missing)
    light = 50.0 * star_grid(BANDS).flux[[20, 40]].astype(float)
    error = np.full(light.shape, 0.5)
    found = backend.fit(BandFluxes(("a", "b"), BANDS, light, error, np.ones(light.shape, bool)), settings)
    known = [column.name for column in COLUMNS]
    assert set(found) <= set(known) and {"n_bands", "sed_kind"} <= set(found)
    for kind in backend.kinds:
        chi2, bic, k = (np.asarray(found[f"{word}_{SHORT[kind]}"], float) for word in ("chi2", "bic", "k"))
        log_errors = 9 * 2 * np.log(0.5e-6)
        np.testing.assert_allclose(bic, k * np.log(9) + chi2 + log_errors)
    table = to_arrow(found)
    assert table.num_rows == 2 and [column for column in known if column in found] == table.column_names
    assert all(field.metadata[b"description"] for field in table.schema)
