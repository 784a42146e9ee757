"""A plate of pictures of one object: in colour at several stretches, and its bands in a row, with what stands under them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dashboard import image, words
from dashboard.image import Cube, Look, Scale

_WIDTHS = (("faint", 0.4), ("", 1.0), ("bright", 4.0))
"""Colour pictures beside each other: what they show, and the width of their linear part by that which is chosen."""
_COMPASS = ('<svg class="compass" viewBox="0 0 24 24" role="img" aria-label="north up, east left">'
            '<path d="M18 20 V5 M15.5 8 L18 4.5 L20.5 8 M18 20 H4 M7 17.5 L3.5 20 L7 22.5"/>'
            '<text x="10.5" y="9">N</text><text x="3.5" y="15">E</text></svg>')


@dataclass(frozen=True)
class Plate:
    """What is drawn of an object.

    Parameters
    ----------
    cube : Cube
        Its image.
    look : Look
        How.
    scale : Scale, optional
        Common brightness; the image's own by default.
    stretches : sequence of str
        A row of bands for each.
    said : dict of str to str
        Magnitudes by band.
    rows : list of (str, dict of str to ndarray)
        Further rows under the bands: what they are called, and a picture for each band that has one.
    model : Cube, optional
        A reconstruction, which is shown in colour beside the image.
    notes : sequence of str
        What is said under all.
    """

    cube: Cube
    look: Look = image.PLAIN
    scale: Scale | None = None
    stretches: Sequence[image.Stretch] = ("asinh",)
    said: dict[str, str] = field(default_factory=dict)
    rows: Sequence[tuple[str, dict[str, NDArray[np.uint8]]]] = ()
    model: Cube | None = None
    notes: Sequence[str] = ()

    @property
    def n_rows(self) -> int:
        """Rows of bands."""
        return len(self.stretches) + len(self.rows)

    def html(self) -> str:
        """The whole plate."""
        many = (" many" if self.n_rows > 1 else "") + (" inverted" if self.look.invert else "")
        colours = "".join(self._colours())
        shown = f'<div class="colours">{colours}</div>' if colours else ""
        return (f'<div class="image{many}" style="--bands: {len(self.cube.bands)}; --rows: {self.n_rows}"><div class="plate">'
                f'{shown}<div class="bands">{"".join(self._bands())}</div></div>{self._also()}</div>')

    # ---- colour

    def _colours(self) -> list[str]:
        cube, look = self.cube, self.look
        names = image.shown_colours(cube, look)
        if names is None:
            return []
        said = "".join(names[::-1])
        masked = np.stack([cube.masked[..., cube.bands.index(name)] for name in names]).all(axis=0)
        widths = _WIDTHS if self.n_rows == 1 else _WIDTHS[1:2] if self.model else _WIDTHS[1::-1]
        made = []
        for what, factor in widths:
            picture = image.lupton(cube, look, self.scale, factor)
            alt = f"{said} in colour, {what}" if what else f"{said} in colour"
            over = _bar(cube) + (_COMPASS if cube.north_up else "") if not what else ""
            made.append(_figure(image.marked(picture, masked), alt, over, caption=what or said, kind=f"colour {what}".strip()))
        if self.model is not None:
            picture = image.lupton(self.model, look, self.scale or image.own_scale(cube, look))
            made.append(_figure(picture, f"{said} in colour, model", caption=f"{said}, model", kind="colour model"))
        return made

    # ---- bands

    def _bands(self) -> list[str]:
        cube, made = self.cube, []
        last = self.n_rows - 1
        for number, stretch in enumerate(self.stretches):
            look = replace(self.look, stretch=stretch)
            drawn = {name: image.marked(image.in_grey(cube, name, look, self.scale), cube.masked[..., k])
                     for k, name in enumerate(cube.bands) if not cube.lacks(name)}
            name = stretch if len(self.stretches) > 1 else ""
            made += self._row(name, drawn, number == 0, number == last)
        for number, (name, drawn) in enumerate(self.rows, len(self.stretches)):
            made += self._row(name, drawn, False, number == last)
        return made

    def _row(self, what: str, drawn: dict[str, NDArray[np.uint8]], first: bool, last: bool) -> list[str]:
        """A row of pictures; what they are stands in the first, and the bands under the last of the rows."""
        cells = []
        for number, band in enumerate(self.cube.bands):
            over = f'<span class="what">{words.html(what)}</span>' if what and number == 0 else ""
            over += _bar(self.cube) if first and number == 0 else ""
            caption = f"<b>{words.html(band)}</b>{_magnitude(self.said.get(band))}" if last else ""
            if band in drawn:
                alt = f"band {band}, {what}" if what else f"band {band}"
                cells.append(_figure(drawn[band], alt, over, caption, raw=True))
            else:
                none = "not observed" if self.cube.lacks(band) else ""
                cells.append(f'<figure><div class="none">{none}{over}</div>{_caption(caption)}</figure>')
        return cells

    def _also(self) -> str:
        """Magnitudes in bands without an image, and what tinted pixels mean."""
        others = [f"<span><b>{words.html(band)}</b> {words.html(text)}</span>"
                  for band, text in self.said.items() if band not in self.cube.bands]
        seen = [k for k, name in enumerate(self.cube.bands) if not self.cube.lacks(name)]
        masked = int(self.cube.masked[..., seen].sum())
        others += [f'<span class="masked">{masked:,} masked pixels</span>'] if masked else []
        others += [f"<span>{words.html(note)}</span>" for note in self.notes]
        return f'<div class="also">{"".join(others)}</div>' if others else ""


def _figure(picture: NDArray[np.uint8], alt: str, over: str = "", caption: str = "", kind: str = "", raw: bool = False) -> str:
    text = caption if raw else words.html(caption)
    return (f'<figure class="{words.html(kind)}"><div class="frame"><img alt="{words.html(alt)}" '
            f'src="{image.as_url(image.png(picture))}">{over}</div>{_caption(text)}</figure>')


def _caption(text: str) -> str:
    return f"<figcaption>{text}</figcaption>" if text else ""


def _bar(cube: Cube) -> str:
    length, said = image.bar_of(cube)
    return f'<span class="bar" style="width: {100 * length:.1f}%">{words.html(said)}</span>'


def _magnitude(said: str | None) -> str:
    return "" if said is None else f'<span class="mag">{words.html(said)}</span>'
