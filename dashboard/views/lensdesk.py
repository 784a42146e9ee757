"""The lens desk: one image after another, large and at several stretches, or a mosaic of a hundred; graded by keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn
import param

from dashboard import desk, desklens, imagemodel, strips
from dashboard.desk import Line, Place
from dashboard.desklens import Light
from dashboard.session import Session
from dashboard.views import View
from dashboard.views._desk import Desk, Face, script
from dashboard.views._sedfigure import SedFigure
from qsocore.errors import AtlasError
from qsocore.inspection.vocabulary import CONTAMINANTS, LENS_GRADES

if TYPE_CHECKING:
    from dashboard.sed import Sed
    from qsocore.store import Store

TITLE = "Lenses"
PAGE = 100
"""Objects of a mosaic: 10 x 10."""
_SED = {"sizing_mode": "stretch_both", "margin": 0}


class LensFace(Face):
    """The lens desk in the browser (``lensdesk.js``)."""

    sed = pn.custom.Child(doc="The SED of the object, which stands beside its pictures.")
    room = param.Boolean(False, doc="Whether there is room for it, and an SED.")

    _esm = script("lensdesk.js")


class LensDesk(Desk):
    """Grades A, B, C and X, and what an X is instead."""

    name = "lenses"

    def __init__(self, session: Session):
        words = {"grades": [[one.word, one.meaning, one.key] for one in LENS_GRADES],
                 "contaminants": [[one.word, one.meaning, one.key] for one in CONTAMINANTS]}
        self._light = Light(session.library)
        self.sed, self._fitting = SedFigure(compact=True), session.latest()
        super().__init__(session, TITLE, LensFace(self.hear, words=words, sed=pn.pane.Bokeh(self.sed.flux, **_SED)))
        session.on(["dark"], lambda: self.sed.paint(session.theme))
        session.on(["wide"], lambda: self.looked(self._at))
        self.sed.paint(session.theme)

    def __panel__(self) -> Face:
        return self.face

    def prepare(self, line: Line) -> None:
        """Find where the images come from and what gives them back."""
        session = self.session
        if session.library.seds:
            session.library.seds.warm_up()
        self._light = Light(session.library, self._injected(line), imagemodel.rebuilding(session.library, session.state.run))

    def _injected(self, line: Line) -> Store | None:
        if line.campaign is None:
            return None
        from qsocore.workflow.campaign import injected_images

        return injected_images(self.session.library.store, line.campaign.name)

    def card(self, places: list[Place]) -> list[dict[str, Any]]:
        """All pictures of some objects, and beside them what else is known, where it gives nothing away."""
        beside = self._beside(places) if self._light.injected is None else [{}] * len(places)
        return [desklens.pictures(self._light, place) | other for place, other in zip(places, beside, strict=True)]

    def _beside(self, places: list[Place]) -> list[dict[str, Any]]:
        """Spectra of the objects, where there are any; an injected one has none, so in its campaign nobody is shown one."""
        session = self.session
        if not session.library.has_spectra or not places:
            return [{}] * len(places)
        try:
            decoder = session.library.decoder(session.state.run)
        except AtlasError:  # a run that cannot reconstruct hides no data
            decoder = None
        drawn = strips.strips(session.table, np.array([place.row for place in places]), decoder, n_bins=220)
        ends = [float(drawn.wave[0]), float(drawn.wave[-1])]
        return [{"spectrum": {"paths": drawn.paths(k), "box": [drawn.flux.shape[1], strips.HEIGHT], "ends": ends}}
                for k in range(len(places))]

    def looked(self, at: int) -> None:
        """Show the SED of the object, where there is room for it and photometry; in a campaign with injected ones of nobody."""
        session, line = self.session, self.line
        seds = session.library.seds
        self.face.room = bool(seds) and session.state.wide and self._light.injected is None
        if not self.face.room or line is None:
            return

        def work() -> Sed | None:
            places = line.places(at, at + 2)
            for place in places[1:]:
                session.library.pool.submit(seds.of, place.row)  # ahead
            return seds.of(places[0].row) if places else None

        def then(sed: Sed | None) -> None:
            self.sed.show(sed)
            self.face.tell(sed=at)

        self._fitting.submit(work, then)

    # ---- the mosaic

    def hear(self, message: dict[str, Any]) -> None:
        """As the others do, and a page of the mosaic."""
        if isinstance(message.get("page"), int) and self.line is not None:
            self._page(max(message["page"], 0))
        else:
            super().hear(message)

    def _page(self, page: int) -> None:
        line, turn, light = self.line, self._turn, self._light

        def work() -> list[dict[str, Any]]:
            places = line.places(page * PAGE, (page + 1) * PAGE)
            told = [list(desk.history(line.said(place))) for place in places]
            return [self.named(place, said) | {"image": src}
                    for place, said, src in zip(places, told, desklens.thumbnails(light, places), strict=True)]

        def then(cells: list[dict[str, Any]]) -> None:
            if turn == self._turn:
                self.face.tell(page=page, cells=cells, turn=turn)

        self._reading.submit(work, then, self._failed)


VIEW = View(TITLE, "grade", 0, LensDesk, needs="images")
