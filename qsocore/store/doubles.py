"""Find text that comes more than once among many millions of rows, in eight bytes a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse
_INVERSE = pow(_BASE, -1, 2**64)


def came_before(pieces: Callable[[], Iterable[pa.Array]]) -> NDArray[np.bool_]:
    """Which rows hold a text that an earlier row holds.

    Parameters
    ----------
    pieces : callable
        Gives the column, piece by piece; it is asked once, and again when there is something to look at.
    """
    hashes = np.concatenate([np.empty(0, np.uint64), *map(hash_text, pieces())])
    inorder = np.sort(hashes)
    shared = np.unique(inorder[1:][inorder[1:] == inorder[:-1]])
    out = np.zeros(hashes.size, bool)
    if shared.size:  # texts of one hash are compared
        rows = np.flatnonzero(np.isin(hashes, shared))
        seen: set[str | None] = set()
        for row, text in zip(rows, texts_at(pieces(), rows), strict=True):
            out[row] = text in seen
            seen.add(text)
    return out


def texts_at(pieces: Iterable[pa.Array], rows: NDArray[np.int64]) -> Iterator[str | None]:
    """The texts of some rows (rising) of a column that comes in pieces."""
    start = 0
    for piece in pieces:
        inside = rows[slice(*np.searchsorted(rows, (start, start + len(piece))))] - start
        yield from piece.take(pa.array(inside)).to_pylist()
        start += len(piece)


def same_texts(one: Iterable[pa.Array], other: Iterable[pa.Array]) -> bool:
    """Whether two columns that come in pieces, cut anyhow, hold the same texts in the same order."""
    pieces, rest = iter(other), pa.array([], pa.string())
    for piece in one:
        while len(piece):
            if not len(rest):
                rest = next(pieces, None)
                if rest is None:
                    return False
                continue
            n = min(len(piece), len(rest))
            if not piece.slice(0, n).equals(rest.slice(0, n)):
                return False
            piece, rest = piece.slice(n), rest.slice(n)
    return not len(rest) and not any(map(len, pieces))


def hash_text(texts: pa.Array) -> NDArray[np.uint64]:
    """A hash of each text (n,): the sum of its bytes times powers of a large odd number, modulo 2^64, by prefix sums."""
    texts = texts.cast(pa.string())
    _, offsets, content = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    if not len(texts) or content is None:
        return np.zeros(len(texts), np.uint64)
    first, last = int(ends[0]), int(ends[-1])
    powers, undo = _powers(last - first)
    letters = np.frombuffer(content, np.uint8)[first:last] + np.uint64(1)  # so that no letter counts nothing
    letters *= powers[: letters.size]
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(letters)])
    starts = ends[:-1] - first
    return (sums[ends[1:] - first] - sums[starts]) * undo[starts]


def _powers(n: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Powers 0 to at least n of the base and of its inverse."""
    return _powers_to(max(n, 1).bit_length())


@lru_cache(maxsize=1)
def _powers_to(bits: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    factors = np.array([[_BASE], [_INVERSE]], np.uint64).repeat(2**bits, axis=1)
    factors[:, 0] = 1
    return tuple(np.cumprod(factors, axis=1))
