"""The keys at work: the browser hears them wherever the cursor is and says on what they act; here is what the server does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn
import param

from dashboard import actions, selecting, theme, walking
from dashboard.keys import KEYS
from dashboard.state import DENSITY, MODES, SLOTS
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from dashboard.session import Session

_COLOURS = (DENSITY, "class", "z", "survey", "snr_median", "chi2_pix", "anomaly", "trust", "class_pred", "dv", "unlike")
_FIRST_REACH = 1 / 64  # of the view, around its middle, in which an object is looked for first


class Keys(pn.custom.JSComponent):
    """A badge that says on what the keys act; the keys work as long as it is on the page."""

    keys = param.List([[press, key.how, what, key.desk] for key in KEYS for press, what in key.acts], constant=True)

    _esm = Path(__file__).with_name("keys.js")

    def __init__(self, session: Session, **params: Any):
        super().__init__(stylesheets=[theme.css("keys")], width=84, height=24, margin=(0, 4), align="center", **params)
        self._session = session
        self.on_msg(lambda event: self._pressed(event.data))

    def _pressed(self, said: Any) -> None:
        action = ACTIONS.get(said.get("what", "")) if isinstance(said, dict) else None
        if action is None:
            return
        try:
            action(self._session, _number(str(said.get("figure", ""))))
        except AtlasError as error:
            self._session.failed(error)


def _number(figure: str) -> int:
    """Number of the map whose figure has this name; the first one's when it is no map."""
    word = figure.removeprefix("map ")
    return int(word) - 1 if word.isdecimal() else 0


def _window(session: Session, number: int) -> tuple[float, float, float, float]:
    return session.state.window(number) or session.extent_of(session.state.maps[number])


def select_view(session: Session, number: int) -> None:
    """Select what is in view on a map."""
    x0, x1, y0, y1 = _window(session, number)
    selecting.select_geometry(session, {"type": "rect", "x0": x0, "x1": x1, "y0": y0, "y1": y1},
                              session.axes_of(session.state.maps[number]))


def to_the_middle(session: Session, number: int) -> None:
    """Put the object nearest to the middle of a map into focus."""
    x0, x1, y0, y1 = _window(session, number)
    plane = session.plane(number)
    bits, share, row = session.by_place(plane, session.drawn_rule), _FIRST_REACH, -1
    while row < 0 and share <= 1:
        row = plane.nearest(((x0 + x1) / 2, (y0 + y1) / 2), (share * (x1 - x0), share * (y1 - y0)), bits)
        share *= 4
    if row >= 0:
        session.focus_on(row)


def turn_colouring(session: Session, by: int) -> None:
    """Colour by the next of the customary columns."""
    state = session.state
    names = [name for name in _COLOURS if name == DENSITY or name in session.table.columns] + [SLOTS] * bool(state.a or state.b)
    at = names.index(state.colour_by) if state.colour_by in names else -1 if by > 0 else 0
    actions.choose_colour(session, names[(at + by) % len(names)])


def next_mode(session: Session) -> None:
    """Join selections another way, and say so."""
    state = session.state
    state.mode = MODES[(MODES.index(state.mode) + 1) % len(MODES)]
    session.tell(f"A new selection is now joined by: {state.mode}")


def keep(session: Session, slot: str) -> None:
    """Keep the selection in a slot, and say so."""
    if not session.state.selection:
        session.tell("Nothing is selected that could be kept", "warning")
        return
    selecting.keep(session, slot)
    session.tell(f"{slot.upper()} keeps {session.n_selected:,} objects")


def _turned(name: str) -> Callable[[Session, int], None]:
    """The other value of a choice that is yes or no."""
    return lambda session, _: setattr(session.state, name, not getattr(session.state, name))


def _page(name: str) -> Callable[[Session, int], None]:
    return lambda session, _: actions.show_page(session, name)


ACTIONS: dict[str, Callable[[Session, int], None]] = {
    "next": lambda session, _: walking.step(session, 1),
    "previous": lambda session, _: walking.step(session, -1),
    "middle": to_the_middle,
    "select view": select_view,
    "next mode": lambda session, _: next_mode(session),
    "undo": lambda session, _: selecting.undo(session),
    "redo": lambda session, _: selecting.redo(session),
    "clear": lambda session, _: selecting.clear(session),
    "keep a": lambda session, _: keep(session, "a"),
    "keep b": lambda session, _: keep(session, "b"),
    "draw only": lambda session, _: selecting.draw_only_selected(session) if session.state.selection else None,
    "draw all": lambda session, _: selecting.draw_all(session),
    "filters": _turned("drawer"),
    "islands": _turned("islands"),
    "spokes": _turned("spokes"),
    "page object": _page("object"),
    "page selection": _page("selection"),
    "page space": _page("space"),
    "page sky": _page("sky"),
    "page models": _page("models"),
    "page grade": _page("grade"),
    "next colouring": lambda session, _: turn_colouring(session, 1),
    "previous colouring": lambda session, _: turn_colouring(session, -1),
    "theme": lambda session, _: actions.toggle_theme(session),
    "wide": _turned("wide"),
}
"""What a key does on the server, given the session and the number of the map in force."""
