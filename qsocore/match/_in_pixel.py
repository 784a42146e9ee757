"""What lsdb does in each pixel: our own pairs, with the density of B in and around it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from lsdb.core.crossmatch.abstract_crossmatch_algorithm import AbstractCrossmatchAlgorithm
from lsdb.core.crossmatch.crossmatch_args import CrossmatchArgs
from numpy.typing import NDArray

from qsocore.match import ROW, Wanted
from qsocore.match.choose import chosen
from qsocore.match.sphere import Sky, chance

_ARCSEC = 3600
_FLOAT = pd.ArrowDtype(pa.float64())


class InPixel(AbstractCrossmatchAlgorithm):
    """Pairs of one pixel.

    Parameters
    ----------
    wanted : Wanted
        Not symmetric: what lies nearer in another pixel isn't seen.
    """

    extra_columns = pd.DataFrame({"_separation": pd.Series(dtype=_FLOAT), "_chance": pd.Series(dtype=_FLOAT)})

    def __init__(self, wanted: Wanted):
        super().__init__()
        self.wanted = wanted

    def perform_crossmatch(self, args: CrossmatchArgs) -> tuple[NDArray, NDArray, pd.DataFrame]:
        """Rows of both, with separation (arcsec) and the probability of chance."""
        left, right = (Sky(*(frame[name].to_numpy(float) for name in (info.ra_column, info.dec_column)))
                       for frame, info in ((args.left_df, args.left_catalog_info), (args.right_df, args.right_catalog_info)))
        found = [np.concatenate(part) for part in zip(*left.pairs(right, self.wanted.radius), strict=True)] or [
            np.empty(0, np.int64)] * 3
        mine, theirs, apart = found
        numbers = args.right_df[ROW].to_numpy(np.int64) if ROW in args.right_df else np.arange(len(args.right_df))
        rows = chosen(self.wanted, mine, numbers[theirs], apart)
        mine, theirs, apart = mine[rows], theirs[rows], apart[rows]
        density = right.density(left.ra[mine], left.dec[mine], self.wanted.radius)
        extra = {"_separation": apart * _ARCSEC, "_chance": chance(density, apart)}
        return mine, theirs, pd.DataFrame({name: pd.Series(values, dtype=_FLOAT) for name, values in extra.items()})
