"""What both desks have in common: the line of objects, the verdicts on their way to the database, the talk with the browser.

The browser holds the next objects before they are needed, shows one as soon as a key is pressed, and tells. It keeps each
verdict until the server confirms it, which is when `Labels.append` has returned, and says it again with the same token when no
answer comes: so none is lost and none is doubled.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn
import param

from dashboard import desk, theme
from dashboard.desk import Line, Objects, Place, Queue
from dashboard.deskclerk import Clerk
from dashboard.ordering import CATALOGUE, RANDOM, Order
from dashboard.views._pages import shown_rule
from dashboard.worker import Each
from qsocore.cli import explain
from qsocore.errors import ConfigError

if TYPE_CHECKING:
    from dashboard.session import Session

AHEAD = 4
"""Objects that the browser holds beyond the one that is shown."""
_HERE = Path(__file__).parent
_SHARED = (_HERE / "desk.js").read_text(encoding="utf-8")


def script(name: str) -> str:
    """The browser's side of a desk: what both have in common, and its own file."""
    return _SHARED + (_HERE / name).read_text(encoding="utf-8")


class Face(pn.custom.JSComponent):
    """A desk in the browser; tells `heard` of what is done there, and is told by `tell`."""

    words = param.Dict({}, doc="The vocabulary: lists of word, meaning and key by what they are.")

    def __init__(self, heard: Callable[[dict[str, Any]], None], **params: Any):
        super().__init__(sizing_mode="stretch_both", margin=0, stylesheets=[theme.css("desk")], **params)
        self._heard = heard

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        self._heard(msg)

    def tell(self, **message: Any) -> None:
        """Send a message to the browser."""
        self._send_msg(message)


class Desk:
    """One desk of one session.

    Parameters
    ----------
    session : Session
    title : str
        Of the view.
    face : Face
        Its side in the browser.
    """

    name = ""
    """As verdicts and campaigns name it."""

    def __init__(self, session: Session, title: str, face: Face):
        self.session, self.face, self.line = session, face, None
        library = session.library
        self.clerk = Clerk(library, session.person, self.name)
        self._writing, self._reading = Each(session.document, library.scribe), Each(session.document, library.pool)
        self._sent: set[int] = set()
        self._turn, self._at, self._campaigns = 0, 0, []
        self.campaign, self.order = session.grading[1] if session.grading[0] == self.name else "", Order(RANDOM)
        session.on(["grading"], self._follow)
        session.when_shown(title, ["selection", "only", "filters", "hidden", "run"], self._restart)

    def card(self, places: list[Place]) -> list[dict[str, Any]]:
        """What the browser shows of some objects; called beside the event loop."""
        raise NotImplementedError

    # ---- the line

    def _restart(self) -> None:
        """The page shows other objects: the line begins anew, unless it is a campaign's or the browser has not asked yet."""
        if self.line is not None and not self.campaign:
            self.begin()

    def begin(self) -> None:
        """Lay the line and show where it begins."""
        session, campaign, order, desk_name = self.session, self.campaign, self.order, self.name
        self._turn += 1
        turn = self._turn

        def work() -> tuple[Line, list[str]]:
            labels = session.library.labels
            rule, _ = shown_rule(session)
            line = Queue(self.clerk.campaign(campaign), labels, session.person.name, session.table) if campaign else \
                Objects.ordered(session.table, session.rows(rule), order, (labels, session.person.name, desk_name))
            self.prepare(line)
            return line, [name for name in labels.campaigns() if self.clerk.may_grade(self.clerk.campaign(name))]

        def then(made: tuple[Line, list[str]]) -> None:
            if turn == self._turn:
                self.line, self._campaigns = made
                self._at = self.line.begin
                self.resume()

        self._reading.submit(work, then, self._failed)

    def resume(self) -> None:
        """Show the line where it is, to a browser that has nothing of it."""
        self._sent = set()
        self.face.tell(start=self._about())
        self.fetch(self._at)
        self.looked(self._at)

    def prepare(self, line: Line) -> None:
        """Get ready for a line that is laid; called beside the event loop."""

    def _about(self) -> dict[str, Any]:
        """What the browser has to know of the line."""
        line, person, order = self.line, self.session.person, self.order
        home = sha256(str(self.session.library.path.resolve()).encode()).hexdigest()[:12]
        many = "" if line.campaign or line.n == line.n_there else f"the first {line.n:,} of {line.n_there:,} are in line"
        return {"turn": self._turn, "campaign": self.campaign, "campaigns": self._campaigns, "n": line.n, "begin": self._at,
                "graded": line.graded, "person": person.name, "home": home, "may": person.may("grader"),
                "random": order.by == RANDOM, "seed": order.seed, "wide": self.session.state.wide, "many": many,
                "of": "" if self.campaign else shown_rule(self.session)[1]}

    def fetch(self, at: int) -> None:
        """Send the object at a place, then those around it that the browser has not."""
        wanted = [k for k in (at, *range(at + 1, at + 1 + AHEAD), at - 1) if 0 <= k < self.line.n and k not in self._sent]
        self._sent.update(wanted)
        for part in ([k for k in wanted if k == at], [k for k in wanted if k != at]):
            if part:
                self._send(part)

    def _send(self, wanted: list[int]) -> None:
        line, turn = self.line, self._turn

        def work() -> list[dict[str, Any]]:
            places = [place for place in line.places(min(wanted), max(wanted) + 1) if place.at in wanted]
            said = [list(desk.history(line.said(place))) for place in places]
            return [self.named(place, told) | card for place, told, card in zip(places, said, self.card(places), strict=True)]

        def then(cards: list[dict[str, Any]]) -> None:
            if turn == self._turn:
                self._sent.difference_update(set(wanted) - {card["at"] for card in cards})
                self.face.tell(cards=cards, turn=turn, ended=len(cards) < len(wanted))

        self._reading.submit(work, then, self._failed)

    def looked(self, at: int) -> None:
        """The browser shows another place."""

    @staticmethod
    def named(place: Place, said: list[dict[str, Any]]) -> dict[str, Any]:
        """What the browser calls an object: of a campaign's by its number alone."""
        return {"at": place.at, "item": place.item, "id": place.object_id if place.item is None else "", "said": said}

    def _failed(self, error: Exception) -> None:
        self.face.tell(fault=explain(error))

    # ---- what the browser says

    def hear(self, message: dict[str, Any]) -> None:
        """Do what is asked for; words that are none are left alone."""
        match message:
            case {"hello": True}:
                self.begin() if self.line is None else self.resume()
            case {"deed": dict(deed)}:
                self._do(deed)
            case {"at": int(at)} if self.line is not None and 0 <= at <= self.line.n:
                self._at = at
                self.fetch(at)
                self.looked(at)
            case {"line": dict(wish)}:
                self.choose(wish)
            case {"focus": int(at)} if self.line is not None and self.line.campaign is None:
                self._focus(at)
            case {"wide": bool(wide)}:
                self.session.state.wide = wide

    def choose(self, wish: dict[str, Any]) -> None:
        """Another campaign, or another order of what the page shows."""
        self.campaign = str(wish.get("campaign", self.campaign))
        self.order = Order(RANDOM if wish.get("random", True) else CATALOGUE, seed=int(wish.get("seed", self.order.seed)))
        self.begin()

    def _follow(self) -> None:
        """A campaign was chosen for a desk elsewhere on the page."""
        desk_name, campaign = self.session.grading
        if desk_name == self.name and campaign != self.campaign:
            self.choose({"campaign": campaign})

    def _focus(self, at: int) -> None:
        for place in self.line.places(at, at + 1):
            self.session.focus_on(place.row)

    # ---- verdicts

    def _do(self, deed: dict[str, Any]) -> None:
        """Write what was said, beside the event loop, and confirm it."""
        token, session, line = str(deed.get("token", "")), self.session, self.line
        self.clerk.person = session.person  # with the role they have now
        self._writing.submit(lambda: self.clerk.do(deed, session.table, session.state.run, line),
                             lambda done: self.face.tell(confirmed=token, **done), lambda error: self._refuse(token, error))

    def _refuse(self, token: str, error: Exception) -> None:
        """A verdict that can never be written is given back; what a database could not do now is said again later."""
        self.face.tell(refused=token, why=explain(error), ever=isinstance(error, ConfigError))
