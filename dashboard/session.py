"""One browser tab: its State, and what follows from it for the views. Nothing here is shared with another tab."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn
import param
from numpy.typing import NDArray

from dashboard import derive, who
from dashboard.colourings import COLOURINGS, Colouring, Scale
from dashboard.plane import NO_BITS, Plane, extent
from dashboard.selecting import History
from dashboard.state import DENSITY, SLOTS, State
from dashboard.worker import Late, Latest, together, way_back
from qsocore.cli import explain
from qsocore.errors import AtlasError
from qsocore.store.derived import SIGNED

if TYPE_CHECKING:
    from dashboard.library import Library
    from dashboard.table import AtlasTable, Classes

_READING_MS = 8000
_KEPT_BITS = 10  # of 1.25 MB for ten million rows


class Session(param.Parameterized):
    """State and derivations of one tab.

    Parameters
    ----------
    library : Library
        What all tabs share.
    state : State
        The user's choices.
    login : Login, optional
        How who sits before the page came in; None where there is no login.
    """

    dark = param.Boolean(True, doc="Whether the page is dark, by the user's choice or the system's.")
    joined = param.Integer(0, doc="Rises when the table is joined anew because somebody learnt, predicted or embedded.")
    probe = param.Tuple(None, length=3, allow_None=True, doc="Number of a map and the empty place x, y tapped on it.")
    grading = param.Tuple(("", ""), length=2, doc="A desk, and the campaign that was chosen for it elsewhere on the page.")

    def __init__(self, library: Library, state: State, login: who.Login | None = None):
        super().__init__()
        self.library, self.state, self.login = library, state, login
        self._who = login or who.Here()
        self.document = pn.state.curdoc
        self._back = way_back(self.document)
        self.history = History()
        self.places: dict[str, tuple[str, str]] = {}
        """Of each view by title its page, and when it is seen there; filled by the layout."""
        self.shown_table = ("", "")
        """Run and version of the table that the page shows."""
        self._memory: dict[str, tuple[Any, Any]] = {}
        self._bits: dict[tuple, NDArray[np.uint8]] = {}
        self._lock = RLock()

    # ---- who sits before the page

    @property
    def person(self) -> who.Person:
        """Who it is, with the role they have now; one whose login ended only looks at what is on the page already."""
        return self._who.person() or who.Person(self._who.name, "viewer")

    def require(self, role: str) -> who.Person:
        """Who it is, if they may do what a `role` may: asked wherever something is kept, whatever the page offers.

        Raises
        ------
        AtlasError
            When they may not, or their login has ended.
        """
        person = self._who.person()
        if person is None:
            raise AtlasError("your login has ended", remedy="load the page again and log in")
        if not person.may(role):
            raise AtlasError(f"this is for {role}s; you are a {person.role} here", remedy="ask an owner")
        return person

    # ---- derived from State, each kept until one of its own inputs changes

    def _kept(self, name: str, inputs: tuple, make: Callable[[], Any]) -> Any:
        with self._lock:
            known = self._memory.get(name)
            if known is None or known[0] != inputs:
                known = self._memory[name] = inputs, make()
            return known[1]

    @property
    def table(self) -> AtlasTable:
        """The table of the chosen run."""
        return self.library.table(self.state.run)

    def axes_of(self, name: str) -> tuple[str, str]:
        """Columns of a map by its name: a projection's, or the two that it consists of."""
        return self.table.maps.get(name) or (*name.split(","), "", "")[:2]

    @property
    def axes(self) -> tuple[str, str]:
        """Columns of the first map."""
        return self.axes_of(self.state.maps[0])

    def plane(self, number: int = 0) -> Plane:
        """The points of a map, indexed; shared by all sessions."""
        return self.table.plane(*self.axes_of(self.state.maps[number]))

    @property
    def coordinates(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """X and y of every object on the first map, shape (n_rows,) each, NaN where there is no place for it."""
        x, y = self.axes
        return self.table.numbers(x), self.table.numbers(y)

    def ground(self, name: str) -> Plane | None:
        """The objects that a map was made from, where those are another store's; else None."""
        ground = self.table.ground.get(name)
        return ground and self.table.once(("ground", None, name), lambda: Plane.build(("x", "y"), *ground))

    def extent_of(self, name: str) -> tuple[float, float, float, float]:
        """The view of a map that shows everything: x0, x1, y0, y1."""
        sides, ground = [self.table.extent(axis) for axis in self.axes_of(name)], self.table.ground.get(name)
        if ground is not None:
            theirs = self.table.once(("extent of ground", None, name), lambda: [extent(side) for side in ground])
            sides = [(min(one[0], other[0]), max(one[1], other[1])) for one, other in zip(sides, theirs, strict=True)]
        return *sides[0], *sides[1]

    # ---- colours

    @property
    def colouring(self) -> Colouring:
        """How the maps are coloured."""
        name = self.state.colour_by
        kind = DENSITY if name == DENSITY else "categorical" if self.is_classes else "continuous"
        return COLOURINGS.get(kind)

    @property
    def is_classes(self) -> bool:
        """Whether the maps are coloured by class."""
        name = self.state.colour_by
        return name == SLOTS or (name != DENSITY and self.table.is_categorical(name))

    @property
    def classes(self) -> Classes | None:
        """The classes that colour the maps, None for other colourings."""
        if not self.is_classes:
            return None
        state = self.state
        if state.colour_by != SLOTS:
            return self.table.classes(state.colour_by)
        return self._kept("slots", (self.table.version, state.a, state.b), lambda: derive.slots(
            self.bits(state.a) if state.a else None, self.bits(state.b) if state.b else None, self.table.n_rows))

    @property
    def scale(self) -> Scale | None:
        """The colour scale of a column, None for a density, whose scale is the view's own."""
        state = self.state
        if state.colour_by == DENSITY:
            return None
        if self.is_classes:
            return Scale(0, 0, n_classes=len(self.classes.names))
        key = f"scale {state.scale}", state.colour_by
        numbers = self.table.numbers
        robust = self.table.once(key, lambda: self.colouring.scale_of(numbers(state.colour_by), state.scale,
                                                                        state.colour_by in SIGNED))
        return self.colouring.limited(robust, state.limits) if state.limits else \
            self.colouring.spread_of(robust) if state.statistic == "std" else robust

    def value_by_place(self, plane: Plane) -> NDArray | None:
        """What colours the maps, by place of a plane: class codes, numbers, or None for a density."""
        name, table = self.state.colour_by, self.table
        if name == DENSITY:
            return None
        if name == SLOTS:
            classes = self.classes
            return self._kept(f"slots {plane.axes}", (id(classes),), lambda: plane.in_order(classes.codes))
        if self.is_classes:
            return table.in_order(plane, f"classes {name}", lambda: table.classes(name).codes)
        return table.in_order(plane, name, lambda: table.numbers(name))

    @property
    def theme(self) -> str:
        """"dark" or "light", as the page is now."""
        return "dark" if self.dark else "light"

    # ---- which objects

    def bits(self, rule: str) -> NDArray[np.uint8]:
        """What a rule selects, one bit per row, shape ((n_rows + 7) // 8,); kept for the rules of late.

        Parameters
        ----------
        rule : str
            JSON; "" selects everything.

        Raises
        ------
        ConfigError
            When it is no rule, or reads a column in a way that does not fit.
        """
        table = self.table
        return self._keep_bits((table.version, rule), lambda: derive.bits_of(rule, table))

    def _keep_bits(self, key: tuple, make: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
        with self._lock:
            bits = self._bits.pop(key, None)
            self._bits[key] = bits = make() if bits is None else bits
            while len(self._bits) > _KEPT_BITS:
                del self._bits[next(iter(self._bits))]
            return bits

    def by_place(self, plane: Plane, rule: str) -> NDArray[np.uint8]:
        """`bits` in the order of a plane; no bits at all for "", which stands for everything."""
        if not rule:
            return NO_BITS
        return self._keep_bits((self.table.version, plane.axes, rule), lambda: plane.bits(self.bits(rule)))

    def rows(self, rule: str) -> NDArray[np.int64]:
        """Rows, rising, that a rule (as JSON) selects; ask for them where they are used, and don't keep them."""
        return np.flatnonzero(np.unpackbits(self.bits(rule), count=self.table.n_rows, bitorder="little"))

    def count(self, rule: str) -> int:
        """How many rows a rule selects."""
        return int(np.bitwise_count(self.bits(rule)).sum())

    @property
    def drawn_rule(self) -> str:
        """Rule of what is drawn: the filters, what the user restricts the maps to, and no hidden class; "" for all."""
        state = self.state
        classes = state.hidden and self.is_classes and state.colour_by != SLOTS
        hidden = derive.without(state.colour_by, state.hidden, self.table) if classes else ""
        return derive.all_of(state.only, state.filters, hidden)

    @property
    def selected_rule(self) -> str:
        """Rule of what is selected and drawn; "" when nothing is selected."""
        return derive.all_of(self.state.selection, self.drawn_rule) if self.state.selection else ""

    @property
    def drawn(self) -> NDArray[np.int64] | None:
        """Rows that are drawn, None for all; transient."""
        return self.rows(self.drawn_rule) if self.drawn_rule else None

    @property
    def selected(self) -> NDArray[np.int64] | None:
        """Rows that are selected and drawn, None when there is no selection; transient."""
        return self.rows(self.selected_rule) if self.state.selection else None

    @property
    def n_selected(self) -> int:
        """How many are selected and drawn."""
        return self.count(self.selected_rule) if self.state.selection else 0

    def n_drawn(self, plane: Plane) -> int:
        """How many objects are drawn: those that have a place on a map and satisfy the rule of what is drawn."""
        rule = self.drawn_rule
        return plane.n_placed if not rule else int(np.bitwise_count(self.by_place(plane, rule)).sum())

    @property
    def focus_row(self) -> int:
        """Row of the object in focus, -1 for none."""
        focus = self.state.focus
        return self._kept("focus", (self.table.version, focus), lambda: self.table.row_of(focus) if focus else -1)

    def focus_on(self, row: int) -> None:
        """Put the object of a row into focus."""
        focus = self.table.ids[row].as_py()
        with self._lock:
            self._memory["focus"] = (self.table.version, focus), row
        self.state.focus = focus

    # ---- what the page shows

    def shows(self, title: str) -> bool:
        """Whether a view is on the page now."""
        page, when = self.places.get(title, ("", "always"))
        if page in ("", "drawer"):
            return page == "" or self.state.drawer
        here = when == "always" or self.state.tab == title or (when == "first" and not self.state.tab)
        return here and page == self.state.page

    def when_shown(self, title: str, names: list[str], do: Callable[[], None]) -> None:
        """Call `do` after any of these choices changed, as `on` does, but only while a view is on the page.

        Changes that were made while it was hidden are made good when it appears, its first appearance included.
        """
        late = Late(lambda: self.shows(title), do)
        self.on(names, late.changed)
        self.on(["page", "tab", "drawer"], late.appear)
        self.once_shown(late.appear)

    # ---- when something is done; its changes go to the browser together

    def on(self, names: list[str], do: Callable[[], None]) -> None:
        """Call `do` after any of these choices, or of the session's own, changed; a fault becomes a notification."""
        def changed() -> None:
            try:
                do()
            except AtlasError as error:
                self.failed(error)

        for owner in (self, self.state):
            its_own = [name for name in names if name in owner.param]
            if its_own:
                owner.param.watch(together(self.document, changed), its_own)

    def once_shown(self, do: Callable[[], None]) -> None:
        """Call `do` when the browser has built the page; what is put on it earlier may never be shown."""
        pn.state.onload(together(self.document, do))

    def later(self, do: Callable[[], None], after_ms: int = 0) -> None:
        """Call `do` after what is being done now has gone to the browser, and so many milliseconds more.

        Threads may call it too, where nothing is to pass in between.
        """
        done = together(self.document, do)
        if after_ms:
            self.document.add_timeout_callback(done, after_ms)
        else:
            self._back(done)

    # ---- talking to the user

    def latest(self) -> Latest:
        """A line of work beside the event loop for one view."""
        return Latest(self.document, self.library.pool, self.failed)

    def failed(self, error: Exception) -> None:
        """Tell the user quietly what is wrong and what to do."""
        self.tell(explain(error), "error")

    def tell(self, text: str, kind: str = "info") -> None:
        """Show a short notification."""
        if pn.state.notifications is not None:
            pn.state.notifications.send(text, duration=_READING_MS, type=kind)
