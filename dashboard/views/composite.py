"""The composite spectrum of the selection, or of the slots A and B with their difference, and what the model makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import panel as pn
from bokeh.plotting import figure

from dashboard import compared, theme, words
from dashboard.compared import Compared
from dashboard.session import Session
from dashboard.views import View
from dashboard.views._composite import CompositeFigure
from dashboard.views._empty import empty
from dashboard.views._switches import on_off, one_of, which_sets
from qsocore.compare.composite import Difference
from qsocore.compare.side_by_side import Member, side_by_side
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

_BAND_TIP = "Band: 16 to 84 % of 64 resamplings of the objects (bootstrap)."
_SCALE_TIP = "Each spectrum is scaled to the others where they overlap; each counts once."

Result = tuple[dict[str, Member], Difference | None, str, AtlasError | None]


class CompositePane:
    """A tab of the selection's page."""

    def __init__(self, session: Session):
        self.session, self.plot, self._work = session, CompositeFigure(), session.latest()
        self._sets: list[Compared] = []
        self._result: Result | None = None
        self.prefer = which_sets(self._make)
        self.frame = one_of({"Rest": "rest", "Observed": "observed"}, self._make)
        self.kind = one_of({"Median": "median", "Geometric": "geometric"}, self._make)
        self.band = on_off("Band", True, self._draw)
        self.model = on_off("Model", False, self._make)
        self.said = pn.pane.HTML("", height=22, margin=(0, 12), sizing_mode="stretch_width", stylesheets=[theme.css("compare")])
        self.hint = pn.pane.HTML("", margin=0, stylesheets=[theme.css()], sizing_mode="stretch_both")
        self._difference = self._pane(self.plot.difference)
        self.controls = pn.FlexBox(self.prefer, self.frame, self.kind, self.band, self.model, align_items="center",
                                   gap="2px 8px", margin=(6, 10, 2, 10), sizing_mode="stretch_width")
        number = pn.pane.Bokeh(self.plot.number, sizing_mode="stretch_width", margin=(0, 6, 4, 6))
        self.figures = pn.Column(self.said, self._pane(self.plot.flux), self._difference, number, sizing_mode="stretch_both",
                                 margin=0)
        self.body = pn.Column(self.hint, sizing_mode="stretch_both", margin=0)
        session.when_shown(VIEW.title, compared.NAMES, self._make)
        session.on(["dark"], self._paint)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.body

    def _pane(self, plot: figure) -> pn.pane.Bokeh:
        return pn.pane.Bokeh(plot, sizing_mode="stretch_both", margin=(0, 6))

    def _make(self) -> None:
        session, table = self.session, self.session.table
        sets = compared.sets(session, self.prefer.value)
        self.prefer.visible = compared.is_choice(session)
        if table.store is None or table.store.grid is None:
            self._nothing("This table has no spectra", "To see composites, read the survey's files into a store.",
                          "qso ingest FILES --out my.store")
            return
        if not sets:
            self._nothing("Nothing is selected", "Draw a lasso or a box on the map, or keep two selections as A and B.")
            return
        frame, kind, run, with_model = self.frame.value, self.kind.value, session.state.run, self.model.value
        self.said.object = '<div class="working">working <i></i></div>'
        if self.figures not in self.body.objects:
            self._hint("Combining spectra …", "", "", self.controls)

        def work() -> Result:
            rows, fault, decoder = {one.title: session.rows(one.rule) for one in sets}, None, None
            if with_model:
                try:
                    decoder = session.library.decoder(run)
                except AtlasError as error:  # a run that cannot reconstruct hides no data
                    fault = error
            z = table.numbers("z") if "z" in table.columns else None
            members, difference = side_by_side(table.store, rows, z, frame, kind, decoder)
            return members, difference, _class_of(table, np.concatenate(list(rows.values()))), fault

        def tried() -> Result | AtlasError:
            try:
                return work()
            except AtlasError as error:  # said in place of the figures
                return error

        self._work.submit(tried, lambda result: self._show(sets, result))

    def _nothing(self, title: str, text: str, command: str = "") -> None:
        self._work.cancel()
        self._hint(title, text, command)

    def _hint(self, title: str, text: str, command: str = "", *above: pn.viewable.Viewable) -> None:
        self.hint.object = empty(title, text, command, sketch=True)
        self._fill(*above, self.hint)

    def _fill(self, *content: pn.viewable.Viewable) -> None:
        if self.body.objects != list(content):
            self.body[:] = list(content)

    def _show(self, sets: list[Compared], result: Result | AtlasError) -> None:
        if isinstance(result, AtlasError):
            self._hint(f"No composite: {result.what}", result.remedy or "", "", self.controls)
            return
        self._sets, self._result = sets, result
        if result[3] is not None:
            self.session.failed(result[3])
        self._difference.visible = result[1] is not None
        self._draw()
        self._fill(self.controls, self.figures)

    def _draw(self) -> None:
        if self._result is not None:
            members, difference, kind, _ = self._result
            self.plot.show(members, difference, kind, self.band.value)
            self._paint()

    def _paint(self) -> None:
        ink = theme.ink(self.session.dark)
        self.plot.paint(self._sets, ink)
        if self._result is not None:
            self.said.object = said(self._sets, self._result[0], ink)


def said(sets: list[Compared], members: dict[str, Member], ink: dict[str, str]) -> str:
    """How many spectra are in each composite, of how many, and why not all; HTML."""
    parts = "".join(f'<span class="set"><i style="color:{ink[one.ink]}"></i><span>{words.html(one.title)} '
                    f"{_number(members[one.title])}</span></span>" for one in sets)
    return f'<div class="sets" title="{_SCALE_TIP} {_BAND_TIP}">{parts}</div>'


def _number(member: Member) -> str:
    used, asked = member.data.n_spectra, member.n_asked
    text = f"<b>{used:,}</b> of {asked:,} spectra"
    if member.n_read < asked:
        text += ", drawn at random"
    elif used < asked:
        text += ", others have no redshift or no signal" if member.data.frame == "rest" else ", others have no signal"
    if member.data.left_out > 0.0005:
        text += f" · {100 * member.data.left_out:.1f} % of pixels, not positive, left out"
    return text


def _class_of(table: AtlasTable, rows: np.ndarray) -> str:
    """The class of most of these objects, "" where none are known."""
    if "class" not in table.columns:
        return ""
    classes = table.classes("class")
    return classes.names[int(np.bincount(classes.codes[rows], minlength=len(classes.names)).argmax())]


VIEW = View("Composite", "selection", 1, CompositePane)
