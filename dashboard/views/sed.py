"""The SED of the object in focus: photometry and limits, what models make of it, its colours among all, its sample.

A tab under the spectrum or the image. Fits are made when an object is looked at, and those of the next one ahead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn

from dashboard import palettes, sed, theme, walking
from dashboard.sed import Sed
from dashboard.session import Session
from dashboard.state import SED_FACES
from dashboard.views import View
from dashboard.views._empty import empty
from dashboard.views._imagedesk import ImageDesk
from dashboard.views._sedcolours import ColoursFace
from dashboard.views._sedfigure import SedFigure, limit_words
from dashboard.views._sedsample import SampleFace
from dashboard.views._sedtable import SedTable
from qsocore.errors import AtlasError
from qsocore.simulate.bands import FILTERS

if TYPE_CHECKING:
    from dashboard.library import Library

TITLE = "SED"
_FACES = (("fits", "SED", "Photometry and fits"), ("colours", "Colours", "Its i − z and W1 − W2 among the catalogue's"),
          ("sample", "Sample", "Sample of the parameters"))


class SedPane:
    """Follows the focus."""

    def __init__(self, session: Session):
        self.session, self.seds, self.plot, self._work = session, session.library.seds, SedFigure(), session.latest()
        self._sed: Sed | None = None
        self._z: float | None = None
        looks = {"margin": 0, "stylesheets": [theme.css(), theme.css("sed")]}
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", **looks)
        self.desk = ImageDesk(self._heard)
        self.table = SedTable(self._switch, source=f"The words are those of {sed.SOURCE}")
        self.colours, self.sample = ColoursFace(session), SampleFace(session, self._offer)
        self.fits = pn.Column(
            pn.pane.Bokeh(self.plot.flux, sizing_mode="stretch_both", margin=(0, 6), styles={"flex": "2.6 1 0"}),
            pn.pane.Bokeh(self.plot.residual, sizing_mode="stretch_both", margin=(0, 6), styles={"flex": "1 1 0"}),
            self.table, sizing_mode="stretch_both", margin=0, styles={"min-height": "0"})
        self.body = pn.Column(self.hint, sizing_mode="stretch_both", margin=0, styles={"min-height": "0"})
        session.when_shown(TITLE, ["focus"], self._look)
        session.when_shown(TITLE, ["sed_face"], self._turn)
        session.when_shown(TITLE, ["sed_hidden"], self._draw)
        session.on(["dark", "palette"], self._paint)
        self._paint()
        if self.seds:
            self.seds.warm_up()

    def __panel__(self) -> pn.viewable.Viewable:
        return self.body

    # ---- what is chosen

    def _heard(self, name: str, value: Any) -> None:
        if name == "face" and value in SED_FACES:
            self.session.state.sed_face = value
        else:
            self.sample.heard(name, value)

    def _offer(self) -> None:
        """The row of controls: the faces, and what the one that is shown has of its own."""
        face, controls = self.session.state.sed_face, [("one_of", "face", "What is shown", _FACES)]
        own = face == "sample" and self._sed is not None
        self.desk.param.update(controls=controls + self.sample.controls if own else controls,
                               chosen={"face": face} | (self.sample.chosen if own else {}))

    def _switch(self, kind: str) -> None:
        """Hide or show the models of a kind."""
        hidden = self.session.state.sed_hidden
        if self._sed is not None and kind in self._sed.models:
            self.session.state.sed_hidden = tuple(one for one in hidden if one != kind) if kind in hidden else (*hidden, kind)

    # ---- the object

    def _look(self) -> None:
        row, seds, library = self.session.focus_row, self.seds, self.session.library
        if row < 0 or not seds:
            self._work.cancel()
            self._say(*(("No object in focus", "Tap one on the map; its photometry and what models make of it appear here.")
                        if row < 0 else _no_photometry(library)))
            return
        if self._sed is None:
            self._say("Fitting", "The first time the templates are laid out; that takes a moment.")

        def work() -> tuple[Sed | AtlasError, float | None]:
            try:
                return seds.of(row), _redshift(library, row)
            except AtlasError as error:  # said in place of the figures
                return error, None

        self._work.submit(work, lambda found: self._take(*found))

    def _say(self, title: str, text: str, command: str = "") -> None:
        self._sed, self.hint.object = None, empty(title, text, command)
        self._fill(self.hint)

    def _fill(self, *content: pn.viewable.Viewable) -> None:
        if self.body.objects != list(content):
            self.body[:] = list(content)

    def _take(self, found: Sed | AtlasError, z: float | None) -> None:
        if isinstance(found, AtlasError):
            self._say(f"No SED of this object: {found.what}", found.remedy or "")
            return
        if not found.bands:
            self._say("No photometry of this object", "Others of this catalogue have some.")
            return
        self._sed, self._z = found, z
        self._draw()
        self._turn()
        self._ahead()

    def _ahead(self) -> None:
        """Fit the object that is next, while this one is looked at."""
        following = walking.where(self.session).after
        if following >= 0 and not self.seds.knows(following):
            self.session.library.pool.submit(self.seds.of, following)

    def _turn(self) -> None:
        """Show the face that is chosen; the others are off the page, for a hidden figure may never get its size."""
        face = self.session.state.sed_face
        if self._sed is None:
            return
        self._offer()
        if face == "colours":
            self.colours.show(self._sed)
        elif face == "sample":
            self.sample.show(self._sed, self._z)
        self._fill(self.desk, {"fits": self.fits, "colours": self.colours.content, "sample": self.sample.content}[face])

    def _draw(self) -> None:
        found, hidden = self._sed, self.session.state.sed_hidden
        if found is None:
            return
        self.plot.show(found, hidden)
        said = sed.verdict(found.fits) + ("" if found.seen.all() else f" · {limit_words()}")
        self.table.param.update(rows=sed.rows(found), hidden=list(hidden), said=said)

    def _paint(self) -> None:
        self.plot.paint(self.session.theme)
        self.table.colours = palettes.models(self.session.theme)
        self.colours.paint()
        self.sample.paint()


def _no_photometry(library: Library) -> tuple[str, ...]:
    """What is missing, and what to do about it."""
    if library.seds.too_big:
        return ("This table is too large to be fitted as it is", "Read it into a store, from which single objects are read.",
                f"qso ingest {library.path.name} --survey catalogue --out my.store")
    return ("This catalogue has no photometry", "SEDs are fitted to columns flux_BAND and fluxerr_BAND in microjansky, or "
            f"mag_BAND and magerr_BAND in AB, of the bands {' '.join(FILTERS)}.")


def _redshift(library: Library, row: int) -> float | None:
    """The catalogue redshift of an object, None where it has none."""
    table = library.table()
    z = float(table.numbers("z")[row]) if "z" in table.columns and table.is_numeric("z") else np.nan
    return z if z > 0 else None


VIEW = View(TITLE, "object tab", 3, SedPane, share=2.8)
