"""Palettes of 256 colours for the levels of `dashboard.colourings`: 254 that say something, one for unknown, one for nothing.

Continuous ones are perceptually even and safe for colour-blind eyes; classes have the colours of Okabe & Ito (2008,
"Color Universal Design"), continued by Paul Tol's muted scheme (SRON/EPS/TN/09-002).
"""

from __future__ import annotations

from functools import cache

import colorcet
from bokeh import palettes

from dashboard.colourings import LEVELS
from dashboard.colourings.categorical import shades
from dashboard.derive import SLOT_NAMES
from dashboard.state import DIVERGING
from dashboard.table import MISSING, OTHER
from dashboard.theme import INK

_CLASSES = {
    "dark": ("#e69f00", "#56b4e9", "#2fc08f", "#f0e442", "#5a8fe0", "#e8713a", "#dd93bd", "#b9b2f0", "#c9a27c", "#88ccee",
             "#b5d96c"),
    "light": ("#cf8a00", "#2f94d0", "#008a63", "#b5a700", "#0063a3", "#c44e00", "#b8568f", "#5b4bb5", "#8a5f35", "#117a8b",
              "#5f8f1d"),
}
_OTHER = "#8b8f94"
_BOTH = {"dark": "#d9d9d9", "light": "#3a3f45"}
_OWN = {"QSO": 0, "STAR": 1, "GALAXY": 2}
_MODELS = {"quasar": 0, "star": 1, "galaxy": 2, "quasar+galaxy": 6}
_UNKNOWN = {"dark": "#5b6067", "light": "#a9afb6"}
NOTHING = "#00000000"
"""Of a pixel without objects."""
_TRIM = {"dark": (0.12, 1.0), "light": (0.0, 0.93)}  # the ends of a map that the page's own colour would swallow
_TRIM_DENSITY = {"dark": (0.3, 1.0), "light": (0.72, 0.0)}
_FAINTEST = 0.65


@cache
def continuous(name: str, theme: str, density: bool = False) -> tuple[str, ...]:
    """Palette for the levels of `continuous`, or of `density`.

    Parameters
    ----------
    name : str
        One of `dashboard.state.PALETTES`.
    theme : {"dark", "light"}
        For which page.
    density : bool
        Whether a low level has to stand out from the page, as a single object does; on a light page dense is then dark.
    """
    whole = colorcet.palette[name] if name == DIVERGING else getattr(palettes, f"{name.capitalize()}256")
    low, high = (_TRIM_DENSITY if density else _TRIM)[theme] if density or name != DIVERGING else (0.0, 1.0)
    colours = [whole[round(255 * (low + (high - low) * k / (LEVELS - 1)))] for k in range(LEVELS)]
    return (*colours, _UNKNOWN[theme], NOTHING)


@cache
def categorical(names: tuple[str, ...], theme: str) -> tuple[str, ...]:
    """Palette for `categorical`: each class in `shades` steps up to its full colour."""
    steps = shades(len(names))
    opacities = [_FAINTEST + (1 - _FAINTEST) * step / (steps - 1) for step in range(steps)] if steps > 1 else [1.0]
    colours = [f"{colour}{round(255 * opacity):02x}" for colour in class_colours(names, theme) for opacity in opacities]
    colours += [NOTHING] * (LEVELS - len(colours))
    return (*colours, _UNKNOWN[theme], NOTHING)


@cache
def class_colours(names: tuple[str, ...], theme: str) -> tuple[str, ...]:
    """The full colour of each class.

    Quasars, stars and galaxies have their own in every store, the others follow by their order; objects without a value and
    the rest that shares a colour are grey. The slots A and B have the colours that they have everywhere on the page.
    """
    if names == SLOT_NAMES:
        ink = INK[theme]
        return _UNKNOWN[theme], ink["a"], ink["b"], _BOTH[theme]
    taken = {_OWN[name] for name in names if name in _OWN}
    free = iter(number for number in range(len(names) + len(_OWN)) if number not in taken)
    grey = {MISSING: _UNKNOWN[theme], OTHER: _OTHER}
    return tuple(grey.get(name) or _numbered(_OWN[name] if name in _OWN else next(free), theme) for name in names)


def models(theme: str) -> dict[str, str]:
    """The colour of each kind of model of an SED; quasars, stars and galaxies have that of their class."""
    return {kind: _numbered(number, theme) for kind, number in _MODELS.items()}


def _numbered(number: int, theme: str) -> str:
    """The colour of a class by its number: a chosen one, then those that are told apart best (Glasbey et al. 2007)."""
    chosen = _CLASSES[theme]
    further = colorcet.palette["glasbey_light" if theme == "dark" else "glasbey_dark"]
    return chosen[number] if number < len(chosen) else further[(number - len(chosen)) % len(further)]
