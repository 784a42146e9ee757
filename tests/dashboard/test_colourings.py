"""Aggregates become levels: true places on a scale, nothing hidden, colours stable."""

import numpy as np
import pytest

from dashboard import palettes
from dashboard.colourings import COLOURINGS, EMPTY, LEVELS, UNKNOWN, Aggregate, Scale, to_levels
from dashboard.colourings.categorical import MAX_CLASSES, shades
from dashboard.derive import SLOT_NAMES
from dashboard.table import MISSING, OTHER


def aggregate(count, value=None):
    return Aggregate(np.array(count, np.uint32), None if value is None else np.array(value))


def test_there_are_the_three_colourings():
    assert COLOURINGS.names() == ["categorical", "continuous", "density"]
    assert {c.kind for c in COLOURINGS} == {"classes", "value", "count"}


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


@pytest.mark.parametrize("n_classes", [1, 3, 12, 60, MAX_CLASSES])
def test_the_prevailing_class_is_shown_brighter_where_there_is_more(n_classes):
    best = np.array([[0, n_classes - 1, n_classes // 2, 0]], np.uint8)
    levels = COLOURINGS.get("categorical").levels(Aggregate(np.array([[500, 1, 500, 0]], np.uint32), best),
                                                  Scale(0, 0, n_classes=n_classes))
    assert (levels[0, :3] // shades(n_classes)).tolist() == best[0, :3].tolist()
    assert levels[0, 3] == EMPTY and levels.max(where=levels != EMPTY, initial=0) < LEVELS
    assert n_classes > 100 or levels[0, 0] % shades(n_classes) > levels[0, 1] % shades(n_classes)


def test_a_scale_by_rank_gives_every_colour_to_equally_many():
    values = np.random.default_rng(0).lognormal(0, 2, 50_000).astype(np.float32)
    levels = to_levels(values, COLOURINGS.get("continuous").scale_of(values, "rank"))
    assert np.histogram(levels, bins=8, range=(0, LEVELS))[0] / values.size == pytest.approx(1 / 8, abs=0.02)


def test_a_logarithmic_scale_spans_what_is_positive_and_keeps_the_rest_at_its_end():
    values = np.append(np.logspace(-2, 2, 1001), [-5.0, 0.0]).astype(np.float32)
    scale = COLOURINGS.get("continuous").scale_of(values, "log")
    assert scale.log and scale.low == pytest.approx(0.011, rel=0.1) and scale.high == pytest.approx(91, rel=0.1)
    assert to_levels(values[-2:], scale).tolist() == [0, 0]
    assert COLOURINGS.get("continuous").scale_of(-np.ones(3, np.float32), "log").log
    assert not COLOURINGS.get("continuous").limited(scale, (-1.0, 1.0)).log


def test_the_scale_of_a_scatter_starts_at_none():
    scale = COLOURINGS.get("continuous").spread_of(Scale(2.0, 6.0))
    assert (scale.low, scale.high) == (0.0, 2.0)


def test_palettes_have_a_colour_for_every_level_and_none_for_nothing():
    names = tuple(f"class {k}" for k in range(MAX_CLASSES))
    few = names[:100]
    for theme in ("dark", "light"):
        for palette in (palettes.continuous("viridis", theme), palettes.continuous("cividis", theme, density=True),
                        palettes.categorical(names, theme), palettes.categorical(("QSO",), theme)):
            assert len(palette) == 256 and palette[EMPTY] == "#00000000"
        assert len(set(palettes.class_colours((*few, OTHER), theme))) == len(few) + 1
        assert len(set(palettes.class_colours(SLOT_NAMES, theme))) == 4
        assert palettes.class_colours((MISSING,), theme) == (palettes.continuous("viridis", theme)[UNKNOWN],)


def test_quasars_stars_and_galaxies_have_their_own_colours_in_every_store():
    first = palettes.class_colours(("QSO", "STAR", "GALAXY"), "dark")
    other = palettes.class_colours(("BAL", "GALAXY", "STAR", "CV", "QSO", MISSING), "dark")
    assert (other[4], other[2], other[1]) == first and len(set(other)) == 6
