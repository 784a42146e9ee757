"""The two-colour diagram of the page about an SED: the whole catalogue, and where the object in focus lies in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import panel as pn

from dashboard import palettes, theme, twocolours, words
from dashboard.twocolours import CUTS
from dashboard.views._coloursfigure import ColoursFigure
from dashboard.views._empty import empty

if TYPE_CHECKING:
    from dashboard.sed import Sed
    from dashboard.session import Session
    from dashboard.twocolours import Diagram, Track

_KINDS = {"quasar": "quasars", "star": "dwarfs", "galaxy": "old galaxies"}


class ColoursFace:
    """Its figure and what is said under it; `content` is put on the page."""

    def __init__(self, session: Session):
        self.session, self.plot, self._work = session, ColoursFigure(), session.latest()
        self._diagram: Diagram | None = None
        self._pixels = {"inner_width": 430, "inner_height": 200}  # until the browser says how many there are
        self._sed: Sed | None = None
        looks = {"margin": 0, "stylesheets": [theme.css(), theme.css("sed")]}
        self.said = pn.pane.HTML("", sizing_mode="stretch_width", **looks)
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", **looks)
        self.figure = pn.pane.Bokeh(self.plot.figure, sizing_mode="stretch_both", margin=(0, 6))
        self.content = pn.Column(self.hint, sizing_mode="stretch_both", margin=0, styles={"min-height": "0"})
        for side in self._pixels:
            self.plot.figure.on_change(side, self._sized)

    def show(self, sed: Sed | None) -> None:
        """Mark an object; the catalogue is drawn when it is first asked for."""
        self._sed = sed
        lacking = twocolours.lacking(self.session.library.table())
        if lacking:
            self.hint.object = empty("This diagram needs i, z, W1 and W2", f"The catalogue has no {' and no '.join(lacking)}.")
        elif self._diagram is None:
            self.hint.object = empty("Placing the catalogue", "Once per server.")
            self._draw()
        else:
            self._mark()

    def _sized(self, attr: str, old: int, new: int) -> None:
        """Draw the catalogue in the pixels that there are."""
        self._pixels[attr] = new
        if self._diagram is not None and (self._diagram.view.width, self._diagram.view.height) != tuple(self._pixels.values()):
            self._draw()

    def _draw(self) -> None:
        library, pixels = self.session.library, tuple(self._pixels.values())

        def work() -> tuple[Diagram, tuple[Track, ...]]:
            points = library.once("two colours", lambda: twocolours.plane(library.table()))
            return twocolours.diagram(points, *pixels), twocolours.tracks()

        self._work.submit(work, lambda result: self._take(*result))

    def _take(self, diagram: Diagram, tracks: tuple[Track, ...]) -> None:
        self._diagram = diagram
        self.plot.show(diagram, tracks)
        self.paint()
        if self.content.objects != [self.figure, self.said]:
            self.content[:] = [self.figure, self.said]

    def _mark(self) -> None:
        spot = twocolours.spot(self._sed) if self._sed is not None else None
        self.plot.focus_on(spot)
        colours, diagram = palettes.models(self.session.theme), self._diagram
        key = "".join(f'<i style="--ink:{colours[kind]}"></i>{name}' for kind, name in _KINDS.items())
        ring = '<i class="ring"></i>in focus' + ("" if spot else ": no place here") + (
            " (arrows: limits)" if spot and (spot.dx or spot.dy) else "")
        others = "The others are not detected in all four bands. " if diagram.n < diagram.n_rows else ""
        self.said.object = (
            f'<div class="line"><span class="key">{key}{ring}</span><b>{diagram.n:,}</b> of {diagram.n_rows:,} drawn</div>'
            f'<div class="line">{others}Dashed: i − z > {CUTS[1]:g}, W1 − W2 > {words.number(CUTS[0])}</div>'.replace(
                "> -", "> −"))

    def paint(self) -> None:
        """Colour for the theme."""
        self.plot.paint(self.session.theme)
        if self._diagram is not None:
            self._mark()
