"""Both catalogues in the memory of one machine: scipy's k-d tree of unit vectors, as in astropy's matching.

Citation: Virtanen et al. 2020, Nature Methods 17, 261.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from qsocore.match import Matcher, Pairs, Side, Tally, Wanted
from qsocore.match.choose import chosen
from qsocore.match.sphere import Sky, chance, expected

_ARCSEC = 3600


class Memory(Matcher):
    """Trees in memory."""

    name = "memory"
    title = "both in memory"

    def match(self, a: Side, b: Side, wanted: Wanted) -> Iterator[Pairs | Tally]:
        """See `Matcher`."""
        left, right = a.sky, b.sky
        found = [np.concatenate(part) for part in zip(*_pieces(left, right, wanted), strict=True)] or [np.empty(0, int)] * 3
        rows = chosen(wanted, *found)
        mine, theirs, apart = (part[rows] for part in found)
        density = right.density(a.ra[mine], a.dec[mine], wanted.radius)
        yield Pairs(a.table.take(pa.array(mine, pa.int64())), b.table.take(pa.array(theirs, pa.int64())), apart * _ARCSEC,
                    chance(density, apart), len(np.unique(mine)))
        yield Tally(left.tree.n, right.tree.n, len(a.ra) - left.tree.n, len(b.ra) - right.tree.n,
                    expected(left, right, wanted.radius))


def _pieces(left: Sky, right: Sky, wanted: Wanted) -> Iterator[tuple]:
    """Pairs, thinned block by block to what may be wanted."""
    thin = Wanted(wanted.radius, "all" if wanted.symmetric else wanted.find)
    for mine, theirs, apart in left.pairs(right, wanted.radius):
        rows = chosen(thin, mine, theirs, apart)
        yield mine[rows], theirs[rows], apart[rows]


MATCHER = Memory()
