"""Aggregates become levels: true places on a scale, nothing hidden, colours stable."""

import numpy as np
import pytest

from dashboard import palettes
from dashboard.colourings import COLOURINGS, EMPTY, LEVELS, UNKNOWN, Aggregate, Scale, to_levels
from dashboard.colourings.categorical import MAX_CLASSES, SHADES
from dashboard.table import MISSING, OTHER


def aggregate(count, value=None):
    return Aggregate(np.array(count, np.uint32), None if value is None else np.array(value))


def test_there_are_the_three_colourings():
    assert COLOURINGS.names() == ["categorical", "continuous", "density"]
    assert {c.kind for c in COLOURINGS} == {"classes", "mean", "count"}


@pytest.mark.parametrize("scale", [Scale(2.0, 6.0), Scale(1.0, 1000.0, log=True)])
def test_levels_are_true_on_the_scale(scale):
    place = np.linspace(0, 1, 50, endpoint=False)
    values = scale.low * (scale.high / scale.low) ** place if scale.log else scale.low + (scale.high - scale.low) * place
    assert np.abs(to_levels(values, scale).astype(int) - place * LEVELS).max() <= 1
    outside = to_levels(np.array([scale.low / 2, scale.high * 2, np.nan]), scale)
    assert outside.tolist() == [0, LEVELS - 1, UNKNOWN]


def test_density_shows_one_object_and_leaves_the_empty_empty():
    levels = COLOURINGS.get("density").levels(aggregate([[0, 1, 10, 1000]]))
    assert levels[0, 0] == EMPTY and levels[0, 1] == 0 and levels[0, 3] == LEVELS - 1
    assert 0 < levels[0, 2] < LEVELS - 1


def test_an_object_without_a_value_is_grey_not_gone():
    levels = COLOURINGS.get("continuous").levels(aggregate([[1, 1, 0]], [[np.nan, 3.0, np.nan]]), Scale(0, 4))
    assert levels.tolist() == [[UNKNOWN, int(0.75 * LEVELS), EMPTY]]


def test_limits_are_robust_and_ignore_missing_values():
    values = np.concatenate([np.linspace(0, 100, 10_001), [1e9, np.nan, -1e9]]).astype(np.float32)
    scale = COLOURINGS.get("continuous").scale_of(values)
    assert (scale.low, scale.high) == pytest.approx((1, 99), abs=0.1)
    flat = COLOURINGS.get("continuous").scale_of(np.full(5, 3.0, np.float32))
    assert flat.low < 3 < flat.high
    assert COLOURINGS.get("continuous").scale_of(np.full(5, np.nan, np.float32)) == Scale(0.0, 1.0)


def test_the_prevailing_class_is_shown_and_a_tie_goes_to_the_rarer():
    value = np.array([[[5, 1, 0], [2, 2, 0], [0, 0, 1], [0, 0, 0]]])
    levels = COLOURINGS.get("categorical").levels(aggregate(value.sum(-1), value))
    assert (levels[0, :3] // SHADES).tolist() == [0, 1, 2]
    assert levels[0, 3] == EMPTY


def test_palettes_have_a_colour_for_every_level_and_none_for_nothing():
    names = tuple(f"class {k}" for k in range(MAX_CLASSES))
    for theme in ("dark", "light"):
        for palette in (palettes.continuous("viridis", theme), palettes.continuous("cividis", theme, density=True),
                        palettes.categorical(names, theme), palettes.categorical(("QSO",), theme)):
            assert len(palette) == 256 and palette[EMPTY] == "#00000000"
        assert len(set(palettes.class_colours((*names[:-1], OTHER), theme))) == MAX_CLASSES
        assert palettes.class_colours((MISSING,), theme) == (palettes.continuous("viridis", theme)[UNKNOWN],)


def test_quasars_stars_and_galaxies_have_their_own_colours_in_every_store():
    first = palettes.class_colours(("QSO", "STAR", "GALAXY"), "dark")
    other = palettes.class_colours(("BAL", "GALAXY", "STAR", "CV", "QSO", MISSING), "dark")
    assert (other[4], other[2], other[1]) == first and len(set(other)) == 6
