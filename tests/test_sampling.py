"""Samplings: their shapes, their hashes, and their way through JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.errors import ConfigError
from qsocore.grid import GRIDS
from qsocore.sampling import Bands, ImageGrid, read_grid

NAMES = st.lists(st.text("grizYJHKW12", min_size=1, max_size=3), min_size=1, max_size=9, unique=True).map(tuple)


@given(bands=NAMES, side=st.integers(2, 200), scale=st.floats(0.01, 5) | st.just(float("nan")))
def test_an_image_grid_comes_back_from_json_as_it_was(bands, side, scale):
    grid = ImageGrid(bands, side, scale, psf_fwhm=(0.9,) * len(bands))
    again = read_grid(json.loads(json.dumps(grid.to_dict(), allow_nan=False)))
    assert again.to_dict() == grid.to_dict() and again.hash == grid.hash
    assert again.shape == (len(bands), side, side) and again.n_pix == len(bands) * side**2


@given(bands=NAMES)
def test_bands_come_back_from_json_as_they_were(bands):
    assert read_grid(json.loads(json.dumps(Bands(bands).to_dict()))) == Bands(bands)


def test_spectral_grids_are_read_as_ever():
    for grid in GRIDS.values():
        assert read_grid(json.loads(json.dumps(grid.to_dict()))) == grid
        assert grid.shape == (grid.n_pix,)


def test_order_of_bands_size_and_scale_make_another_hash_and_the_name_does_not():
    grid = ImageGrid(("g", "r"), 28, 0.263)
    others = [ImageGrid(("r", "g"), 28, 0.263), ImageGrid(("g", "r"), 27, 0.263), ImageGrid(("g", "r"), 28, 0.4)]
    assert len({grid.hash, *(other.hash for other in others)}) == 4
    assert ImageGrid(("g", "r"), 28, 0.263, name="des").hash == grid.hash


@pytest.mark.parametrize("make", [lambda: ImageGrid((), 28), lambda: ImageGrid(("g", "g"), 28),
                                  lambda: ImageGrid(("g", ""), 28), lambda: ImageGrid(("g",), 1),
                                  lambda: ImageGrid(("g", "r"), 28, psf_fwhm=(1.0,)),
                                  lambda: Bands(())])
def test_what_makes_no_sampling_is_refused(make):
    with pytest.raises(ConfigError):
        make()


def test_a_changed_number_or_an_unknown_kind_is_refused():
    with pytest.raises(ConfigError, match="hash"):
        read_grid(ImageGrid(("g",), 28).to_dict() | {"side": 29})
    with pytest.raises(ConfigError, match="kind"):
        read_grid({"kind": "cubes", "name": "x"})
