"""The image of the object in focus: colour at several stretches, every band in grey with its magnitude, scale bar, compass.

A tab under the spectrum; where a store has images and no spectra it stands in the spectrum's place.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn

from dashboard import exemplars, image, imagemodel, theme
from dashboard.image import Cube, Scale
from dashboard.imagemodel import Rebuilt, Shared
from dashboard.magnitudes import magnitudes
from dashboard.session import Session
from dashboard.views import View
from dashboard.views._empty import empty
from dashboard.views._exemplars import ExemplarStrip
from dashboard.views._head import head
from dashboard.views._imagedesk import Chosen, ImageDesk, controls
from dashboard.views._plate import Plate
from dashboard.views._walk import Walk
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from dashboard.library import Library
    from dashboard.table import AtlasTable
    from qsocore.store import RunFolder

TITLE = "Image"
_SIGMAS = 5.0  # of a residual, at which its colour is full


@dataclass(frozen=True)
class Models:
    """What models of images can do under a run.

    Parameters
    ----------
    run : str
        That the maps are of.
    folder : RunFolder or None
        The run that gives images back.
    menu : list of (str, list of str)
        Runs that explain themselves, with what they can explain.
    """

    run: str
    folder: RunFolder | None
    menu: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Found:
    """What was read of an object, and made of it.

    Parameters
    ----------
    object_id : str
    row : dict
        Its catalogue row.
    cube : Cube or None
        Its image.
    rebuilt : Rebuilt or None
        By a model.
    shared : Shared or None
        What a model was asked.
    fault : AtlasError or None
        Why one of these is missing.
    """

    object_id: str
    row: dict[str, Any]
    cube: Cube | None
    rebuilt: Rebuilt | None = None
    shared: Shared | None = None
    fault: AtlasError | None = None


class ImagePane:
    """Follows the focus."""

    def __init__(self, session: Session):
        self.session, self._found, self._models = session, None, None
        self._work, self._drawing, self._listing = session.latest(), session.latest(), session.latest()
        self.pictures = session.library.pictures
        looks = {"margin": 0, "stylesheets": [theme.css(), theme.css("object"), theme.css("image")]}
        self.head = pn.pane.HTML("", height=48, sizing_mode="stretch_width", **looks)
        self.picture = pn.pane.HTML("", sizing_mode="stretch_both", **looks)
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", **looks)
        self.chosen = Chosen()
        self.desk = ImageDesk(self._heard, chosen=asdict(self.chosen))
        self.strip = ExemplarStrip(session)
        self.shown = pn.Column(self.desk, self.picture, self.strip, sizing_mode="stretch_both", margin=0)
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
        before, self.chosen, self.desk.chosen = self.chosen, chosen, asdict(chosen)
        if (before.model, before.question) != (chosen.model, chosen.question):
            self._look()
        elif before.beside != chosen.beside:
            self._compare()
        elif before != chosen:
            self._draw()

    def _compare(self) -> None:
        self.strip.ask(self.chosen.beside, self.session.state.run, self.session.focus_row)

    # ---- the object

    def _look(self) -> None:
        session, row = self.session, self.session.focus_row
        if row < 0 or not self.pictures:
            self._work.cancel()
            self._say(*(self._no_focus if row < 0 else
                        ("This store has no images", "Put some beside its spectra:",
                         f"qso ingest CUTOUTS --into {session.library.path.name}")))
            return
        models = self._models if self._models is not None and self._models.run == session.state.run else None
        table, library, chosen = session.table, session.library, self.chosen
        self._work.submit(lambda: _find(library, table, row, chosen, models), self._take)

    def _list(self) -> None:
        """Load the models, beside the event loop and after the image, which comes first."""
        library, run = self.session.library, self.session.state.run

        def then(models: Models) -> None:
            self._models = models
            if models.folder is not None or models.menu:
                self._look()

        def work() -> Models:
            return Models(run, imagemodel.rebuilding(library, run), library.image_explanations.menu(run))

        self._listing.submit(work, then)

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
        self._compare()
        if found.fault is not None:
            self.session.failed(found.fault)
        self._show_controls(found.cube.bands)
        self._draw()
        if self._models is None or self._models.run != self.session.state.run:
            self._list()

    def _show_controls(self, bands: tuple[str, ...]) -> None:
        models = self._models
        menu = models.menu if models is not None else []
        why = [(f"{run}/{target}", f"{run}: {target}") for run, targets in menu for target in targets]
        beside = [(f"{run}/{kind}", f"{run}: {kind}") for run, _ in menu for kind in exemplars.KINDS]
        self.desk.controls = controls(bands, models is not None and models.folder is not None, why, beside)
        known = [" ".join(names) for names in image.triples_of(bands)] or [""]
        colours = self.chosen.colours if self.chosen.colours in known else known[0]
        self.chosen = replace(self.chosen, colours=colours)
        self.desk.chosen = asdict(self.chosen)

    def _draw(self) -> None:
        if self._found is not None:
            found, chosen, pictures = self._found, self.chosen, self.pictures

            def work() -> str:
                scale = pictures.scale if chosen.brightness == "common" else None
                rows, model = _rows(found, chosen, scale)
                said = magnitudes(found.row)
                notes = _notes(found)
                return Plate(found.cube, chosen.look, scale, chosen.stretches, said, rows, model, notes).html()

            self._drawing.submit(work, self._show)

    def _show(self, html: str) -> None:
        self.picture.object = html
        self._fill(self.shown)


def _find(library: Library, table: AtlasTable, row: int, chosen: Chosen, models: Models | None) -> Found:
    """Read an object, and ask the models that are loaded."""
    object_id, values, cube = table.ids_of([row])[0], table.row(row), library.pictures.cube(row)
    if cube is None or models is None:
        return Found(object_id, values, cube)
    rebuilt = shared = fault = None
    try:
        if models.folder is not None and chosen.model:
            rebuilt = imagemodel.rebuilt(library, models.folder, row, cube)
        if chosen.question is not None:
            shared = library.image_explanations.answer(chosen.question, models.run, row)
    except AtlasError as error:  # what a model cannot do hides no data
        fault = error
    return Found(object_id, values, cube, rebuilt, shared, fault)


def _rows(found: Found, chosen: Chosen, scale: Scale | None) -> tuple[list[tuple[str, dict]], Cube | None]:
    """Rows of pictures of what models make of an object, and the reconstruction as an image."""
    cube, rows, model = found.cube, [], None
    if found.rebuilt is not None:
        planes = [found.rebuilt.model.get(band, np.full(cube.flux.shape[:2], np.nan, np.float32)) for band in cube.bands]
        model = Cube(np.stack(planes, axis=-1), cube.bands, cube.pixel_scale)
        limits = scale or image.own_scale(cube)
        rows.append(("model", {band: image.in_grey(model, band, chosen.look, limits) for band in found.rebuilt.model
                               if band in cube.bands}))
        rows.append(("residual", {band: image.signed(plane, _SIGMAS) for band, plane in found.rebuilt.residual.items()}))
    if found.shared is not None:
        most = max(float(np.nanmax(np.abs(plane))) for plane in found.shared.pixels.values()) or 1.0
        rows.append(("attribution", {band: image.signed(plane, most) for band, plane in found.shared.pixels.items()}))
    return rows, model


def _notes(found: Found) -> list[str]:
    """What is said under the pictures of what models make of an object."""
    notes = []
    if found.rebuilt is not None:
        notes.append(f"residual ±{_SIGMAS:g} σ of {found.rebuilt.run}, χ² per pixel {found.rebuilt.chi2_pix:.3g}")
    return [*notes, found.shared.said] if found.shared is not None else notes


VIEW = View(TITLE, "object tab", 2, ImagePane, instead_of="Spectrum")
