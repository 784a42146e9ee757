"""Palettes of 256 colours for the levels of `dashboard.colourings`: 254 that say something, one for unknown, one for nothing.

Continuous ones are perceptually even and safe for colour-blind eyes; classes have the colours of Okabe & Ito (2008,
"Color Universal Design"), continued by Paul Tol's muted scheme (SRON/EPS/TN/09-002).
"""

from __future__ import annotations

from functools import cache

from bokeh import palettes

from dashboard.colourings import LEVELS
from dashboard.colourings.categorical import MAX_CLASSES, SHADES
from dashboard.table import MISSING, OTHER

_CLASSES = {
    "dark": ("#e69f00", "#56b4e9", "#2fc08f", "#f0e442", "#5a8fe0", "#e8713a", "#dd93bd", "#b9b2f0", "#c9a27c", "#88ccee",
             "#b5d96c", "#8b8f94"),
    "light": ("#cf8a00", "#2f94d0", "#008a63", "#b5a700", "#0063a3", "#c44e00", "#b8568f", "#5b4bb5", "#8a5f35", "#117a8b",
              "#5f8f1d", "#8b8f94"),
}
_UNKNOWN = {"dark": "#5b6067", "light": "#a9afb6"}
_NOTHING = "#00000000"
_TRIM = {"dark": (0.12, 1.0), "light": (0.0, 0.93)}  # the ends of a map that the page's own colour would swallow
_FAINTEST = 0.65


@cache
def continuous(name: str, theme: str, reverse: bool = False) -> tuple[str, ...]:
    """Palette for `continuous` and `density`.

    Parameters
    ----------
    name : str
        "viridis", "cividis", "inferno" or "plasma".
    theme : {"dark", "light"}
        For which page.
    reverse : bool
        High values dark, as ink on paper.
    """
    whole = getattr(palettes, f"{name.capitalize()}256")
    low, high = _TRIM[theme]
    places = [low + (high - low) * k / (LEVELS - 1) for k in range(LEVELS)]
    colours = [whole[round(255 * place)] for place in places]
    return (*(colours[::-1] if reverse else colours), _UNKNOWN[theme], _NOTHING)


@cache
def categorical(names: tuple[str, ...], theme: str) -> tuple[str, ...]:
    """Palette for `categorical`: each class in `SHADES` steps up to its full colour."""
    colours = []
    for k in range(MAX_CLASSES):
        full = class_colour(k, names[k], theme) if k < len(names) else _NOTHING[:7]
        for shade in range(SHADES):
            opacity = _FAINTEST + (1 - _FAINTEST) * shade / (SHADES - 1)
            colours.append(f"{full}{round(255 * opacity):02x}")
    colours += [_NOTHING] * (LEVELS - len(colours))
    return (*colours, _UNKNOWN[theme], _NOTHING)


def class_colour(number: int, name: str, theme: str) -> str:
    """The full colour of a class; classes without a value and the rest that shares a colour are grey."""
    return _UNKNOWN[theme] if name == MISSING else _CLASSES[theme][-1 if name == OTHER else number]
