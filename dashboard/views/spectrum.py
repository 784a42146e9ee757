"""The spectrum of the object in focus, its reconstruction over it and the residual below.

The server sends an object once; smoothing, redshift, line marks, frame and jumps to residuals are the browser's
(``spectrum.js``). Each action has a control with an accessible name, and most can be asked for by an event,
``window.dispatchEvent(new CustomEvent("atlas-spectrum", {detail: ACTION}))``:

======  ==========================  ====================
key     control                     action
======  ==========================  ====================
n, b    Next, Previous object       (a click on it)
r       the toolbar's Reset         reset zoom
l       Line marks                  lines
s, d    More, Less smoothing        more, less smoothing
t       Reconstruction              reconstruction
z       Redshift                    redshift
[, ]    Lower, Higher redshift      lower, higher redshift
w       Rest frame                  rest frame
e       Next largest residual       next residual
a       Attribution                 attribution
(none)  Previous residual           previous residual
(none)  Catalogue redshift          catalogue redshift
(none)  Take the predicted redshift predicted redshift
(none)  Keep the window             pin window
======  ==========================  ====================

A new object is looked at whole and at its catalogue redshift; "Pin" keeps the window, in rest wavelengths where those are
shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from dashboard import spectrum, theme, words
from dashboard.session import Session
from dashboard.spectrum import SpectrumView
from dashboard.views import View
from dashboard.views._asking import Asking
from dashboard.views._empty import empty
from dashboard.views._head import head
from dashboard.views._specfigure import SpectrumFigure
from dashboard.views._walk import Walk
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from dashboard.library import Library
    from dashboard.table import AtlasTable

_HIGH = "clamp(50px, 7.5vh, 90px)"
_STRIP = {"flex": f"0 0 {_HIGH}", "height": _HIGH, "min-height": "0"}


class SpectrumPane:
    """The upper right of the page."""

    def __init__(self, session: Session):
        self.session, self.plot, self._work = session, SpectrumFigure(), session.latest()
        self.asking = Asking(session)
        self.desk, self.walk = self.asking.desk, Walk(session)
        looks = {"stylesheets": [theme.css(), theme.css("object")], "sizing_mode": "stretch_width"}
        self.head = pn.pane.HTML("", height=48, margin=0, **looks)
        self.hint = pn.pane.HTML("", margin=0, stylesheets=[theme.css()], sizing_mode="stretch_both")
        self.body = pn.Column(self.hint, sizing_mode="stretch_both", margin=0)
        self.strip = pn.pane.Bokeh(self.plot.attribution, sizing_mode="stretch_both", margin=(0, 6, 0, 6),
                                   styles=_STRIP)
        self.figures = pn.Column(
            self.desk,
            pn.pane.Bokeh(self.plot.flux, sizing_mode="stretch_both", margin=(0, 6, 0, 6), styles={"flex": "2.4 1 0"}),
            pn.pane.Bokeh(self.plot.residual, sizing_mode="stretch_both", margin=(0, 6, 4, 6), styles={"flex": "1 1 0"}),
            sizing_mode="stretch_both", margin=0)
        session.on(["focus", "run"], self._look)
        session.on(["why"], self._unfold)
        session.on(["dark"], lambda: self.plot.paint(theme.ink(session.dark)))
        self.plot.paint(theme.ink(session.dark))
        session.once_shown(self._look)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self.head, self.walk, self.body, sizing_mode="stretch_both", margin=0, css_classes=["object"],
                         styles={"position": "relative"})

    def _look(self) -> None:
        session, row = self.session, self.session.focus_row
        table, run = session.table, session.state.run
        if row < 0:
            self._work.cancel()
            self.asking.ask()
            self._nothing("", "Tap an object on the map",
                          "Its spectrum, reconstruction and residual appear here; lasso or box to select many.",
                          below=self._without_run())
        elif table.store is None or table.store.grid is None:
            self._work.submit(lambda: (table.ids_of([row])[0], table.row(row)), lambda found: self._nothing(
                head(table, *found), "This table has no spectra", "To see them, read the survey's files into a store.",
                "qso ingest FILES --out my.store"))
        else:
            self._work.submit(lambda: _read(table, row, session.library, run), lambda result: self._show(*result))

    def _nothing(self, head: str, title: str, text: str, command: str = "", below: str = "") -> None:
        self.head.object, self.hint.object = head, empty(title, text, command, sketch=not head) + below
        self._fill(self.hint)

    def _fill(self, content: pn.viewable.Viewable) -> None:
        """Show the hint or the figures; the other is taken off the page, for a hidden figure may never get its size."""
        if self.body.objects != [content]:
            self.body[:] = [content]

    def _without_run(self) -> str:
        """What makes latents and reconstructions where there are none yet."""
        library = self.session.library
        if library.store is None or library.store.grid is None or library.runs():
            return ""
        path = library.path
        return (f'<div class="below">This store has no latents yet. They are made by<br>'
                f"<code>qso train infovae {words.html(path)} --run first</code><br>"
                f"<code>qso embed {words.html(path)} --run first</code></div>")

    def _show(self, view: SpectrumView, scene: dict, fault: AtlasError | None) -> None:
        if fault is not None:
            self.session.failed(fault)
        self.desk.scene = scene
        self.asking.ask()  # after the spectrum, which comes first
        self._unfold()
        self.head.object = head(self.session.table, view.object_id, view.row)
        self._fill(self.figures)

    def _unfold(self) -> None:
        """The strip of the attribution stands above the flux while something is asked."""
        wanted, there = bool(self.session.state.why), self.strip in self.figures.objects
        if wanted and not there:
            self.figures.insert(1, self.strip)
        elif there and not wanted:
            self.figures.remove(self.strip)


def _read(table: AtlasTable, row: int, library: Library, run: str) -> tuple[SpectrumView, dict, AtlasError | None]:
    """The spectrum, what the browser is given of it, and why there is no reconstruction where there should be one."""
    try:
        view, fault = spectrum.look_at(table, row, library.decoder(run)), None
    except AtlasError as error:  # a run that cannot reconstruct hides no data
        view, fault = spectrum.look_at(table, row), error
    return view, view.scene(), fault


VIEW = View("Spectrum", "object", 0, SpectrumPane)
