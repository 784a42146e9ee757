"""The lens desk: one image after another, large and at several stretches, or a mosaic of a hundred; graded by keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard import desk, desklens, imagemodel, strips
from dashboard.desk import Line, Place
from dashboard.desklens import Light
from dashboard.session import Session
from dashboard.views import View
from dashboard.views._desk import Desk, Face, script
from qsocore.errors import AtlasError
from qsocore.inspection.vocabulary import CONTAMINANTS, LENS_GRADES

if TYPE_CHECKING:
    from qsocore.store import Store

TITLE = "Lenses"
PAGE = 100
"""Objects of a mosaic: 10 x 10."""


class LensFace(Face):
    """The lens desk in the browser (``lensdesk.js``)."""

    _esm = script("lensdesk.js")


class LensDesk(Desk):
    """Grades A, B, C and X, and what an X is instead."""

    name = "lenses"

    def __init__(self, session: Session):
        words = {"grades": [[one.word, one.meaning, one.key] for one in LENS_GRADES],
                 "contaminants": [[one.word, one.meaning, one.key] for one in CONTAMINANTS]}
        self._light = Light(session.library)
        super().__init__(session, TITLE, LensFace(self.hear, words=words))

    def __panel__(self) -> Face:
        return self.face

    def prepare(self, line: Line) -> None:
        """Find where the images come from and what gives them back."""
        session = self.session
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
