"""The page "Models": the runs there are, their training curves as they grow, their cards and how well they do."""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmui

from dashboard import palettes, runs, theme, words
from dashboard.runs import TRAINING, Training
from dashboard.session import Session
from dashboard.views import View, _modelcard
from dashboard.views._curvefigure import CurveFigure
from dashboard.views._empty import empty
from dashboard.views._pages import NARROW
from dashboard.views._runlist import RunList
from dashboard.views._switches import one_of

_TITLE = "Models"
_EVERY_MS = 2000
_MOST = 8
"""Runs beside each other."""

_NO_CURVES = ("No curves", "The folder of this run holds no journal of its training.")


class ModelsPage:
    """Follows the runs on the disk while it is seen."""

    def __init__(self, session: Session):
        self.session, self._reading, self._describing = session, session.latest(), session.latest()
        self._runs: list[Training] = []
        self._shown: tuple | None = None
        self._asked = self._waiting = False
        self.list = RunList(self._heard)
        looks = {"stylesheets": [theme.css(), theme.css("models")], "margin": 0}
        self.head = pn.pane.HTML("", height=46, sizing_mode="stretch_width", **looks)
        self.term = pmui.Select(label="Curve", options=["loss"], value="loss", size="small", width=150, margin=(0, 8, 0, 0),
                                sx=NARROW)
        self.term.param.watch(lambda _: self._draw(), "value")
        self.scale = one_of({"Linear": "linear", "Log": "log"}, self._draw)
        self.key = pn.pane.HTML('<div class="key"><i></i>validation<i class="train"></i>training<b></b>best</div>',
                                align="center", **looks)
        self.plots = {"linear": CurveFigure(log=False), "log": CurveFigure(log=True)}
        self.canvases = {name: pn.pane.Bokeh(plot.figure, sizing_mode="stretch_both", margin=(0, 6, 0, 6))
                         for name, plot in self.plots.items()}
        self.without = pn.pane.HTML(empty(*_NO_CURVES), sizing_mode="stretch_both", **looks)
        self.curves = pn.Column(self.canvases["linear"], sizing_mode="stretch_both", margin=0,
                                styles={"flex": "1 1 0", "min-height": "0"})
        self.side = one_of({"Evaluation": "evaluation", "Card": "card"}, self._describe)
        self.about = pn.pane.HTML("", sizing_mode="stretch_both", **looks, styles={"overflow-y": "auto", "flex": "1.15 1 0",
                                                                                   "min-height": "0"})
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", **looks)
        tools = pn.Row(self.term, self.scale, pn.Spacer(sizing_mode="stretch_width"), self.key, sizing_mode="stretch_width",
                       margin=(4, 14, 0, 14), height=36)
        turn = pn.Row(self.side, sizing_mode="stretch_width", margin=(2, 14, 4, 14), height=26)
        self.whole = pn.Column(self.list, self.head, tools, self.curves, turn, self.about, sizing_mode="stretch_both", margin=0)
        self.body = pn.Column(self.hint, sizing_mode="stretch_both", margin=0)
        session.on(["page"], self._look)
        session.on(["models", "run"], self._choose)
        session.on(["dark"], self._repaint)
        session.once_shown(self._look)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.body

    # ---- what is on the disk, asked again and again while the page is seen

    def _look(self) -> None:
        if not self._asked and self.session.shows(_TITLE):
            self._asked = True
            store = self.session.library.store
            self._reading.submit(lambda: runs.trainings(store), self._arrive)

    def _arrive(self, found: list[Training]) -> None:
        self._runs, self._asked = found, False
        if not self._waiting:
            self._waiting = True
            self.session.later(self._again, _EVERY_MS)
        self._list()
        state = tuple(run.snapshot for run in self._chosen()), self.session.dark
        if state != self._shown or not found:
            self._shown = state
            self._show()
        elif any(run.state == TRAINING for run in self._chosen()):
            self._say()

    def _again(self) -> None:
        self._waiting = False
        self._look()

    def _chosen(self) -> list[Training]:
        """The runs that are shown: those of State that there are, else that of the maps, else the newest."""
        by_key = {run.key: run for run in self._runs}
        wanted = [by_key[key] for key in self.session.state.models if key in by_key]
        own = [run for run in self._runs if run.folder.name == self.session.state.run]
        busy = [run for run in self._runs if run.state == TRAINING]
        return (wanted or busy[:1] or own[:1] or self._runs[:1])[:_MOST]

    def _choose(self) -> None:
        if self._runs:
            self._shown = tuple(run.snapshot for run in self._chosen()), self.session.dark
            self._list()
            self._show()

    def _heard(self, message: dict[str, Any]) -> None:
        keys, state = [run.key for run in self._chosen()], self.session.state
        known = {run.key for run in self._runs}
        if message.get("choose") in known:
            state.models = (message["choose"],)
        elif message.get("toggle") in known:
            key = message["toggle"]
            left = [other for other in keys if other != key] if key in keys else [*keys, key][-_MOST:]
            state.models = tuple(left or keys)
            if not left:
                self.list.param.trigger("chosen")  # one stays: its box is ticked again

    # ---- what is shown of it

    @property
    def _colours(self) -> tuple[str, ...]:
        return palettes.class_colours(tuple(map(str, range(_MOST))), self.session.theme)

    def _list(self) -> None:
        rows = [_row(run) for run in self._runs]
        changes = {"runs": rows} if rows != self.list.runs else {}
        chosen, colours = [run.key for run in self._chosen()], list(self._colours)
        changes |= {"chosen": chosen} if chosen != self.list.chosen else {}
        changes |= {"colours": colours} if colours != self.list.colours else {}
        if changes:
            self.list.param.update(**changes)

    def _show(self) -> None:
        if not self._runs:
            self._nothing()
            return
        chosen = self._chosen()
        terms = list(dict.fromkeys(term for run in chosen for term in run.curves.terms)) or ["loss"]
        if list(self.term.options) != terms:
            self.term.param.update(options=terms, value=self.term.value if self.term.value in terms else terms[0])
        if self.body.objects != [self.whole]:
            self.body[:] = [self.whole]
        self._say()
        self._draw()
        self._describe()

    def _describe(self) -> None:
        chosen, side, colours, path = self._chosen(), self.side.value, self._colours, self.session.library.path
        if chosen:
            self._describing.submit(lambda: _modelcard.describe(chosen, side, colours, path),
                                    lambda text: setattr(self.about, "object", text))

    def _nothing(self) -> None:
        path = self.session.library.path
        told = empty("No models yet", "Train one on this store; its curves grow here while it learns.",
                     f"qso train redshift {path} --run NAME") if self.session.library.store is not None else \
            empty("This table has no models", "Models are trained on a store of spectra.", "qso ingest FILES --out my.store")
        self.hint.object = told
        if self.body.objects != [self.hint]:
            self.body[:] = [self.hint]

    def _say(self) -> None:
        said = _modelcard.head(self._chosen(), self._colours)
        if self.head.object != said:
            self.head.object = said

    def _draw(self) -> None:
        chosen = self._chosen()
        plot = self.plots[self.scale.value]
        there = plot.show([(run.folder.name, run.curves) for run in chosen], self.term.value, self._colours)
        plot.paint(theme.ink(self.session.dark))
        if not there and any(len(run.curves.epochs) for run in chosen):
            self.without.object = empty("Nothing of it is positive", "A logarithmic axis cannot show it: choose Linear.") \
                if plot.log else empty("Nothing is said of it", "Choose another curve.")
        elif not there:
            self.without.object = empty("The first epoch is under way", "Its losses appear when it is done.") \
                if any(run.state == TRAINING for run in chosen) else empty(*_NO_CURVES)
        content = self.canvases[self.scale.value] if there else self.without
        if self.curves.objects != [content]:
            self.curves[:] = [content]

    def _repaint(self) -> None:
        self._shown = None
        if self._runs:
            self._choose()


def _row(run: Training) -> dict[str, Any]:
    """A run as a line of the list; its words change no oftener than there is something to see."""
    loss = run.curves.valid.get("loss")
    best = run.config.get("best_loss", float(loss[run.curves.best]) if loss is not None and run.curves.best >= 0 else None)
    return {"key": run.key, "name": run.folder.name, "model": str(run.config["model"]), "place": run.place, "state": run.state,
            "share": round(run.share, 3), "said": runs.standing(run), "loss": "" if best is None else words.number(best),
            "made": str(run.config.get("created", ""))[:10]}


VIEW = View(_TITLE, "models", 0, ModelsPage)
