"""The spectra desk: the spectrum viewer with DESI's verdicts under it; graded by keys alone."""

from __future__ import annotations

from typing import Any

import panel as pn

from dashboard import deskspectra, theme
from dashboard.desk import Place
from dashboard.session import Session
from dashboard.views import View
from dashboard.views._desk import Desk, Face, script
from dashboard.views._specdesk import SpectrumDesk
from dashboard.views._specfigure import SpectrumFigure
from qsocore.inspection.vocabulary import COMMENTS, ISSUES, QUALITIES, TYPES

TITLE = "Spectra"
_SUFFIX = " spectra"
"""Of its figures' names: the desk is in force while they are (``keys.js``)."""


class SpectraFace(Face):
    """The spectra desk in the browser (``spectradesk.js``); it gives the spectrum above it what is shown."""

    _esm = script("spectradesk.js")


class SpectraDesk(Desk):
    """Grades qualities 0 to 4, with issues, a corrected class and redshift, and a comment."""

    name = "spectra"

    def __init__(self, session: Session):
        words = {"qualities": [[one.word, one.meaning, one.key] for one in QUALITIES],
                 "issues": [[one.word, one.meaning, one.key] for one in ISSUES],
                 "types": [[one.word, one.meaning, one.key] for one in TYPES], "comments": list(COMMENTS)}
        super().__init__(session, TITLE, SpectraFace(self.hear, words=words))
        self.face.sizing_mode = "stretch_width"
        self.plot = SpectrumFigure(_SUFFIX)
        self.viewer = SpectrumDesk(lambda message: None, suffix=_SUFFIX, asks=False)
        self.plot.paint(theme.ink(session.dark))
        session.on(["dark"], lambda: self.plot.paint(theme.ink(session.dark)))

    def __panel__(self) -> pn.viewable.Viewable:
        flux, residual = (pn.pane.Bokeh(plot, sizing_mode="stretch_both", margin=(0, 6, 0, 6), styles={"flex": f"{share} 1 0"})
                          for plot, share in ((self.plot.flux, 2.4), (self.plot.residual, 1)))
        return pn.Column(self.viewer, flux, residual, self.face, sizing_mode="stretch_both", margin=0)

    def card(self, places: list[Place]) -> list[dict[str, Any]]:
        """The spectra of some objects."""
        session = self.session
        return [deskspectra.scene(session.table, place, session.library, session.state.run) for place in places]


VIEW = View(TITLE, "grade", 1, SpectraDesk, needs="spectra")
