"""Catalogues beyond memory, in the HATS format, by lsdb: pixel by pixel of the sky, with a margin around each of B.

A HATS catalogue is a folder of Parquet files by HEALPix pixel (hats-import makes them); B needs a margin cache at least as wide
as the radius, without which matches across the borders of pixels would be lost. Tables and stores may stand on either side.
Only the matches of a pixel are held in memory, and for symmetric ones all pairs at once.

Citation: Caplar et al. 2025, The Open Journal of Astrophysics 8 (LSDB).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore.errors import ConfigError, ReadError
from qsocore.match import ROW, Matcher, Pairs, Side, Tally, Wanted
from qsocore.match.choose import chosen, places
from qsocore.store.columns import to_field
from qsocore.surveys.tables import columns_of

if TYPE_CHECKING:
    import pandas as pd
    from lsdb.catalog import Catalog

    from qsocore.match._in_pixel import InPixel

_ARCSEC = 3600
_RA, _DEC = "ra", "dec"  # what of a table in memory goes to lsdb, with its rows
_MARGIN = 60.0  # arcsec at least: lsdb outlines pixels in steps of a margin, and takes long over fine ones
_ENDS = "_a", "_b"


class Hats(Matcher):
    """lsdb."""

    name = "hats"
    title = "HATS catalogues, by lsdb"
    needs = ()

    def match(self, a: Side, b: Side, wanted: Wanted) -> Iterator[Pairs | Tally]:
        """See `Matcher`."""
        lsdb = _lsdb()
        from qsocore.match._in_pixel import InPixel

        left, right = _open(lsdb, a, wanted), _open(lsdb, b, wanted)
        frames = _frames(left, right, InPixel(Wanted(wanted.radius, "all" if wanted.symmetric else wanted.find)), wanted)
        if wanted.symmetric:
            frames = iter([_mutual(frames, (a, left), (b, right), wanted)])
        first = True
        for frame in frames:
            if first or len(frame):
                matched = len(np.unique(_numbers(frame, a, left, "_a")))
                yield Pairs(_columns(frame, a, "_a"), _columns(frame, b, "_b"), frame["_separation"].to_numpy(float),
                            frame["_chance"].to_numpy(float), matched)
                first = False
        yield Tally(*(_rows(side, catalog) for side, catalog in ((a, left), (b, right))), *(_unplaced(side) for side in (a, b)))


def _lsdb():
    try:
        import lsdb
    except ImportError as error:
        raise ConfigError(f"lsdb cannot be imported ({error})", "--how hats", "pip install 'qso-atlas[hats]'") from None
    return lsdb


def _open(lsdb, side: Side, wanted: Wanted) -> Catalog:
    """A catalogue of lsdb: a folder of HATS, or the positions of a table with their rows."""
    import pandas as pd

    margin = max(2 * wanted.radius * _ARCSEC, _MARGIN)
    if side.table is not None:
        placed = np.flatnonzero(np.isfinite(side.ra) & np.isfinite(side.dec))
        if not len(placed):
            raise ReadError("no-position", "none of its rows has a position", side.where, "match it with --how memory")
        frame = pd.DataFrame({ROW: placed, _RA: side.ra[placed] % 360, _DEC: side.dec[placed]})
        return lsdb.from_dataframe(frame, ra_column=_RA, dec_column=_DEC, margin_threshold=margin)
    try:
        return lsdb.open_catalog(str(side.where))
    except (OSError, ValueError, KeyError) as error:
        what = " ".join(str(error).split())[:120]
        raise ReadError("not-hats", f"it is no HATS catalogue ({what})", side.where,
                        "make one with hats-import, or give a table") from None


def _frames(left: Catalog, right: Catalog, algorithm: InPixel, wanted: Wanted) -> Iterator[pd.DataFrame]:
    """Matches, a pixel at a time."""
    margin = right.margin.hc_structure.catalog_info.margin_threshold if right.margin is not None else 0.0
    if margin < wanted.radius * _ARCSEC:
        raise ConfigError(f"its margin cache holds {margin or 0:g} arcsec, less than the radius", f"catalogue {right.name}",
                          "make a wider one with hats-import, or choose a smaller --radius")
    try:
        found = left.crossmatch(right, algorithm=algorithm, suffixes=_ENDS, suffix_method="all_columns",
                                require_right_margin=True, log_changes=False)
    except RuntimeError as error:
        if "do not overlap" not in str(error):
            raise
        yield _no_row(left, right)
        return
    for part in found.to_delayed():
        yield part.compute().reset_index(drop=True)


def _no_row(left: Catalog, right: Catalog) -> pd.DataFrame:
    """The matches of catalogues that have no pixel in common."""
    import pandas as pd

    metas = [catalog.meta.reset_index(drop=True).add_suffix(end) for catalog, end in zip((left, right), _ENDS, strict=True)]
    return pd.concat([*metas, pd.DataFrame({"_separation": [], "_chance": []})], axis=1)


def _mutual(frames: Iterator[pd.DataFrame], a: tuple[Side, Catalog], b: tuple[Side, Catalog], wanted: Wanted) -> pd.DataFrame:
    """Of all pairs those that are each other's nearest."""
    import pandas as pd

    whole = pd.concat(list(frames), ignore_index=True)
    mine, theirs = _numbers(whole, *a, "_a"), _numbers(whole, *b, "_b")
    return whole.iloc[chosen(wanted, mine, theirs, whole["_separation"].to_numpy(float))].reset_index(drop=True)


def _numbers(frame: pd.DataFrame, side: Side, catalog: Catalog, end: str) -> NDArray[np.int64]:
    """What each row of a side is known by: its number in a table, else its place on the sky."""
    if side.table is not None:
        return frame[f"{ROW}{end}"].to_numpy(np.int64)
    info = catalog.hc_structure.catalog_info
    return places(*(frame[f"{name}{end}"].to_numpy(float) for name in (info.ra_column, info.dec_column)))


def _columns(frame: pd.DataFrame, side: Side, end: str) -> pa.Table:
    """The columns of one side: from its table where that is in memory, else as lsdb gives them."""
    if side.table is not None:
        return side.table.take(pa.array(frame[f"{ROW}{end}"].to_numpy(np.int64)))
    mine = frame[[name for name in frame.columns if name.endswith(end) and not name.startswith("_healpix")]]
    table = pa.Table.from_pandas(mine.rename(columns=lambda name: name.removesuffix(end)), preserve_index=False)
    columns = columns_of(table.schema.remove_metadata())
    return table.select(list(columns)).cast(pa.schema([to_field(column) for column in columns.values()]))


def _rows(side: Side, catalog: Catalog) -> int | None:
    """Rows with a position, as the catalogue's properties count them."""
    if side.table is not None:
        return int((np.isfinite(side.ra) & np.isfinite(side.dec)).sum())
    return catalog.hc_structure.catalog_info.total_rows


def _unplaced(side: Side) -> int:
    return 0 if side.table is None else len(side.ra) - _rows(side, None)


MATCHER = Hats()
