"""Both catalogues in the memory of one machine: scipy's k-d tree of unit vectors, as in astropy's matching.

Citation: Virtanen et al. 2020, Nature Methods 17, 261.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from qsocore.match import Matcher, Pairs, Side, Tally, Wanted
from qsocore.match.choose import chosen
from qsocore.match.sphere import Sky, chance

_ARCSEC = 3600
_SAMPLE = 50_000  # rows of A at which the density of B is asked for the number of matches by chance


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
                    _expected(left, right, wanted))


def _pieces(left: Sky, right: Sky, wanted: Wanted) -> Iterator[tuple]:
    """Pairs, thinned block by block to what may be wanted."""
    thin = Wanted(wanted.radius, "all" if wanted.symmetric else wanted.find)
    for mine, theirs, apart in left.pairs(right, wanted.radius):
        rows = chosen(thin, mine, theirs, apart)
        yield mine[rows], theirs[rows], apart[rows]


def _expected(left: Sky, right: Sky, wanted: Wanted) -> float:
    """Rows of A that chance alone would match, from B's density at a regular sample of them."""
    if not left.tree.n:
        return 0.0
    sample = left.placed[::max(1, left.tree.n // _SAMPLE)]
    density = right.density(left.ra[sample], left.dec[sample], wanted.radius)
    return float(chance(density, wanted.radius).mean() * left.tree.n)


MATCHER = Memory()
