"""Wave grids: sampling, names, hashes."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.errors import ConfigError
from qsocore.grid import DEFAULT_GRID, GRIDS, WaveGrid, get_grid


@st.composite
def grids(draw):
    scale = draw(st.sampled_from(["log10", "linear"]))
    start = draw(st.floats(2.5, 4.0) if scale == "log10" else st.floats(500.0, 10_000.0))
    width = draw(st.floats(0.01, 1.0) if scale == "log10" else st.floats(10.0, 10_000.0))
    frame = draw(st.sampled_from(["observed", "rest"]))
    return WaveGrid("drawn", scale, start, start + width, draw(st.integers(2, 5000)), frame)


@given(grids())
def test_pixels_and_edges(grid):
    assert grid.wave.shape == (grid.n_pix,) and grid.edges.shape == (grid.n_pix + 1,)
    assert np.all(np.diff(grid.edges) > 0)
    assert np.all(grid.edges[:-1] < grid.wave) and np.all(grid.wave < grid.edges[1:])
    coordinate = np.log10(grid.wave) if grid.scale == "log10" else grid.wave
    np.testing.assert_allclose(np.diff(coordinate), grid.step, rtol=1e-6)


@given(grids())
def test_round_trip(grid):
    assert WaveGrid.from_dict(grid.to_dict()) == grid
    assert dataclasses.replace(grid, name="other").hash == grid.hash
    assert dataclasses.replace(grid, n_pix=grid.n_pix + 1).hash != grid.hash


def test_default_grid():
    assert (DEFAULT_GRID.start, DEFAULT_GRID.stop, DEFAULT_GRID.n_pix) == (3.5563, 4.0170, 2048)
    np.testing.assert_allclose(DEFAULT_GRID.wave[[0, -1]], [3599.97, 10399.2], atol=0.1)


def test_published_grids():
    qnet = GRIDS["qnet443"]
    np.testing.assert_allclose(np.diff(np.log10(qnet.wave)), 1e-3, rtol=1e-6)
    assert qnet.edges[0] == pytest.approx(3600) and qnet.edges[-1] < 10_000
    vae = GRIDS["vae1500"]
    np.testing.assert_allclose(vae.wave[[0, -1]], [3625, 9000])
    assert np.diff(np.log(vae.wave)).mean() * 299_792.458 == pytest.approx(182, abs=0.5)  # km/s a pixel
    assert GRIDS["desi7781"].step == pytest.approx(0.8)
    assert len({grid.hash for grid in GRIDS.values()}) == len(GRIDS)


def test_wave_is_read_only():
    with pytest.raises(ValueError, match="read-only"):
        DEFAULT_GRID.wave[0] = 1.0


def test_written_out():
    grid = get_grid("linear:4000:5000:11:rest")
    assert grid.frame == "rest" and grid.step == 100.0


@pytest.mark.parametrize("name", ["atlas2084", "log10:4:3:100", "log10:3:4", "linear:-5:10:4", "linear:1:2:x",
                                  "linear:1:2:3:moving"])
def test_refused(name):
    with pytest.raises(ConfigError):
        get_grid(name)


def test_a_tampered_hash_is_refused():
    values = DEFAULT_GRID.to_dict() | {"n_pix": 2047}
    with pytest.raises(ConfigError, match="hash"):
        WaveGrid.from_dict(values)
