"""The image of the object in focus: every band in grey and three of them in colour, with a scale bar."""

from __future__ import annotations

from base64 import b64encode

import panel as pn
import panel_material_ui as pmui

from dashboard import image, theme, words
from dashboard.image import Cube
from dashboard.session import Session
from dashboard.views import View
from dashboard.views._empty import empty

TITLE = "Image"
_NAMES = {"Linear": "linear", "Square root": "sqrt", "Log": "log", "Asinh": "asinh"}


class ImagePane:
    """A tab under the spectrum."""

    def __init__(self, session: Session):
        self.session, self._work, self._cube = session, session.latest(), None
        looks = {"margin": 0, "stylesheets": [theme.css(), theme.css("object")]}
        self.picture = pn.pane.HTML("", sizing_mode="stretch_width", **looks)
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", **looks)
        small = {"size": "small", "margin": (0, 6), "width": 118}
        self.stretch = pmui.Select(label="Stretch", options=_NAMES, value="asinh", **small)
        self.softening = pmui.FloatSlider(label="Softening Q", start=0.1, end=30, step=0.1, value=8, **small)
        self.width = pmui.FloatSlider(label="Colour stretch (σ)", start=0.5, end=60, step=0.5, value=5, **small)
        self.invert = pmui.Switch(label="Invert", value=False, margin=(8, 6, 0, 6))
        for widget in (self.stretch, self.softening, self.width, self.invert):
            widget.param.watch(lambda _: self._draw(), "value")
        controls = pn.Row(self.stretch, self.invert, self.softening, self.width, margin=(6, 8, 2, 8))
        self.shown = pn.Column(controls, self.picture, sizing_mode="stretch_width", margin=0)
        self.body = pn.Column(self.hint, sizing_mode="stretch_both", margin=0, styles={"overflow-y": "auto"})
        session.when_shown(TITLE, ["focus", "run"], self._look)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.body

    def _look(self) -> None:
        table, row = self.session.table, self.session.focus_row
        if row < 0 or not image.has_images(table):
            self._work.cancel()
            self._say(*(("No object in focus", "Tap one on the map.") if row < 0 else
                        ("This store has no images", "They are cubes of bands in its folder images, a file for each object:",
                         "images/OBJECT_ID.npz or .fits")))
            return
        self._work.submit(lambda: image.cube_of(table, row), self._take)

    def _say(self, title: str, text: str, command: str = "") -> None:
        self._cube, self.hint.object = None, empty(title, text, command)
        self._fill(self.hint)

    def _fill(self, content: pn.viewable.Viewable) -> None:
        if self.body.objects != [content]:
            self.body[:] = [content]

    def _take(self, cube: Cube | None) -> None:
        if cube is None:
            self._say("No image of this object", "The store's folder images has no file with its id.")
            return
        self._cube = cube
        in_colour = image.colours_of(cube.bands) is not None
        self.softening.visible = self.width.visible = in_colour
        self._draw()
        self._fill(self.shown)

    def _draw(self) -> None:
        if self._cube is not None:
            self.picture.object = as_html(self._cube, self.stretch.value, self.invert.value, self.softening.value,
                                          self.width.value)


def as_html(cube: Cube, stretch: image.Stretch, invert: bool, softening: float, width: float) -> str:
    """Colour first, then each band; the scale bar stands in every picture."""
    length, said = image.bar_of(cube)
    bar = f'<span class="bar" style="width: {100 * length:.1f}%">{words.html(said)}</span>'
    pictures = []
    colour = image.lupton(cube, softening, width)
    if colour is not None:
        names = "".join(image.colours_of(cube.bands)[::-1])
        pictures.append((names, f"{names} in colour", 255 - colour if invert else colour))
    pictures += [(name, f"band {name}", image.grey(cube.band(name), stretch, image.limits_of(cube.band(name)), invert))
                 for name in cube.bands]
    figures = "".join(
        f'<figure><img alt="{words.html(alt)}" src="data:image/png;base64,{b64encode(image.png(picture)).decode()}">{bar}'
        f"<figcaption>{words.html(name)}</figcaption></figure>" for name, alt, picture in pictures)
    return f'<div class="image">{figures}</div>'


VIEW = View(TITLE, "object tab", 2, ImagePane)
