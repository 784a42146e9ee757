"""Batches: every spectrum once an epoch, in an order that follows from seed and epoch, from memory or from the store."""

import numpy as np
import pytest
import torch

from qsocore.preprocess.normalise import Normalisation
from qsocore.preprocess.prepare import Prepared, read_ahead
from qsocore.train.data import Batches


@pytest.fixture
def prepared(make_store):
    store = make_store(n=230)
    return Prepared(store, store.grid, Normalisation())


def feed(prepared, streamed, seed=0):
    memory_gb = 64 * 64 * 8 / 1e9 if streamed else 1.0  # 64 spectra, so that windows are of 32
    return Batches(prepared, np.arange(5, 230), 16, seed, memory_gb)


@pytest.mark.parametrize("streamed", [False, True])
def test_an_epoch_has_every_row_once_with_its_own_spectrum(prepared, streamed):
    batches = feed(prepared, streamed)
    assert batches.in_memory is not streamed
    seen = list(batches.epoch(0))
    assert len(seen) == len(batches) == 15
    rows = np.concatenate([rows for rows, _, _ in seen])
    assert sorted(rows) == list(range(5, 230))
    assert (np.diff(rows) != 1).mean() > 0.8
    block = prepared.read(rows)
    assert np.array_equal(torch.cat([x for _, x, _ in seen]).numpy(), block.x)
    assert np.array_equal(torch.cat([w for _, _, w in seen]).numpy(), block.w)


@pytest.mark.parametrize("streamed", [False, True])
def test_an_epoch_can_be_taken_up_in_its_middle(prepared, streamed):
    whole = list(feed(prepared, streamed).epoch(3))
    for start in (0, 1, 2, 7, 14, 15):
        rest = list(feed(prepared, streamed).epoch(3, start))
        assert [list(rows) for rows, _, _ in rest] == [list(rows) for rows, _, _ in whole[start:]]
        assert all(torch.equal(a[1], b[1]) for a, b in zip(rest, whole[start:], strict=True))


def test_order_follows_from_seed_and_epoch(prepared):
    def first(seed, epoch):
        return list(next(feed(prepared, False, seed).epoch(epoch))[0])

    assert first(0, 1) == first(0, 1)
    assert first(0, 1) != first(0, 2)
    assert first(0, 1) != first(1, 1)


def test_sample_is_of_the_rows(prepared):
    x, w = feed(prepared, True).sample(50)
    assert x.shape == w.shape == (50, 64)
    assert len(feed(prepared, True).sample(1000)[0]) == 225


def test_read_ahead_keeps_the_order_and_hands_on_errors():
    assert list(read_ahead(lambda n: n * n, range(5))) == [0, 1, 4, 9, 16]
    assert list(read_ahead(abs, [])) == []
    with pytest.raises(ZeroDivisionError):
        list(read_ahead(lambda n: 1 / n, [1, 0, 2]))
