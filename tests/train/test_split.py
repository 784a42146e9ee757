"""No sky object on two sides of a split, whatever the order and the company."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from qsocore.errors import ConfigError
from qsocore.train.split import LINK_ARCSEC, object_keys, split_by_object

ARCSEC = 1 / 3600


def sky(n, seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))


def ids(n, name="a"):
    return np.array([f"s:r:{name}{i}" for i in range(n)], object)


def sides(split, n):
    side = np.full(n, "", object)
    for name in ("train", "valid", "test"):
        side[getattr(split, name)] = name
    return side


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), epochs=st.integers(2, 4), offset=st.floats(0, 1.4), dec=st.floats(-90, 90))
def test_epochs_of_one_object_are_on_one_side(seed, epochs, offset, dec):
    ra0, dec0 = sky(40, seed)
    dec0[0] = dec  # the poles too
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, (epochs, 40))
    dec_all = np.clip(dec0 + offset / 2 * ARCSEC * np.sin(angle), -90, 90)
    ra_all = ra0 + offset / 2 * ARCSEC * np.cos(angle) / np.maximum(np.cos(np.radians(dec_all)), 1e-9)
    order = rng.permutation(epochs * 40)
    split = split_by_object(ids(epochs * 40), ra_all.ravel()[order], dec_all.ravel()[order], 0.3, 0.3)
    side = sides(split, epochs * 40)[np.argsort(order)].reshape(epochs, 40)
    assert (side == side[0]).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60))
def test_order_and_company_do_not_matter(seed, n):
    ra, dec = sky(n, seed)
    keys = object_keys(ids(n), ra, dec)
    order = np.random.default_rng(seed).permutation(n)
    assert (object_keys(ids(n)[order], ra[order], dec[order]) == keys[order]).all()
    assert (object_keys(ids(n)[: n // 2], ra[: n // 2], dec[: n // 2]) == keys[: n // 2]).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), valid=st.floats(0, 0.5), test=st.floats(0, 0.4), salt=st.integers(-5, 5))
def test_every_row_is_on_exactly_one_side(seed, valid, test, salt):
    assume(valid + test < 1)
    split = split_by_object(ids(50), *sky(50, seed), valid, test, salt)
    assert sorted(np.concatenate([split.train, split.valid, split.test])) == list(range(50))


def test_a_chain_of_epochs_is_one_object():
    steps = np.arange(6) * 1.2 * ARCSEC  # 6 arcsec from end to end, 1.2 from one to the next
    assert len(set(object_keys(ids(6), np.full(6, 10.0), steps))) == 1
    apart = np.arange(6) * (LINK_ARCSEC + 0.1) * ARCSEC
    side = sides(split_by_object(ids(6), np.full(6, 10.0), 5 + apart * 100), 6)
    assert (side != "").all()
    assert len(set(object_keys(ids(6), np.full(6, 10.0), 5 + apart * 100))) == 6


def test_without_a_position_the_id_decides():
    nowhere = np.full(4, np.nan)
    keys = object_keys(["s:r:1", "s:r:2", "s:r:1", "s:r:3"], nowhere, nowhere)
    assert keys[0] == keys[2]
    assert len(set(keys)) == 3
    mixed = object_keys(["s:r:1", "s:r:2"], [10.0, np.nan], [5.0, np.nan])
    assert mixed[1] == keys[1]
    assert mixed[0] != keys[0]


def test_fractions_and_seed():
    n = 20_000
    split = split_by_object(ids(n), *sky(n, 0), 0.1, 0.2)
    assert abs(len(split.valid) / n - 0.1) < 0.01
    assert abs(len(split.test) / n - 0.2) < 0.01
    again, other = split_by_object(ids(n), *sky(n, 0), 0.1, 0.2), split_by_object(ids(n), *sky(n, 0), 0.1, 0.2, seed=1)
    assert (again.test == split.test).all()
    assert len(np.intersect1d(other.test, split.test)) < 0.3 * len(split.test)


def test_known_keys_stay():
    # A split that changes with the version of the code would leak a store's old test set into new trainings.
    assert object_keys(["s:r:1"], [np.nan], [np.nan])[0] == 16382780902728566881
    assert object_keys(["s:r:1"], [150.0], [2.0])[0] == 1184186161496120096


def test_nothing_left_to_train_on_is_refused():
    with pytest.raises(ConfigError, match="nothing to train on"):
        split_by_object(ids(3), *sky(3, 0), 0.6, 0.4)
