"""The key to the map's colours: a counted legend of classes, or a bar that tells true values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard import palettes, words
from dashboard.colourings import LEVELS, Scale


def classes(title: str, names: tuple[str, ...], counts: Sequence[int], theme: str) -> str:
    """A legend with the number of drawn objects of each class, as HTML."""
    chips = "".join(
        f'<span class="chip"><i style="background:{colour}"></i>{words.html(name)}<b>{count:,}</b></span>'
        for colour, name, count in zip(palettes.class_colours(names, theme), names, counts, strict=True))
    return f'<div class="legend"><span class="name">{words.html(title)}</span>{chips}</div>'


def bar(title: str, scale: Scale, palette: Sequence[str]) -> str:
    """A colour bar with round values where they belong, as HTML."""
    stops = ",".join(palette[k] for k in np.linspace(0, LEVELS - 1, 24).round().astype(int))
    ticks = "".join(f'<span style="left:{100 * place:.1f}%">{words.number(value)}</span>' for place, value in ticks_of(scale))
    return (f'<div class="bar"><span class="name">{words.html(title)}</span>'
            f'<div class="ramp" style="background:linear-gradient(90deg,{stops})"></div><div class="ticks">{ticks}</div></div>')


def ticks_of(scale: Scale) -> list[tuple[float, float]]:
    """Places from 0 to 1 on a scale and the values there: its two ends and round values between them.

    Examples
    --------
    >>> ticks_of(Scale(0.0, 4.0))[0], ticks_of(Scale(1.0, 100.0, log=True))[1]
    ((0.0, 0.0), (0.5, 10.0))
    """
    if scale.log:
        inner = 10.0 ** np.arange(np.ceil(np.log10(scale.low)), np.log10(scale.high) + 1e-9)
        place = np.log(inner / scale.low) / np.log(scale.high / scale.low)
    else:
        step = _round_step((scale.high - scale.low) / 4)
        inner = np.arange(np.ceil(scale.low / step), np.floor(scale.high / step) + 0.5) * step
        place = (inner - scale.low) / (scale.high - scale.low)
    middle = [(float(p), float(v)) for p, v in zip(place, inner, strict=True) if 0.12 < p < 0.86]
    return [(0.0, scale.low), *middle, (1.0, scale.high)]


def _round_step(rough: float) -> float:
    power = 10.0 ** np.floor(np.log10(rough))
    return float(power * min((1, 2, 5, 10), key=lambda factor: abs(factor * power - rough)))
