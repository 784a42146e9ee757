"""The page "Grade": campaigns, what has come of them, and the making of new ones."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn
import param

from dashboard import actions, theme, words
from dashboard.campaigns import Campaigns, wanted
from dashboard.views import View
from dashboard.views._pages import shown_rule
from dashboard.who import Person
from dashboard.worker import Latest
from qsocore.errors import AtlasError
from qsocore.selection import from_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard.session import Session

_TITLE = "Campaigns"
_EVERY_MS = 3000
_MAKE = "Make one of what is selected: others grade it, one object after another."
_WAIT = "An owner makes one of a selection; then it is graded here."
_NO_STORE = "They are made of a store of spectra or images, and this is a table."


class CampaignFace(pn.custom.JSComponent):
    """The page in the browser; tells `heard` of what is done there."""

    content = param.Dict({}, doc="The list of campaigns, all of the chosen one, and what a new one can be made of.")
    making = param.String(doc="Name of the campaign that is being made, empty for none.")

    _esm = Path(__file__).with_name("campaign.js")

    def __init__(self, heard: Callable[[dict[str, Any]], None]):
        super().__init__(sizing_mode="stretch_both", margin=0, stylesheets=[theme.css(), theme.css("campaign")])
        self._heard = heard

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        self._heard(msg)

    def tell(self, **message: Any) -> None:
        """Send what is no lasting content."""
        self._send_msg(message)


class CampaignPage:
    """Follows the campaigns while it is seen, and makes new ones."""

    def __init__(self, session: Session):
        self.session, self.chosen = session, ""
        self._reading = session.latest()
        self._making = Latest(session.document, session.library.pool, self._refused)
        self._asked = self._waiting = False
        self.face = CampaignFace(self._hear)
        session.on(["page", "tab"], self._look)
        session.when_shown(_TITLE, ["selection", "only", "filters", "hidden", "run"], self._ask)
        session.once_shown(self._look)

    def __panel__(self) -> CampaignFace:
        return self.face

    # ---- what there is, asked again and again while the page is seen

    def _look(self) -> None:
        if not self._asked and self.session.shows(_TITLE):
            self._ask()

    def _ask(self) -> None:
        self._asked = True
        session, chosen = self.session, self.chosen
        person, rule = session.person, shown_rule(session)[0]
        if session.library.store is None:
            self._arrive({"list": [], "chosen": "", "about": None, "form": None, "hint": _NO_STORE})
            return

        def work() -> dict[str, Any]:
            campaigns = session.library.once("campaigns", lambda: Campaigns(session.library.labels))
            campaigns.look()
            return self._content(campaigns, person, chosen, rule)

        self._reading.submit(work, self._arrive)

    def _content(self, campaigns: Campaigns, person: Person, chosen: str, rule: str) -> dict[str, Any]:
        names = campaigns.names()
        chosen = chosen if chosen in names else next(iter(names), "")
        return {"person": person.name, "role": person.role, "list": campaigns.listed(person), "chosen": chosen,
                "about": campaigns.told(chosen, person) if chosen else None,
                "form": self._form(rule) if person.may("owner") and self._desks() else None,
                "hint": _MAKE if person.may("owner") else _WAIT}

    def _arrive(self, content: dict[str, Any]) -> None:
        self._asked, self.chosen = False, content["chosen"]
        if content != self.face.content:
            self.face.content = content
        if not self._waiting:
            self._waiting = True
            self.session.later(self._again, _EVERY_MS)

    def _again(self) -> None:
        self._waiting = False
        self._look()

    # ---- a new one

    def _desks(self) -> list[str]:
        library = self.session.library
        return [*["lenses"] * bool(library.pictures), *["spectra"] * library.has_spectra]

    def _columns(self) -> dict[str, str]:
        """Titles of the columns that can order a queue, by name."""
        table = self.session.table
        return {name: words.title(column) for name, column in table.columns.items() if table.is_numeric(name)}

    def _form(self, rule: str) -> dict[str, Any]:
        session = self.session
        n = session.count(rule) if rule else session.table.n_rows
        of = "selected" if session.state.selection else "drawn" if rule else "in the catalogue"
        return {"of": f"{n:,} objects {of}", "n": n, "desks": self._desks(), "columns": list(self._columns().items()),
                "graders": self._graders()}

    def _graders(self) -> list[str]:
        """Names to choose from, where people log in."""
        gate = getattr(self.session.login, "gate", None)
        return [user.name for user in gate.users.all().values() if Person(user.name, user.role).may("grader")] if gate else []

    def _make(self, form: dict[str, Any]) -> None:
        person, session = self.session.require("owner"), self.session
        asked, rule = wanted(form, self._desks(), list(self._columns())), shown_rule(session)[0]

        def work() -> str:
            from qsocore.workflow.campaign import create

            create(session.library.path, rule=from_json(rule) if rule else None, seed=secrets.randbelow(2**31), by=person.name,
                   url=session.library.labels_url, run=session.state.run or None, **asked)
            return asked["name"]

        self.face.making = asked["name"]
        self._making.submit(work, self._made)

    def _made(self, name: str) -> None:
        self.chosen, self.face.making = name, ""
        self.face.tell(made=name)
        self._ask()

    def _refused(self, error: Exception) -> None:
        self.face.making = ""
        if isinstance(error, AtlasError):
            self.face.tell(fault=error.what + (f"; {error.remedy}" if error.remedy else ""))
        else:
            self.session.failed(error)

    # ---- what the user does

    def _hear(self, message: dict[str, Any]) -> None:
        about = self.face.content.get("about") or {}
        try:
            if isinstance(message.get("choose"), str):
                self.chosen = message["choose"]
                self._ask()
            elif isinstance(message.get("make"), dict) and not self.face.making:
                self._make(message["make"])
            elif message.get("focus") in [one["id"] for one in about.get("all", {}).get("disputed", ())]:
                self.session.state.focus = message["focus"]
            elif message.get("grade") is True and about.get("may"):
                self.session.grading = about["desk"], about["name"]
                actions.show_page(self.session, "grade", about["desk"].capitalize())
        except AtlasError as error:
            self._refused(error)


VIEW = View(_TITLE, "grade", 9, CampaignPage)
