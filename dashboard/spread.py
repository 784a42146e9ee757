"""How sets of objects spread over a column: counts in bins that all of them share, every object counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard import derive
from dashboard.compared import Compared
from qsocore.compare import histogram
from qsocore.selection import Rule

if TYPE_CHECKING:
    from dashboard.session import Session
    from dashboard.table import AtlasTable

_FIRST = ("z", "snr_median", "chi2_pix")
_LATENTS = 3


@dataclass(frozen=True)
class Spread:
    """A column's histogram for several sets.

    Parameters
    ----------
    name : str
        The column.
    edges : ndarray, shape (n_bins + 1,)
        Borders on the axis: values, their log10 where `log`, or the numbers of classes plus and minus a half.
    log : bool
        Whether the axis is logarithmic.
    labels : tuple of str
        Classes, shape (n_bins,); empty for numbers.
    counts : dict of str to ndarray, shape (n_bins,)
        Objects in each bin, by the key of the set.
    totals, outside : dict of str to int
        Objects with a value, and those of them beyond the ends of the axis.
    """

    name: str
    edges: NDArray[np.float64]
    log: bool
    labels: tuple[str, ...]
    counts: dict[str, NDArray[np.int64]]
    totals: dict[str, int]
    outside: dict[str, int]

    def heights(self, key: str, fractions: bool) -> NDArray[np.float64]:
        """Counts, or fractions of the objects with a value."""
        return self.counts[key] / max(self.totals[key], 1) if fractions else self.counts[key].astype(float)

    def rule(self, start: float, end: float, table: AtlasTable) -> Rule | None:
        """Rule of what lies between two places of the axis; None when that is nothing."""
        start, end = max(min(start, end), self.edges[0]), min(max(start, end), self.edges[-1])
        if not end > start:
            return None
        if self.labels:
            chosen = [label for k, label in enumerate(self.labels) if start < k + 0.5 and end > k - 0.5]
            return derive.of_classes(self.name, chosen, table) if chosen else None
        low, high = (10.0**start, 10.0**end) if self.log else (start, end)
        return {"op": "range", "column": self.name, "low": float(f"{low:.6g}"), "high": float(f"{high:.6g}")}


def default_names(table: AtlasTable) -> list[str]:
    """Columns that one wants to see first: redshift, brightness, signal to noise, chi2, class, the first latents."""
    bright = [name for name, column in table.columns.items() if column.role == "magnitude"][:1]
    wanted = [_FIRST[0], *bright, *_FIRST[1:], "class", *table.latent_names[:_LATENTS]]
    return [name for name in wanted if name in table.columns]


def offered(table: AtlasTable) -> list[str]:
    """Columns that may have a histogram: neither names of objects nor of files. Told by their roles, so nothing is read."""
    return [name for name, column in table.columns.items() if column.role not in ("id", "provenance")]


def is_countable(table: AtlasTable, name: str) -> bool:
    """Whether a column holds numbers, or text of few values; text is read for that."""
    return table.is_numeric(name) or table.coded(name) is not None


def spreads(session: Session, names: Iterable[str], sets: Sequence[Compared]) -> list[Spread]:
    """Histograms of those of some columns that have one; called beside the event loop.

    Parameters
    ----------
    session : Session
    names : iterable of str
        Columns.
    sets : sequence of Compared
        Among them "rest", which is all of its rule without the first of the others.
    """
    rows = {one.key: session.rows(one.rule) if one.rule else None for one in sets}
    found = [_classes(session.table, name, rows) if session.table.is_categorical(name) else _numbers(session, name, rows)
             for name in names if is_countable(session.table, name)]
    first = next((one.key for one in sets if one.key != "rest"), "")
    return [_less(one, first) if "rest" in rows and first else one for one in found if one is not None]


def _numbers(session: Session, name: str, rows: dict[str, NDArray | None]) -> Spread | None:
    values, once = session.table.numbers(name), session.table.once
    bins = once(("bins", name), lambda: histogram.bins_for(values))
    if bins is None:
        return None
    counted = {key: once(("counts", name), lambda: histogram.count(values, bins)) if chosen is None
               else histogram.count(values, bins, chosen) for key, chosen in rows.items()}
    edges = np.log10(bins.edges) if bins.log else bins.edges
    inside, totals = ({key: getattr(one, part) for key, one in counted.items()} for part in ("inside", "total"))
    return Spread(name, edges, bins.log, (), inside, totals, {key: one.below + one.above for key, one in counted.items()})


def _classes(table: AtlasTable, name: str, rows: dict[str, NDArray | None]) -> Spread:
    classes = table.classes(name)
    counts = {key: classes.counts if chosen is None else np.bincount(classes.codes[chosen], minlength=len(classes.names))
              for key, chosen in rows.items()}
    return Spread(name, np.arange(len(classes.names) + 1) - 0.5, False, classes.names, counts,
                  {key: int(count.sum()) for key, count in counts.items()}, dict.fromkeys(counts, 0))


def _less(whole: Spread, key: str) -> Spread:
    """The rest: what is in all but not in one of its parts."""
    counts = whole.counts | {"rest": whole.counts["rest"] - whole.counts[key]}
    totals, outside = ({**part, "rest": part["rest"] - part[key]} for part in (whole.totals, whole.outside))
    return Spread(whole.name, whole.edges, whole.log, whole.labels, counts, totals, outside)
