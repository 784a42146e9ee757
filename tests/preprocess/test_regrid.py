"""A store's spectra on a model's grid, and the model's spectrum back on the store's."""

import numpy as np
import pytest

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.preprocess.regrid import Regridder

SOURCE = WaveGrid("source", "log10", 3.6, 4.0, 401)
COARSE = WaveGrid("coarse", "log10", 3.65, 3.95, 76)
REST = WaveGrid("rest", "log10", 3.3, 3.6, 76, "rest")


def line(wave, centre):
    return 1.0 + np.exp(-0.5 * ((wave - centre) / (0.03 * centre)) ** 2)


def test_to_a_coarser_grid_and_back():
    flux = np.stack([line(SOURCE.wave, 5000.0), 3 * line(SOURCE.wave, 7000.0)])
    ivar = np.full(flux.shape, 4.0)
    ivar[1, :200] = 0
    out, out_ivar = Regridder(SOURCE, COARSE)(flux, ivar, np.array([5, 9]))
    assert out.shape == out_ivar.shape == (2, 76)
    assert out[0] == pytest.approx(line(COARSE.wave, 5000.0), abs=0.05)
    assert out_ivar[0] == pytest.approx(16.0, rel=0.3)  # four pixels in one
    assert (out_ivar[1, COARSE.wave < 0.99 * SOURCE.wave[200]] == 0).all()
    back = Regridder(SOURCE, COARSE).back(out[0])
    inside = (SOURCE.wave >= COARSE.wave[0]) & (SOURCE.wave <= COARSE.wave[-1])
    assert np.isnan(back).tolist() == (~inside).tolist()
    assert back[inside] == pytest.approx(flux[0, inside], abs=0.05)


def test_to_the_rest_frame_each_row_by_its_redshift():
    z = np.array([0.5, 1.0, np.nan])
    flux = np.stack([line(SOURCE.wave, 2800.0 * (1 + value)) / (1 + value) for value in (0.5, 1.0, 1.0)])
    regridder = Regridder(SOURCE, REST, z)
    out, ivar = regridder(flux, np.ones(flux.shape), np.arange(3))
    for i in (0, 1):
        good = ivar[i] > 0
        assert good.sum() > 40
        assert out[i, good] == pytest.approx(line(REST.wave, 2800.0)[good], abs=0.05)
        back = regridder.back(out[i], i)
        there = np.isfinite(back) & np.isfinite(regridder.back(np.where(good, 1.0, np.nan), i))
        assert back[there] == pytest.approx(flux[i, there], abs=0.05)
    assert (ivar[2] == 0).all()
    assert "rest frame" in regridder.note


@pytest.mark.parametrize(("source", "target", "message"), [
    (REST, COARSE, "in the rest frame, the model"), (SOURCE, REST, "no redshifts are known"),
    (WaveGrid("blue", "linear", 1000.0, 2000.0, 50), COARSE, "covers 1000 to 2000")])
def test_what_cannot_be_brought_over_is_refused(source, target, message):
    with pytest.raises(ConfigError, match=message):
        Regridder(source, target)
