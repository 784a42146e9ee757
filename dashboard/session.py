"""One browser tab: its State, and what follows from it for the views. Nothing here is shared with another tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn
import param
from numpy.typing import NDArray

from dashboard import derive, raster
from dashboard.colourings import COLOURINGS, Colouring, Scale
from dashboard.state import DENSITY, State
from dashboard.worker import Latest
from qsocore.cli import explain
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    import pandas

    from dashboard.library import Library
    from dashboard.table import AtlasTable

_READING_MS = 8000


class Session(param.Parameterized):
    """State and derivations of one tab.

    Parameters
    ----------
    library : Library
        What all tabs share.
    state : State
        The user's choices.
    """

    dark = param.Boolean(True, doc="Whether the page is dark, by the user's choice or the system's.")

    def __init__(self, library: Library, state: State):
        super().__init__()
        self.library, self.state = library, state
        self.document = pn.state.curdoc
        self._memory: dict[str, tuple[Any, Any]] = {}

    # ---- derived from State, each kept until one of its own inputs changes

    def _kept(self, name: str, inputs: tuple, make: Callable[[], Any]) -> Any:
        known = self._memory.get(name)
        if known is None or known[0] != inputs:
            known = self._memory[name] = inputs, make()
        return known[1]

    @property
    def table(self) -> AtlasTable:
        """The table of the chosen run."""
        return self.library.table(self.state.run)

    @property
    def axes(self) -> tuple[str, str]:
        """Columns across and upwards."""
        return self.table.maps.get(self.state.projection) or (self.state.x, self.state.y)

    @property
    def coordinates(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """X and y of every object, shape (n_rows,) each, NaN where there is no place for it."""
        x, y = self.axes
        return self.table.numbers(x), self.table.numbers(y)

    @property
    def ground(self) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """X and y of the objects that this map was made from, where those are another store's; else None."""
        return self.table.ground.get(self.state.projection)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The view that shows everything: x0, x1, y0, y1."""
        def make() -> tuple[float, float, float, float]:
            x, y = self.coordinates
            if self.ground is not None:
                x, y = np.concatenate([x, self.ground[0]]), np.concatenate([y, self.ground[1]])
            return *derive.extent(x), *derive.extent(y)

        return self._kept("extent", (self.state.run, self.axes), make)

    @property
    def colouring(self) -> Colouring:
        """How the map is coloured."""
        name = self.state.colour_by
        kind = DENSITY if name == DENSITY else "categorical" if self.table.is_categorical(name) else "continuous"
        return COLOURINGS.get(kind)

    @property
    def scale(self) -> Scale | None:
        """The colour scale of a numeric column, None for other colourings."""
        if self.colouring.kind != "mean":
            return None
        if self.state.limits:
            return Scale(*self.state.limits)
        column = self.state.colour_by
        return self._kept("scale", (self.state.run, column), lambda: self.colouring.scale_of(self.table.numbers(column)))

    def _rows_of(self, rule: str, memory: str) -> NDArray[np.int64] | None:
        if not rule:
            return None
        table = self.table
        return self._kept(memory, (self.state.run, rule), lambda: derive.rows_of(rule, table.values, table.n_rows))

    @property
    def drawn(self) -> NDArray[np.int64] | None:
        """Rows that are drawn, None for all."""
        return self._rows_of(self.state.only, "only")

    @property
    def selected(self) -> NDArray[np.int64] | None:
        """Rows that are selected and drawn, None when there is no selection."""
        rows, drawn = self._rows_of(self.state.selection, "selection"), self.drawn
        if rows is None or drawn is None:
            return rows
        return np.intersect1d(rows, drawn, assume_unique=True)

    @property
    def n_drawn(self) -> int:
        """How many objects are drawn: those that have a place on this map and satisfy the rule of what is drawn."""
        def make() -> int:
            x, y = self.coordinates
            placed = np.isfinite(x) & np.isfinite(y)
            return int(placed.sum() if self.drawn is None else placed[self.drawn].sum())

        return self._kept("n_drawn", (self.state.run, self.axes, self.state.only), make)

    @property
    def theme(self) -> str:
        """"dark" or "light", as the page is now."""
        return "dark" if self.dark else "light"

    @property
    def points(self) -> pandas.DataFrame:
        """What the raster aggregates; shared with other tabs unless this one draws only some of the objects."""
        state, drawn = self.state, self.drawn
        key = "points", state.run, self.axes, state.colour_by
        if drawn is None:
            return self.library.once(key, self._points)
        return self._kept("points", (*key, state.only), lambda: self._points().iloc[drawn])

    def _points(self) -> pandas.DataFrame:
        x, y = self.coordinates
        kind, name = self.colouring.kind, self.state.colour_by
        if kind == "classes":
            classes = self.table.classes(name)
            return raster.points(x, y, classes.codes, len(classes.names))
        return raster.points(x, y, self.table.numbers(name) if kind == "mean" else None)

    @property
    def focus_row(self) -> int:
        """Row of the object in focus, -1 for none."""
        return self.table.row_of(self.state.focus) if self.state.focus else -1

    # ---- talking to the user

    def on(self, names: list[str], do: Callable[[], None]) -> None:
        """Call `do` after any of these choices changed; a fault becomes a notification."""
        def changed(*_: Any) -> None:
            try:
                do()
            except AtlasError as error:
                self.failed(error)

        self.state.param.watch(changed, names)

    def once_shown(self, do: Callable[[], None]) -> None:
        """Call `do` when the browser has built the page; what is put on it earlier may never be shown."""
        pn.state.onload(do)

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
