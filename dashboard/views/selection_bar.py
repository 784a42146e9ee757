"""The selection bar under the maps: a box for rules, ids and places, modes, the way back, slots, and the rule itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import panel as pn
import param

from dashboard import named, search, selecting, theme
from dashboard.state import MODES
from dashboard.views import View
from dashboard.worker import Latest
from qsocore.errors import AtlasError
from qsocore.selection import Rule, TextError, from_json, to_json, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard.session import Session

_LONGEST = 100_000
"""Signs of a rule that is shown and copied; one of more ids than that is saved or exported instead."""
_ADDRESS = 30_000
"""Signs of a rule that an address surely takes: servers refuse more than twice as many."""
_PENDING = -1
"""Stands for a number that is being counted."""


class SelectionStrip(pn.custom.JSComponent):
    """The strip in the browser."""

    content = param.Dict({}, doc="What the strip and its panel show.")

    _esm = Path(__file__).with_name("selection_bar.js")

    def __init__(self, heard: Callable[[dict[str, Any]], None], **params: Any):
        super().__init__(stylesheets=[theme.css(), theme.css("selecting")], **params)
        self._heard = heard

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        self._heard(msg)


class SelectionBar:
    """Answers the strip and tells it what to show."""

    def __init__(self, session: Session):
        self.session, self._counting, self._completing = session, session.latest(), session.latest()
        self._asked: dict[str, str] = {}
        self._searching = Latest(session.document, session.library.pool, self._refused)
        self._naming, self._named = session.latest(), None
        self._rules: dict[str, tuple[str, str]] = {}
        self._counts: dict[str, int | None] = {"selected": None, "a": None, "b": None}
        self.bar = SelectionStrip(self._hear, height=36, sizing_mode="stretch_width", margin=0, content=self._content())
        session.on(["selection", "a", "b", "only", "filters", "hidden", "run", "joined", "mode"], self._show)
        session.on(["dark"], self._show)
        self._show()

    def __panel__(self) -> pn.viewable.Viewable:
        return self.bar

    # ---- what it shows

    def _content(self) -> dict[str, Any]:
        state, history, ink = self.session.state, self.session.history, theme.ink(self.session.dark)
        rule = state.selection
        text = "" if not rule else f"a rule of {len(rule):,} signs" if len(rule) > _LONGEST else to_text(from_json(rule))
        return {"mode": state.mode, "undo": bool(history.past), "redo": bool(history.future), "only": bool(state.only),
                "json": rule, "text": text, "long": len(rule) > _LONGEST,
                "colours": {"a": ink["a"], "b": ink["b"]}, "named": self._named, **self._counts}

    def _show(self) -> None:
        session, state = self.session, self.session.state
        rules = {name: (session.table.version, rule) for name, rule in
                 (("selected", session.selected_rule), ("a", state.a), ("b", state.b)) if rule}
        known = {name: n for name, n in self._counts.items() if n != _PENDING and self._rules.get(name) == rules.get(name)}
        due = [name for name in rules if name not in known]
        self._rules, self._counts = rules, {"selected": None, "a": None, "b": None} | known | dict.fromkeys(due, _PENDING)
        self.bar.content = self._content()

        def then(counts: dict[str, int]) -> None:
            self._counts |= counts
            self.bar.content = self._content()

        if due:
            self._counting.submit(lambda: {name: session.count(rules[name][1]) for name in due}, then)
        else:
            self._counting.cancel()

    # ---- what the user does

    def _hear(self, said: dict[str, Any]) -> None:
        do = self._deeds().get(said.get("do", ""))
        if do is not None:
            try:
                do(said)
            except AtlasError as error:
                self.session.failed(error)

    def _deeds(self) -> dict[str, Callable[[dict[str, Any]], None]]:
        session = self.session
        return {
            "complete": self._complete, "search": self._search, "rule": self._search,
            "mode": lambda said: session.state.param.update(mode=said["mode"]) if said.get("mode") in MODES else None,
            "hold": lambda said: selecting.hold(session, said["mode"]) if said.get("mode") in (*MODES, "") else None,
            "undo": lambda _: selecting.undo(session), "redo": lambda _: selecting.redo(session),
            "clear": lambda _: selecting.clear(session), "invert": lambda _: selecting.invert(session),
            "only": lambda _: selecting.draw_only_selected(session), "all": lambda _: selecting.draw_all(session),
            "keep": lambda said: selecting.keep(session, _slot(said)),
            "empty": lambda said: selecting.empty(session, _slot(said)),
            "select": lambda said: selecting.select_slot(session, _slot(said)),
            "swap": lambda _: selecting.swap(session),
            "names": lambda _: self._name(lambda: None),
            "save": lambda said: self._name(lambda: named.save(session, said["name"], said.get("replace") is True)),
            "rename": lambda said: self._name(lambda: named.rename(session, said["name"], said["to"])),
            "delete": lambda said: self._name(lambda: named.delete(session, said["name"])),
            "load": self._load,
        }

    def _name(self, change: Callable[[], None]) -> None:
        """Change what is kept under names, and show all that is."""
        def work() -> list[dict[str, str]]:
            change()
            return named.listed(self.session)

        def then(listed: list[dict[str, str]]) -> None:
            self._named = listed
            self.bar.content = self._content()

        self._naming.submit(work, then)

    def _load(self, said: dict[str, Any]) -> None:
        def then(found: tuple[Rule, str]) -> None:
            rule, remark = found
            selecting.choose(self.session, rule)
            if remark:
                self.bar._send_msg({"done": {"remark": remark}})

        self.session.latest().submit(lambda: named.find(self.session, said["name"]), then)

    def _complete(self, said: dict[str, Any]) -> None:
        text, cursor, table = str(said.get("text", "")), int(said.get("cursor") or 0), self.session.table

        def work() -> dict[str, Any]:
            start, items = search.complete(text, cursor, table)
            return {"suggestions": {"text": text, "start": start, "items": [list(item) for item in items]}}

        self._completing.submit(work, self.bar._send_msg)

    def _search(self, said: dict[str, Any]) -> None:
        """Select by what is typed; nothing changes when it cannot be understood or does not fit the columns."""
        text, edited, session = str(said.get("text", "")), said["do"] == "rule", self.session
        self._asked = {"text": text, "from": said["do"]}

        def work() -> tuple[search.Meaning, int]:
            meaning = search.understand(text, session.table)
            return meaning, session.count(to_json(meaning.rule))

        def then(result: tuple[search.Meaning, int]) -> None:
            meaning, n = result
            selecting.choose(session, meaning.rule, "replace" if edited else None)
            if meaning.focus:
                session.state.focus = meaning.focus
            long = len(session.state.selection) > _ADDRESS
            remarks = ("" if n else "no object matches", meaning.remark,
                       "too long for the page's address: save it under a name to find it again" if long else "")
            self.bar._send_msg({"done": {"remark": "; ".join(filter(None, remarks))}, **self._asked})

        self._searching.submit(work, then)

    def _refused(self, error: Exception) -> None:
        if not isinstance(error, AtlasError):
            self.session.failed(error)
            return
        fault = error.what + (f"; {error.remedy}" if error.remedy else "")
        self.bar._send_msg({"fault": fault, "place": error.place if isinstance(error, TextError) else None, **self._asked})


def _slot(said: dict[str, Any]) -> str:
    return "b" if said.get("slot") == "b" else "a"


VIEW = View("Selection bar", "map", 1, SelectionBar)
