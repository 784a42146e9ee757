"""The image of the object in focus: colour at several stretches, every band in grey with its magnitude, scale bar, compass.

A tab under the spectrum; where a store has images and no spectra it stands in the spectrum's place.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import panel as pn

from dashboard import image, theme
from dashboard.image import Cube
from dashboard.magnitudes import magnitudes
from dashboard.session import Session
from dashboard.views import View
from dashboard.views._empty import empty
from dashboard.views._head import head
from dashboard.views._imagedesk import Chosen, ImageDesk, controls
from dashboard.views._plate import Plate
from dashboard.views._walk import Walk

TITLE = "Image"


@dataclass(frozen=True)
class Found:
    """What was read of an object.

    Parameters
    ----------
    object_id : str
    row : dict
        Its catalogue row.
    cube : Cube or None
        Its image.
    """

    object_id: str
    row: dict[str, Any]
    cube: Cube | None


class ImagePane:
    """Follows the focus."""

    def __init__(self, session: Session):
        self.session, self._work, self._drawing, self._found = session, session.latest(), session.latest(), None
        self.pictures = session.library.pictures
        looks = {"margin": 0, "stylesheets": [theme.css(), theme.css("object"), theme.css("image")]}
        self.head = pn.pane.HTML("", height=48, sizing_mode="stretch_width", **looks)
        self.picture = pn.pane.HTML("", sizing_mode="stretch_both", **looks)
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", **looks)
        self.chosen = Chosen()
        self.desk = ImageDesk(self._heard, chosen=asdict(self.chosen))
        self.shown = pn.Column(self.desk, self.picture, sizing_mode="stretch_both", margin=0)
        self.body = pn.Column(self.hint, sizing_mode="stretch_both", margin=0, styles={"overflow-y": "auto", "min-height": "0"})
        self.walk = Walk(session) if self.pictures.alone else None
        session.when_shown(TITLE, ["focus", "run"], self._look)

    def __panel__(self) -> pn.viewable.Viewable:
        if self.walk is None:
            return self.body
        return pn.Column(self.head, self.walk, self.body, sizing_mode="stretch_both", margin=0, css_classes=["object"],
                         styles={"position": "relative"})

    def _heard(self, name: str, value: Any) -> None:
        self._choose(self.chosen.changed(name, value))

    def _choose(self, chosen: Chosen) -> None:
        if chosen != self.chosen:
            self.chosen, self.desk.chosen = chosen, asdict(chosen)
            self._draw()

    # ---- the object

    def _look(self) -> None:
        session, row = self.session, self.session.focus_row
        if row < 0 or not self.pictures:
            self._work.cancel()
            self._say(*(self._no_focus if row < 0 else
                        ("This store has no images", "Put some beside its spectra:",
                         f"qso ingest CUTOUTS --into {session.library.path.name}")))
            return
        table, pictures = session.table, self.pictures
        self._work.submit(lambda: Found(table.ids_of([row])[0], table.row(row), pictures.cube(row)), self._take)

    @property
    def _no_focus(self) -> tuple[str, str]:
        if self.pictures.alone:
            return "Tap an object on the map", "Its image appears here, in all bands; lasso or box to select many."
        return "No object in focus", "Tap one on the map."

    def _say(self, title: str, text: str, command: str = "") -> None:
        self._drawing.cancel()
        self._found, self.hint.object = None, empty(title, text, command)
        self._fill(self.hint)

    def _fill(self, content: pn.viewable.Viewable) -> None:
        if self.body.objects != [content]:
            self.body[:] = [content]

    def _take(self, found: Found) -> None:
        self.head.object = head(self.session.table, found.object_id, found.row)
        if found.cube is None:
            self._say("No image of this object", "Others of this store have one.")
            return
        self._found = found
        bands = found.cube.bands
        known = [" ".join(names) for names in image.triples_of(bands)] or [""]
        self.desk.controls = controls(bands)
        colours = self.chosen.colours if self.chosen.colours in known else known[0]
        self.chosen = replace(self.chosen, colours=colours)
        self.desk.chosen = asdict(self.chosen)
        self._draw()

    def _draw(self) -> None:
        if self._found is not None:
            found, chosen, pictures = self._found, self.chosen, self.pictures

            def work() -> str:
                scale = pictures.scale if chosen.brightness == "common" else None
                return Plate(found.cube, chosen.look, scale, chosen.stretches, magnitudes(found.row)).html()

            self._drawing.submit(work, self._show)

    def _show(self, html: str) -> None:
        self.picture.object = html
        self._fill(self.shown)


VIEW = View(TITLE, "object tab", 2, ImagePane, instead_of="Spectrum")
