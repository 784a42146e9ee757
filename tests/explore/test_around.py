"""The island around examples."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.errors import ConfigError
from qsocore.explore.around import island_around


def blobs(seed=1):
    """A mainland of 2,000, an islet of 30 far off, and one lonely object."""
    rng = np.random.default_rng(seed)
    mainland, islet = rng.normal(0, 1, (2000, 2)), rng.normal((9, 0), 0.05, (30, 2))
    return np.concatenate([mainland, islet, [[0, 9]]]).astype(np.float32), np.arange(2000, 2030)


def test_an_islet_is_found_from_a_third_of_it():
    places, islet = blobs()
    found = island_around(places, islet[::3])
    assert set(found.rows) <= set(islet) and len(found.rows) >= 24
    assert found.held >= 8


def test_examples_that_lie_elsewhere_do_not_drag_it_along():
    places, islet = blobs()
    strayed = np.append(islet[:8], [5, 2030])
    found = island_around(places, strayed, share=0.8)
    assert set(found.rows) <= set(islet) and found.held == 8


def test_all_examples_wanted_join_the_mainland_or_are_refused():
    places, islet = blobs()
    with pytest.raises(ConfigError, match="several"):
        island_around(places, np.append(islet[:8], 5), share=1.0)


@given(st.integers(0, 10_000), st.floats(0.3, 1.0))
@settings(max_examples=25, deadline=None)
def test_the_outline_holds_its_members_and_the_linking_length_is_the_least(seed, share):
    rng = np.random.default_rng(seed)
    places = rng.normal(0, 1, (300, 2))
    examples = rng.choice(300, 12, replace=False)
    found = island_around(places, examples, share)
    inside = shapely.contains_xy(shapely.Polygon(found.outline), *places.T)
    assert inside[found.rows].all()
    assert found.held == np.isin(examples, found.rows).sum() >= share * 12
    others = np.setdiff1d(np.arange(300), found.rows)
    gap = np.linalg.norm(places[others][:, None] - places[found.rows][None], axis=2)
    assert not gap.size or gap.min() > found.linking_length


@pytest.mark.parametrize(("examples", "share", "said"), [([], 0.8, "0 of the examples"), ([2000], 0.8, "1 of the examples"),
                                                         ([2000, 2001], 0.0, "share"), ([2000, 2001], 1.5, "share")])
def test_bad_input_is_refused(examples, share, said):
    with pytest.raises(ConfigError, match=said):
        island_around(blobs()[0], np.array(examples, int), share)


def test_objects_without_a_place_belong_nowhere():
    places, islet = blobs()
    places[islet[:3]] = np.nan
    found = island_around(places, islet)
    assert not np.isin(islet[:3], found.rows).any()
