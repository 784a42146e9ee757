"""What sets two sets of objects apart: every column held against every other by one effect size, with honest p-values.

Numbers: Cliff's delta (1993, Psychol. Bull. 114, 494), the chance that one of A is larger than one of B minus the chance
that it is smaller, = 2 AUC - 1, from -1 to 1; its p-value is that of Mann & Whitney's U by the normal approximation with
ties and continuity. Classes: Cramer's V (1946), from 0 to 1, with the p-value of chi-squared; classes of which fewer than
five are expected on a side are joined. Both are small where nothing is told apart and 1 where everything is.

The p-values of all columns are corrected together by Benjamini & Hochberg (1995, J. R. Stat. Soc. B 57, 289): of the columns
called different at 0.01, one in a hundred is expected not to be. Objects in both sets tell nothing apart and are left out;
of more than `MOST` on a side so many are drawn at random, which leaves delta uncertain by at most 0.003.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, erfc

from qsocore.compare.stack import draw

MOST = 100_000
"""Objects of each side that are compared at most."""

LEVEL = 0.01
"""Expected share of false ones among the columns that are called different."""

_FEWEST = 8  # values on a side; under it the normal approximation is none
_EXPECTED = 5


@dataclass(frozen=True)
class Sides:
    """Two sets of objects without common ones.

    Parameters
    ----------
    a, b : ndarray of int64
        Rows that are compared, rising.
    n_a, n_b : int
        Rows there are of each, without those in both.
    n_both : int
        Objects in both sets, left out.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    n_a: int
    n_b: int
    n_both: int = 0


@dataclass(frozen=True)
class Separation:
    """How far one column sets A apart from B.

    Parameters
    ----------
    name : str
        The column.
    kind : {"number", "class"}
        Whether `effect` is Cliff's delta (positive: larger in A) or Cramer's V.
    effect, p, corrected : float
        Effect size, its p-value, and that corrected for all columns; NaN with fewer than eight values on a side.
    n_a, n_b : int
        Objects compared that have a value.
    middle_a, middle_b : float
        Medians; for classes the shares of the class that differs most.
    mode : str
        That class; "" for numbers.
    """

    name: str
    kind: Literal["number", "class"]
    effect: float
    p: float
    n_a: int
    n_b: int
    middle_a: float
    middle_b: float
    mode: str = ""
    corrected: float = float("nan")

    @property
    def differs(self) -> bool:
        """Whether A and B differ in it at `LEVEL`."""
        return self.corrected < LEVEL


def sides(a: ArrayLike, b: ArrayLike, most: int = MOST, seed: int = 0) -> Sides:
    """A against B, rows rising; what is in both is left out."""
    a, b = np.asarray(a, np.int64), np.asarray(b, np.int64)
    only_a, only_b = without(a, b), without(b, a)
    return Sides(draw(only_a, most, seed), draw(only_b, most, seed + 1), len(only_a), len(only_b), len(a) - len(only_a))


def without(rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those of some rows that are not among others; through a table of bytes, which for millions is faster than sorting."""
    if not (len(rows) and len(others)):
        return rows
    return rows[~np.isin(rows, others, assume_unique=True, kind="table")]


def against_rest(rows: ArrayLike, n_rows: int, among: NDArray[np.int64] | None = None, most: int = MOST,
                 seed: int = 0) -> Sides:
    """A selection against all others of n_rows, or of the rows `among`; all rows rise.

    The others are drawn without being listed: the k-th row that is not selected is k + the number of selected rows before it.
    """
    rows = np.asarray(rows, np.int64)
    if among is not None:
        return sides(rows, without(among, rows), most, seed)
    n_rest = n_rows - len(rows)
    count = min(most, n_rest)
    k = np.sort(np.random.default_rng(seed + 1).choice(n_rest, count, replace=False)) if n_rest else np.zeros(0, np.int64)
    rest = k + np.searchsorted(rows - np.arange(len(rows)), k, side="right")
    return Sides(draw(rows, most, seed), rest, len(rows), n_rest)


def numbers(name: str, a: NDArray, b: NDArray) -> Separation:
    """Cliff's delta and Mann & Whitney's p of two samples (n,), (m,); NaN is missing."""
    a, b = np.sort(a[np.isfinite(a)]), np.sort(b[np.isfinite(b)])
    n, m = len(a), len(b)
    if min(n, m) < _FEWEST:
        return Separation(name, "number", np.nan, np.nan, n, m, _median(a), _median(b))
    u = 0.5 * (np.searchsorted(b, a, "left").sum(dtype=float) + np.searchsorted(b, a, "right").sum(dtype=float))
    both, total = np.sort(np.concatenate([a, b])), n + m
    ties = np.diff(np.flatnonzero(np.concatenate([[True], both[1:] != both[:-1], [True]]))).astype(float)
    variance = n * m / 12 * (total + 1 - (ties**3 - ties).sum() / (total * (total - 1)))
    apart = max(abs(u - n * m / 2) - 0.5, 0)
    p = float(erfc(apart / np.sqrt(2 * variance))) if variance > 0 else 1.0
    return Separation(name, "number", 2 * u / (n * m) - 1, p, n, m, _median(a), _median(b))


def _median(ordered: NDArray) -> float:
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2) if len(ordered) else np.nan


def classes(name: str, a: NDArray, b: NDArray, names: Sequence[str], missing: str = "missing") -> Separation:
    """Cramer's V and the p of chi-squared of class codes (n,), (m,) into `names`; the class called `missing` is left out."""
    table = np.stack([np.bincount(codes, minlength=len(names))[: len(names)] for codes in (a, b)]).astype(float)
    kept = [k for k, text in enumerate(names) if text != missing]
    table, names = table[:, kept], [names[k] for k in kept]
    n, m = (int(count) for count in table.sum(axis=1))
    if min(n, m) < _FEWEST:
        return Separation(name, "class", np.nan, np.nan, n, m, np.nan, np.nan)
    share = table / table.sum(axis=1, keepdims=True)
    most = int(np.argmax(np.abs(share[0] - share[1])))
    rare = np.outer([n, m], table.sum(axis=0) / (n + m)).min(axis=0) < _EXPECTED
    joined = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    joined = joined[:, joined.sum(axis=0) > 0]
    expected = np.outer([n, m], joined.sum(axis=0) / (n + m))
    chi2 = float(((joined - expected) ** 2 / expected).sum())
    p = float(chdtrc(joined.shape[1] - 1, chi2)) if joined.shape[1] > 1 else 1.0
    return Separation(name, "class", np.sqrt(chi2 / (n + m)), p, n, m, *map(float, share[:, most]), names[most])


def correct(found: Iterable[Separation]) -> list[Separation]:
    """Correct p-values together and rank: the columns that differ first, then by the size of the effect; NaN last."""
    found = list(found)
    p = np.array([one.p for one in found], float)
    corrected = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    corrected[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    ranked = [replace(one, corrected=float(value)) for one, value in zip(found, corrected, strict=True)]
    return sorted(ranked, key=lambda one: (np.isnan(one.effect), not one.differs, -abs(one.effect)))


def separate(which: Sides, read_numbers: Callable[[str], NDArray], number_names: Iterable[str],
             read_classes: Callable[[str], tuple[NDArray, Sequence[str]]], class_names: Iterable[str],
             done: Callable[[int], None] = lambda _: None) -> list[Separation]:
    """All columns, ranked by how far they set A apart from B.

    Parameters
    ----------
    which : Sides
        From `sides` or `against_rest`.
    read_numbers : callable
        Values of a numeric column, shape (n_rows,), NaN where missing.
    read_classes : callable
        Codes, shape (n_rows,), and names of a class column.
    number_names, class_names : iterable of str
        Columns.
    done : callable
        Told after each column how many are done.
    """
    found = []
    for name in number_names:
        values = read_numbers(name)
        found.append(numbers(name, values[which.a], values[which.b]))
        done(len(found))
    for name in class_names:
        codes, names = read_classes(name)
        found.append(classes(name, codes[which.a], codes[which.b], names))
        done(len(found))
    return correct(found)
