"""Photometry of tables and stores as fits read it."""

import numpy as np
import pandas as pd
import pytest

from qsocore.errors import ConfigError
from qsocore.sed.bandfluxes import BandFluxes, from_table
from qsocore.simulate.bands import BANDS


def table_of(tmp_path, columns):
    file = tmp_path / "table.csv"
    pd.DataFrame(columns).to_csv(file, index=False)
    return from_table(file)


def test_magnitudes_become_microjansky(tmp_path):
    fluxes = table_of(tmp_path, {"id": ["a", "b"], "mag_g": [23.9, 99.0], "magerr_g": [0.1, 99.0]})
    assert fluxes.bands == ("g",) and fluxes.object_ids == ("a", "b")
    assert fluxes.flux[0, 0] == pytest.approx(1.0) and fluxes.error[0, 0] == pytest.approx(0.1 * np.log(10) / 2.5)
    assert fluxes.n.tolist() == [1, 0] and not fluxes.seen[1, 0]  # a missing magnitude says nothing


def test_fluxes_that_are_in_another_unit_are_not_taken(tmp_path):
    fluxes = table_of(tmp_path, {"id": ["a"], "mag_g": [20.0], "magerr_g": [0.1], "flux_g": [5.0], "fluxerr_g": [1.0]})
    assert fluxes.flux[0, 0] == pytest.approx(10 ** (0.4 * 3.9))


def test_a_table_without_photometry_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no photometry"):
        table_of(tmp_path, {"id": ["a"], "x": [1.0]})


def test_the_published_table_has_its_limits(real):
    fluxes = from_table(real / "catalogues" / "glq_mpia" / "cut_crossmatched_objects.csv")
    assert fluxes.bands == BANDS and len(fluxes) == 7438 and (fluxes.n == 9).all()
    assert (~fluxes.seen).sum(axis=0).tolist() == [1886, 37, 0, 0, 0, 0, 0, 0, 0]
    assert (fluxes.flux[~fluxes.seen] == 0).all()
    np.testing.assert_allclose(fluxes.error[~fluxes.seen[:, 0], 0], fluxes.error[~fluxes.seen[:, 0], 0][0])


def test_a_floor_is_added_in_quadrature_and_errors_are_in_jansky():
    fluxes = BandFluxes(("a",), ("g", "r"), np.array([[3.0, np.nan]]), np.array([[0.4, 1.0]]), np.array([[True, False]]))
    assert fluxes.with_floor(0.1).error[0, 0] == pytest.approx(0.5)
    assert fluxes.log_errors[0] == pytest.approx(2 * np.log(0.4e-6))
    assert fluxes.take(0).object_ids == ("a",) and fluxes.take(np.array([False])).object_ids == ()


def test_arrays_of_other_shapes_are_refused():
    with pytest.raises(ConfigError, match="are not"):
        BandFluxes(("a",), ("g",), np.zeros((1, 2)), np.ones((1, 1)), np.ones((1, 1), bool))
