"""The tab "Propose": verdicts train a classifier of the latents within seconds; its score colours the maps, and names what to
look at next.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import panel as pn
import panel_material_ui as pmui

from dashboard import actions, selecting, theme, words
from dashboard.views import View
from dashboard.views._empty import empty
from dashboard.worker import Latest
from qsocore.active.judged import Judged, judged
from qsocore.errors import AtlasError
from qsocore.workflow.propose import BY, FEWEST, Learnt, Proposal, learnt_of

if TYPE_CHECKING:
    from dashboard.session import Session
    from qsocore.inspection import Verdict

_EVERY_MS = 3000
_TOLD_S = 0.2
_SMALL = {"size": "small", "margin": (4, 6)}
_COLOURS = {"Score": "active_score", "Uncertainty": "active_uncertainty", "Improvement": "active_improvement",
            "Rank": "active_rank"}
_NEEDS = {"grader": "Learning needs the role of a grader; you look as {name}.",
          "owner": "A campaign is made by an owner; you are here as {name}."}


class ProposePane:
    """A tab of the page Grade."""

    def __init__(self, session: Session):
        self.session, self._reading = session, session.latest()
        self._learning = Latest(session.document, session.library.pool, self._failed)
        self._verdicts: list[Verdict] = []
        self._judged: Judged | None = None
        self._waiting = self._busy = False
        self._proposed: list[str] = []
        self._order = ""
        self._told = 0.0
        looks = {"margin": (2, 6), "sizing_mode": "stretch_width", "stylesheets": [theme.css("export")]}
        self.said, self.state, self.after = (pn.pane.HTML("", **looks) for _ in range(3))
        self.positive = pmui.TextInput(label="Positive are", value="A, B", width=130, **_SMALL)
        self.negative = pmui.TextInput(label="Negative are", value="C, X", width=130, **_SMALL)
        self.by = pmui.Select(label="Propose by", options={word.capitalize(): word for word in BY}, value=BY[0], width=150,
                              **_SMALL)
        self.n = pmui.IntInput(label="Objects", value=50, start=1, end=10_000, width=96, **_SMALL)
        self.name = pmui.TextInput(label="Name of the campaign", value="", width=190, **_SMALL)
        self.learn = self._button("Learn", self._allowed("grader", self._learn))
        self.propose = self._button("Propose next 50", self._allowed("grader", self._propose))
        self.campaign = self._button("Make a campaign of them", self._allowed("owner", self._campaign), "outlined")
        self.colours = {name: self._button(name, lambda column=column: actions.choose_colour(session, column), "text")
                        for name, column in _COLOURS.items()}
        for widget in (self.positive, self.negative):
            widget.param.watch(lambda _: self._count(), "value")
        for widget in (self.n, self.by, self.name):
            widget.param.watch(lambda _: self._say(), "value")
        spread = {"sizing_mode": "stretch_width", "margin": 0}
        self.content = pn.Column(
            self._title("Learn"), self.said,
            pn.FlexBox(self.positive, self.negative, self.learn, align_items="center", **spread), self.state,
            self._title("Colour the maps by"), pn.FlexBox(*self.colours.values(), align_items="center", **spread),
            self._title("Look at next"), pn.FlexBox(self.by, self.n, self.propose, align_items="center", **spread),
            pn.FlexBox(self.name, self.campaign, align_items="center", **spread), self.after, sizing_mode="stretch_both",
            margin=(4, 8), styles={"overflow-y": "auto", "gap": "2px"})
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", margin=0, stylesheets=[theme.css()])
        self.body = pn.Column(self.hint, sizing_mode="stretch_both", margin=0)
        session.when_shown(VIEW.title, ["run", "joined"], self._begin)
        session.on(["page", "tab"], self._look)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.body

    def _title(self, text: str) -> pn.pane.HTML:
        return pn.pane.HTML(f"<h3>{words.html(text)}</h3>", margin=(0, 6), stylesheets=[theme.css("export")])

    def _button(self, label: str, do, variant: str = "contained") -> pmui.Button:
        return pmui.Button(label=label, variant=variant, disabled=True, on_click=lambda _: do(), align="center", **_SMALL)

    # ---- what is known

    @property
    def _learnt(self) -> Learnt | None:
        """What the columns of the run that is shown follow from."""
        run = self.session.table.run
        return learnt_of(run) if run is not None else None

    def _begin(self) -> None:
        table = self.session.table
        if table.run is None or not table.latent_names:
            self.hint.object = empty("Nothing to learn from", "Verdicts are learnt by the latents of a run: embed the store "
                                     "first.", "qso embed STORE --run NAME")
            self.body[:] = [self.hint]
            return
        self.body[:] = [self.content]
        self._look()

    def _look(self) -> None:
        """Read what was said since the last look, and look again for as long as the tab is seen."""
        if self._waiting or not self.session.shows(VIEW.title) or self.session.table.run is None:
            return
        self._waiting = True
        labels, after = self.session.library.labels, max((said.number for said in self._verdicts), default=0)
        self._reading.submit(lambda: list(labels.verdicts(after=after)), self._arrive)

    def _arrive(self, new: list[Verdict]) -> None:
        self._verdicts += new
        if new or self._judged is None:
            self._count()
        self.session.later(self._again, _EVERY_MS)

    def _again(self) -> None:
        self._waiting = False
        self._look()

    def _count(self) -> None:
        self._judged = judged(self._verdicts, *self._words)
        self._say()

    @property
    def _words(self) -> tuple[list[str], list[str]]:
        return tuple([word.strip() for word in widget.value.split(",") if word.strip()]
                     for widget in (self.positive, self.negative))

    # ---- what is said

    def _say(self) -> None:
        """Counts, where the columns come from, and what may be pressed."""
        found, session = self._judged, self.session
        if found is None:
            return
        people = len(found.people)
        self.said.object = (f'<div class="about"><b>{found.n_positive:,}</b> positive and <b>{found.n_negative:,}</b> negative '
                            f"objects, by {people} {'person' if people == 1 else 'people'}"
                            + (f"; {found.divided:,} are divided" if found.divided else "") + "</div>")
        learnt, few = self._learnt, min(found.n_positive, found.n_negative) < FEWEST
        there = learnt is not None and "active_score" in session.table.columns
        self.learn.disabled = self._busy or few or not session.person.may("grader")
        self.propose.param.update(label=f"Propose next {self.n.value:,}", disabled=self._busy or not there)
        self.campaign.disabled = self._busy or not self._proposed or not self.name.value or not session.person.may("owner")
        for button in self.colours.values():
            button.disabled = not there
        if not self._busy:
            self.state.object = f'<div class="about">{self._why(few, learnt if there else None)}</div>'
        if not session.person.may("owner"):
            self.after.object = f'<div class="about">{words.html(_NEEDS["owner"].format(name=session.person.name))}</div>'

    def _why(self, few: bool, learnt: Learnt | None) -> str:
        """Why learning is not possible, or from what was learnt."""
        if not self.session.person.may("grader"):
            return words.html(_NEEDS["grader"].format(name=self.session.person.name))
        if few:
            return f"It takes {FEWEST} positive and {FEWEST} negative objects to learn: grade some more."
        if learnt is None:
            return "Nothing is learnt yet under this run."
        newer = max((said.number for said in self._verdicts), default=0) - learnt.until
        return (f"Learnt from {learnt.positive:,} positive and {learnt.negative:,} negative objects, verdicts up to "
                f"{learnt.until:,}{f' ({newer:,} newer)' if newer > 0 else ''}, by {words.html(', '.join(learnt.people))}, "
                f"{words.html(learnt.created)}; {'a calibrated' if learnt.calibrated else 'not yet a calibrated'} probability.")

    # ---- what is done

    def _learn(self) -> None:
        self._run(lambda proposal: None)

    def _propose(self) -> None:
        learnt = self._learnt
        if learnt is not None and learnt.by == self.by.value:
            self._select(self._first())
        elif self.session.person.may("grader"):
            self._run(lambda proposal: self._select(proposal.ids))  # the rank follows another measure
        else:
            self.session.tell(f"the rank is by {learnt.by if learnt else 'nothing'}; only a grader learns anew", "warning")

    def _first(self) -> list[str]:
        """The first objects by their rank, in its order."""
        table = self.session.table
        rank = table.exact("active_rank")
        rows = np.flatnonzero(rank <= self.n.value)
        return table.ids_of(rows[np.argsort(rank[rows])])

    def _select(self, ids: list[str]) -> None:
        selecting.choose(self.session, {"op": "ids", "ids": ids}, "replace")
        self._proposed = ids
        self._order = f"score:active_{'score' if self.by.value == 'diversity' else self.by.value}"
        self.name.value = self.name.value or f"proposed-{time.strftime('%Y%m%d-%H%M')}"
        self.after.object = (f'<div class="about">{len(ids):,} objects are selected; undo brings the former selection '
                             f"back.</div>")
        self._say()

    def _run(self, then) -> None:
        """Learn beside the event loop; what follows from the table is shown anew at its end."""
        session, (positive, negative), by, n = self.session, self._words, self.by.value, self.n.value
        path, run, url = session.library.store.path, session.state.run, session.library.labels_url
        self._busy = True
        self.learn.loading = True
        self.state.object = '<div class="about" role="status">Learning ...</div>'
        self._say()

        def work() -> Proposal:
            from qsocore.workflow.propose import propose

            made = propose(path, run, n, by, positive=positive, negative=negative, url=url, watch=self._watch)
            session.library.renew(run)
            return made

        def done(made: Proposal) -> None:
            self._rest()
            actions.follow_table(session)
            then(made)

        self._learning.submit(work, done)

    def _allowed(self, role: str, do: Callable[[], None]) -> Callable[[], None]:
        """A deed for those who may, whatever the browser offers."""
        def deed() -> None:
            try:
                self.session.require(role)
            except AtlasError as error:
                self.session.failed(error)
                return
            do()

        return deed

    def _failed(self, error: Exception) -> None:
        self._rest()
        self.session.failed(error)

    def _rest(self) -> None:
        self._busy = False
        self.learn.loading = False
        self._say()

    def _watch(self, done: int) -> None:
        """How far the scoring is; called by the thread that does it."""
        now = time.monotonic()
        if now - self._told > _TOLD_S:
            self._told = now
            share = done / max(self.session.table.n_rows, 1)
            self.session.later(lambda: self._progress(share))

    def _progress(self, share: float) -> None:
        if self._busy:
            self.state.object = f'<div class="about" role="status">Scoring: {100 * share:.0f} % of the objects</div>'

    def _campaign(self) -> None:
        session, name, ids, order = self.session, self.name.value, self._proposed, self._order
        desk = "lenses" if session.library.store.image_store is not None else "spectra"
        path, run, person, url = session.library.store.path, session.state.run, session.person.name, session.library.labels_url

        def work() -> int:
            from qsocore.workflow.campaign import create

            return len(create(path, name, desk=desk, rule=ids, order=order, run=run, by=person, url=url).items)

        def then(items: int) -> None:
            self._rest()
            self.after.object = (f'<div class="about">The campaign {words.html(name)} waits at the desk of {desk}: '
                                 f"{items:,} items, the best first.</div>")

        self._busy = True
        self._say()
        self._learning.submit(work, then)


VIEW = View("Propose", "grade", 5, ProposePane)
