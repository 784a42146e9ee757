"""Grading one object after another: what comes next, and the verdict that follows from what a person said. No GUI.

A line of objects is either what the page shows, in an order, or a campaign's queue. Of a campaign only numbers of items leave
the server: nothing that the browser is given tells an object from its repeat or from an injected one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dashboard import ordering
from dashboard.ordering import Order
from qsocore import __version__
from qsocore.errors import ConfigError
from qsocore.inspection import Campaign, Item, Verdict
from qsocore.inspection.queue import next_items
from qsocore.inspection.standing import standing
from qsocore.inspection.vocabulary import COMMENT_LENGTH, CONTAMINANTS, ISSUES, LENS_GRADES, QUALITIES, TYPES

if TYPE_CHECKING:
    from dashboard.library import Library
    from dashboard.table import AtlasTable
    from qsocore.store.labels import Labels

TAGS = ("candidate", "interesting")
"""What is said of an object in a mosaic."""
_MOST = 10_000  # objects of the page that stand in a line; an evening's work is a few hundred
_LONGEST_TOKEN = 64
_SEEN = ("mode", "main", "invert", "smooth", "residual", "smoothing", "rest", "model")  # that a browser may say was shown


@dataclass(frozen=True)
class Place:
    """One object in a line.

    Parameters
    ----------
    at : int
        From 0.
    object_id : str
    row : int
        Of the table, -1 for an injected one.
    item : int or None
        Number of the campaign's item.
    """

    at: int
    object_id: str
    row: int
    item: int | None = None


class Line(Protocol):
    """Objects that are graded one after another.

    Attributes
    ----------
    campaign : Campaign or None
        Whose queue it is.
    n : int
        How many there are for this person.
    begin : int
        The place where grading goes on.
    graded : int
        How many this person has graded.
    """

    campaign: Campaign | None
    n: int
    begin: int
    graded: int

    def places(self, start: int, stop: int) -> list[Place]:
        """Those at `start` to `stop` (not included), as far as the line goes."""

    def said(self, place: Place) -> list[Verdict]:
        """What this person said of it before, all of it, in the order of saying."""

    def place_of(self, verdict: Verdict) -> int:
        """Where that stands which a verdict is of, -1 where it does not."""


class Objects:
    """What the page shows, in an order.

    Parameters
    ----------
    table : AtlasTable
    rows : ndarray of int64, shape (n,)
        In order.
    n_there : int
        How many the page shows; the line is no longer than 10,000.
    said : tuple
        Labels, the person's name and the desk, of which `Objects.said` tells.
    """

    campaign = None
    begin = graded = 0

    def __init__(self, table: AtlasTable, rows: NDArray[np.int64], n_there: int, said: tuple[Labels, str, str]):
        self.table, self.rows, self.n_there, self._said = table, rows, n_there, said
        self.n = len(rows)

    @classmethod
    def ordered(cls, table: AtlasTable, rows: NDArray[np.int64], order: Order, said: tuple[Labels, str, str]) -> Objects:
        """These rows, which rise, in another order."""
        return cls(table, ordering.page(table, rows, order, 0, _MOST), len(rows), said)

    def places(self, start: int, stop: int) -> list[Place]:
        """As `Line` says."""
        start = max(start, 0)
        rows = self.rows[start:stop]
        ids = self.table.ids_of(rows)
        return [Place(start + k, *both) for k, both in enumerate(zip(ids, rows.tolist(), strict=True))]

    def said(self, place: Place) -> list[Verdict]:
        """As `Line` says."""
        labels, person, desk = self._said
        return [one for one in labels.verdicts(place.object_id, person=person, desk=desk) if not one.campaign]

    def place_of(self, verdict: Verdict) -> int:
        """As `Line` says."""
        here = np.flatnonzero(self.rows == self.table.row_of(verdict.object_id))
        return int(here[0]) if here.size else -1


class Queue:
    """A campaign's items as one person is shown them: first those graded before, then what comes next.

    Parameters
    ----------
    campaign : Campaign
    labels : Labels
    person : str
    table : AtlasTable
    """

    def __init__(self, campaign: Campaign, labels: Labels, person: str, table: AtlasTable):
        self.campaign, self._labels, self._person, self._table = campaign, labels, person, table
        self._verdicts: list[Verdict] = []
        self._after, self._lock = 0, Lock()
        self._items: list[Item] = []
        with self._lock:
            self._read()
            by_number = {item.number: item for item in campaign.items}
            self._items = [by_number[number] for number in self._done]
            self.begin = len(self._items)
            self.n = self.begin + len(self._ahead(len(campaign.items)))

    @property
    def _done(self) -> list[int]:
        """Numbers of the items that this person has graded, in the order of grading."""
        return [one.item for one in standing(self._verdicts) if one.person == self._person and one.item is not None]

    @property
    def graded(self) -> int:
        """As `Line` says."""
        return len(set(self._done))

    def _read(self) -> None:
        """What was said meanwhile, by anybody."""
        new = list(self._labels.verdicts(campaign=self.campaign.name, after=self._after))
        self._verdicts += new
        self._after = max((one.number for one in new), default=self._after)

    def _ahead(self, n: int) -> list[Item]:
        """The next so many that are not in line yet."""
        known = {item.number for item in self._items}
        coming = next_items(self.campaign, self._verdicts, self._person, n + len(known))
        return [item for item in coming if item.number not in known][:n]

    def places(self, start: int, stop: int) -> list[Place]:
        """As `Line` says; what others have retired meanwhile is left out of what comes."""
        start = max(start, 0)
        with self._lock:
            self._read()
            if stop > len(self._items):
                self._items += self._ahead(stop - len(self._items))
            here = self._items[start:stop]
        rows = self._table.rows_of([item.object_id for item in here]).tolist()
        return [Place(at, item.object_id, row, item.number) for at, item, row in zip(count(start), here, rows)]

    def said(self, place: Place) -> list[Verdict]:
        """As `Line` says; of this item alone, for what was said of its repeat would give it away."""
        with self._lock:
            self._read()
            return [one for one in self._verdicts if one.item == place.item and one.person == self._person]

    def place_of(self, verdict: Verdict) -> int:
        """As `Line` says."""
        return next((at for at, one in enumerate(self._items) if one.number == verdict.item), -1)


# ---- verdicts


def verdict_of(said: Mapping[str, Any], desk: str, person: str, place: Place, campaign: str, library: Library,
               run: str) -> Verdict:
    """The verdict that a browser's words are.

    Parameters
    ----------
    said : mapping
        ``label``, ``kind``, ``flags``, ``z``, ``comment``, ``token`` and ``view``, what was on the screen.
    desk, person : str
    place : Place
        What was graded.
    campaign : str
        Name, or "".
    library : Library
        Whose catalogue it was.
    run : str
        Of the models that were shown.

    Raises
    ------
    ConfigError
        When it says anything that this desk has no word for.
    """
    label, kind, flags = (str(said.get(name) or "") for name in ("label", "kind", "flags"))
    labels, kinds = _WORDS[desk]
    token = str(said.get("token") or "")
    if label not in labels or (kind and kind not in kinds):
        raise ConfigError(f"the desk of {desk} has no verdict {label!r} {kind!r}", remedy=f"say one of {', '.join(labels)}")
    if not 0 < len(token) <= _LONGEST_TOKEN:
        raise ConfigError("a verdict came without a token, so it could be written twice", remedy="load the page anew")
    flags = "".join(issue.word for issue in ISSUES if issue.word in flags) if desk == "spectra" else ""
    return Verdict(place.object_id, person, label, redshift_of(said.get("z")), str(said.get("comment") or "")[:COMMENT_LENGTH],
                   shown_by(library, run, said.get("view")), desk=desk, flags=flags, kind=kind, campaign=campaign,
                   item=place.item, token=token)


_WORDS = {"lenses": ([*(one.word for one in LENS_GRADES), *TAGS], [one.word for one in CONTAMINANTS]),
          "spectra": ([one.word for one in QUALITIES], [one.word for one in TYPES])}
"""By desk the labels, and the kinds that go with them."""


def redshift_of(said: Any) -> float | None:
    """A redshift that a browser says, None for none.

    Raises
    ------
    ConfigError
        When it is no redshift.
    """
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not (math.isfinite(said) and -0.02 <= said < 20):
        raise ConfigError(f"{said!r} is no redshift", remedy="give a number from -0.02 to 20")
    return float(said)


def shown_by(library: Library, run: str, view: Any) -> dict[str, Any]:
    """What was on the screen: what the browser says of it, the run, the catalogue's fingerprint, the version of the code."""
    view = view if isinstance(view, Mapping) else {}
    told = {name: view[name] for name in _SEEN if isinstance(view.get(name), (str, bool, int, float))}
    store = library.store
    return told | {"run": run, "catalogue": store.manifest.fingerprint if store is not None else "", "code": __version__}


def history(said: list[Verdict]) -> Iterator[dict[str, Any]]:
    """What a person said of an object before, for the page: what, when, and whether it still stands."""
    holds = {one.number for one in standing(said)}
    for one in said:
        if one.undoes is None:
            yield {"number": one.number, "label": one.label, "kind": one.kind, "flags": one.flags, "z": one.z,
                   "comment": one.comment, "time": one.time[:16].replace("T", " "), "stands": one.number in holds}
