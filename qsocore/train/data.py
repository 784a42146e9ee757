"""Batches of prepared objects, from memory where they fit and else streamed by shuffled blocks of the store.

The order of an epoch follows from the seed and the epoch's number alone, so that a resumed training goes on in its middle.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qsocore.preprocess.prepare import Block, Source, read_ahead

_BLOCK = 1024  # consecutive rows read together when streaming: long enough for the disk, short enough to mix


class Batches:
    """Batches (rows, x, w) of some rows of a store.

    Parameters
    ----------
    prepared : Source
        Where they come from.
    rows : ndarray of int64, shape (n,)
        Which, rising.
    size : int
        Objects per batch; the last of an epoch may be shorter.
    seed : int
        Of the order.
    memory_gb : float
        All of them are held in memory (x and w as float32) when that takes no more than this; else windows of half of it.
    labels : dict of ndarray, (n_rows of the store,) each, optional
        What is known of the objects.
    """

    def __init__(self, prepared: Source, rows: NDArray[np.int64], size: int, seed: int = 0, memory_gb: float = 4.0,
                 labels: dict[str, NDArray] | None = None):
        self.prepared, self.rows, self.size, self.seed = prepared, np.asarray(rows), size, seed
        self.labels = {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in (labels or {}).items()}
        budget = int(memory_gb * 1e9 / (8 * prepared.grid.n_pix))  # objects
        self.in_memory = len(self.rows) <= budget
        self.window = len(self.rows) if self.in_memory else max(budget // 2 // size, 1) * size
        self._held: tuple[Tensor, Tensor] | None = None

    def __len__(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.rows) // self.size)

    def labels_of(self, rows: NDArray[np.int64], device: torch.device | str = "cpu") -> dict[str, Tensor] | None:
        """Labels of some rows of the store, in their order; None when there are none."""
        index = torch.from_numpy(np.asarray(rows))
        return {name: values[index].to(device) for name, values in self.labels.items()} or None

    def sample(self, n: int, with_rows: bool = False) -> tuple:
        """X and w of at most n of the rows, drawn with the seed, (n, *shape) each; their rows of the store third if wanted."""
        chosen = np.random.default_rng(self.seed).permutation(len(self.rows))[:n]
        block = self.prepared.read(self.rows[np.sort(chosen)])
        drawn = torch.from_numpy(block.x), torch.from_numpy(block.w)
        return (*drawn, block.rows) if with_rows else drawn

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[NDArray[np.int64], Tensor, Tensor]]:
        """Batches of one epoch from batch `start` on: rows (B,), x and w (B, *shape)."""
        order = self._order(epoch)
        if self.in_memory:
            x, w = self._hold()
            for begin in range(start * self.size, len(order), self.size):
                chosen = order[begin : begin + self.size]
                index = torch.from_numpy(chosen)
                yield self.rows[chosen], x[index], w[index]
            return
        skip = start * self.size % self.window
        for block, places in self._windows(order[start * self.size - skip :]):
            for begin in range(skip, len(places), self.size):
                chosen = places[begin : begin + self.size]
                yield block.rows[chosen], torch.from_numpy(block.x[chosen]), torch.from_numpy(block.w[chosen])
            skip = 0

    def _order(self, epoch: int) -> NDArray[np.int64]:
        """Positions in `rows`: blocks shuffled, then everything inside a window shuffled."""
        rng = np.random.default_rng([self.seed, epoch])
        blocks = np.array_split(np.arange(len(self.rows)), max(len(self.rows) // _BLOCK, 1))
        order = np.concatenate([blocks[k] for k in rng.permutation(len(blocks))])
        for begin in range(0, len(order), self.window):
            rng.shuffle(order[begin : begin + self.window])
        return order

    def _hold(self) -> tuple[Tensor, Tensor]:
        if self._held is None:
            shape = len(self.rows), *self.prepared.grid.shape
            x, w = torch.empty(shape), torch.empty(shape)
            for begin in range(0, len(self.rows), _BLOCK):
                block = self.prepared.read(self.rows[begin : begin + _BLOCK])
                x[begin : begin + _BLOCK], w[begin : begin + _BLOCK] = torch.from_numpy(block.x), torch.from_numpy(block.w)
            self._held = x, w
        return self._held

    def _windows(self, order: NDArray[np.int64]) -> Iterator[tuple[Block, NDArray[np.int64]]]:
        """Windows of the order, one read ahead: objects as they lie in the store, and where in them each of the order is."""

        def read(window: NDArray[np.int64]) -> tuple[Block, NDArray[np.int64]]:
            positions, places = np.unique(window, return_inverse=True)
            return self.prepared.read(self.rows[positions]), places

        return read_ahead(read, [order[begin : begin + self.window] for begin in range(0, len(order), self.window)])
