"""Cross-matching of two catalogues by position; one way of doing it is one file, whose constant is MATCHER.

Every way gives the same matches: pairs within a radius on the sphere, of which ``best`` keeps the nearest in B for each row
of A (of several as near the first), ``symmetric`` only those that are each other's nearest, and ``all`` every pair.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.match.sphere import Sky
from qsocore.registry import Family

MATCHERS = Family("way to cross-match", "qsocore.match", "MATCHER", "qso_atlas.match", apart=("sphere", "choose"))

FIND = ("best", "all")

ROW = "qso_atlas_row"
"""Column of the row numbers of a table that is handed to another program."""


@dataclass(frozen=True)
class Wanted:
    """Which matches.

    Parameters
    ----------
    radius : float
        Degrees, its border included.
    find : {"best", "all"}
    symmetric : bool
        Of the best, only those that are each other's nearest.
    """

    radius: float
    find: str = "best"
    symmetric: bool = False


@dataclass(frozen=True)
class Side:
    """One of the two catalogues.

    Parameters
    ----------
    where : Path or str
        The file or folder, or the name of a catalogue that a service holds.
    table : pyarrow.Table or None
        Its rows, where they are in memory.
    columns : dict of str to Column
        What they mean.
    ra, dec : ndarray of float64, shape (n,), or None
        Degrees, NaN where a row has no position.
    """

    where: Path | str
    table: pa.Table | None = None
    columns: dict[str, Column] | None = None
    ra: NDArray[np.float64] | None = None
    dec: NDArray[np.float64] | None = None

    @cached_property
    def sky(self) -> Sky:
        """Its places, to be searched."""
        return Sky(self.ra, self.dec)


@dataclass(frozen=True)
class Pairs:
    """Some matches, row by row.

    Parameters
    ----------
    a, b : pyarrow.Table
        The rows of A and of B, of one length n.
    separation : ndarray of float64, shape (n,)
        Arcsec.
    chance : ndarray of float64, shape (n,)
        Probability that a source of B which has nothing to do with it lies as near or nearer; NaN where it isn't known.
    matched_a : int
        Different rows of A among them.
    """

    a: pa.Table
    b: pa.Table
    separation: NDArray[np.float64]
    chance: NDArray[np.float64]
    matched_a: int


@dataclass(frozen=True)
class Tally:
    """What is known besides the matches.

    Parameters
    ----------
    n_a, n_b : int or None
        Rows with a position; None where nobody has counted them.
    unplaced_a, unplaced_b : int
        Rows without one, which match nothing.
    by_chance : float
        Rows of A that would have a match if nothing of B had to do with A, from B's local density; NaN where it isn't known.
    """

    n_a: int | None = None
    n_b: int | None = None
    unplaced_a: int = 0
    unplaced_b: int = 0
    by_chance: float = np.nan


class Matcher(ABC):
    """A way to cross-match; stateless, so that one serves everybody.

    Attributes
    ----------
    name, title : str
    needs : tuple of str
        Sides ("a", "b") of which the rows have to be in memory; the others are only named.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ("a", "b")

    @abstractmethod
    def match(self, a: Side, b: Side, wanted: Wanted) -> Iterator[Pairs | Tally]:
        """The matches in pieces, of which the first may be empty, and at last a `Tally`.

        Raises
        ------
        AtlasError
            When a catalogue cannot be read, or a service does not answer.
        """
