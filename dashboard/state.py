"""State: what the user has chosen, small and serialisable; everything else on the page is derived from it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import param

from qsocore.errors import ConfigError, did_you_mean
from qsocore.selection import from_json, to_json

DENSITY, SLOTS = "density", "A / B"
"""Colourings that are no column: objects per pixel, and membership of the two slots."""
PALETTES = ("viridis", "cividis", "inferno", "plasma", "coolwarm")
DIVERGING = "coolwarm"
STATISTICS = ("mean", "min", "max", "std")
SCALES = ("linear", "log", "rank")
MODES = ("replace", "add", "subtract", "intersect")
PAGES = ("object", "selection", "space", "sky", "models", "grade")
SED_FACES = ("fits", "colours", "sample")
THEMES = ("system", "dark", "light")
MAX_MAPS = 4


class State(param.Parameterized):
    """The choices of one session. Assign several at once with ``state.param.update``; tuples only, never lists.

    An attribute that is not declared here is refused, so that a mistyped one cannot pass in silence.
    """

    store = param.String(doc="Path of the store or table.")
    run = param.String(doc="Run that gives latents and projections; empty for none.")
    maps = param.ClassSelector(default=(), class_=tuple, doc="Maps side by side: a projection, 'sky' or 'x,y' each.")
    windows = param.ClassSelector(default=(), class_=tuple, doc="What each map shows: x0, x1, y0, y1, or None for everything.")
    linked = param.Boolean(False, doc="Whether the other maps follow to the objects in view of the one that is moved.")
    colour_by = param.String(DENSITY, doc="Column that colours the map, 'density', or 'A / B'.")
    statistic = param.Selector(default=STATISTICS[0], objects=list(STATISTICS), doc="What a pixel says of a column.")
    scale = param.Selector(default=SCALES[0], objects=list(SCALES), doc="How values are placed on the colour scale.")
    limits = param.Tuple(None, length=2, allow_None=True, doc="Ends of the colour scale; None for robust ones.")
    palette = param.Selector(default=PALETTES[0], objects=list(PALETTES), doc="Colours of a continuous scale.")
    hidden = param.ClassSelector(default=(), class_=tuple, doc="Classes of the colouring's column that are not drawn.")
    rare = param.String("anomaly", doc="Which objects are drawn as single points over the map; empty for none.")
    islands = param.Boolean(False, doc="Whether the map's clusters are outlined and named.")
    spokes = param.Boolean(True, doc="Whether lines lead from the object in focus to its neighbours in latent space.")
    selection = param.String(doc="Rule of the selection as JSON; empty for none.")
    mode = param.Selector(default=MODES[0], objects=list(MODES), doc="What a new selection does to the old one.")
    a = param.String(doc="Rule of slot A as JSON; empty for none.")
    b = param.String(doc="Rule of slot B as JSON; empty for none.")
    only = param.String(doc="Rule that drawn objects satisfy, as JSON; empty for all.")
    filters = param.String(doc="Rule of the filters as JSON, which drawn objects satisfy as well; empty for all.")
    focus = param.String(doc="object_id of the object in focus.")
    why = param.String(doc="What is shared among the pixels of the object in focus: RUN/TARGET/METHOD; empty for nothing.")
    sed_face = param.Selector(default=SED_FACES[0], objects=list(SED_FACES), doc="What is shown of an SED.")
    sed_hidden = param.ClassSelector(default=(), class_=tuple, doc="Kinds of models of an SED that are not drawn.")
    models = param.ClassSelector(default=(), class_=tuple, doc="Runs that the page of models shows; empty for its first.")
    page = param.Selector(default=PAGES[0], objects=list(PAGES), doc="What the right half of the page is about.")
    tab = param.String(doc="Title of the open tab there; empty for the first.")
    drawer = param.Boolean(False, doc="Whether the filters beside the maps are open.")
    wide = param.Boolean(False, doc="Whether the maps are hidden, so that the right half takes the whole page.")
    theme = param.Selector(default="system", objects=list(THEMES), doc="Dark, light, or as the system has it.")

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_") and name not in self.param:
            raise AttributeError(f"State has no {name!r}; {did_you_mean(name, self.param)}")
        super().__setattr__(name, value)

    def window(self, number: int) -> tuple[float, float, float, float] | None:
        """What a map shows, None for everything."""
        return self.windows[number] if number < len(self.windows) else None

    def to_query(self) -> dict[str, str]:
        """The choices that differ from their defaults, as words for an address; the store itself is not among them."""
        return {name: _write(name, getattr(self, name)) for name in _IN_ADDRESS
                if getattr(self, name) != self.param[name].default and not (name == "windows" and not any(self.windows))}

    def apply_query(self, query: Mapping[str, str]) -> list[str]:
        """Take over what an address says.

        Parameters
        ----------
        query : mapping of str to str
            As written by `to_query`; other words are left alone.

        Returns
        -------
        list of str
            One line for each word that could not be used.
        """
        refused = []
        for name in _IN_ADDRESS:
            if name not in query:
                continue
            try:
                setattr(self, name, _read(query[name], self.param[name]))
            except (ValueError, TypeError, ConfigError):
                refused.append(f"the address says {name}={query[name][:40]!r}, which cannot be used")
        return refused


_IN_ADDRESS = tuple(name for name in State.param if name not in ("name", "store", "mode"))
RULES = ("selection", "a", "b", "only", "filters")
"""Choices that are rules, as JSON."""


def _write(name: str, value: object) -> str:
    if name in RULES:
        return json.dumps(json.loads(value), separators=(",", ":"))
    if name in ("maps", "models", "sed_hidden"):
        return ";".join(value)
    if name == "hidden":
        return json.dumps(value, separators=(",", ":"))
    if name == "windows":
        return ";".join(_numbers(window) for window in value)
    return _numbers(value) if isinstance(value, tuple) else str(value)


def _numbers(values: tuple | None) -> str:
    return ",".join(f"{part:.7g}" for part in values) if values else ""


def _read(text: str, parameter: param.Parameter) -> object:
    name = parameter.name
    if name in RULES:
        return to_json(from_json(text)) if text else ""
    if name == "maps":
        return tuple(filter(None, text.split(";")))[:MAX_MAPS]
    if name in ("models", "sed_hidden"):
        return tuple(filter(None, text.split(";")))
    if name == "windows":
        return tuple(_finite(part, 4) for part in text.split(";"))
    if name == "hidden":
        names = json.loads(text)
        if not isinstance(names, list) or not all(isinstance(part, str) for part in names):
            raise ValueError(text)
        return tuple(names)
    if name == "limits":
        return _finite(text, 2)
    if isinstance(parameter, param.Boolean):
        return {"True": True, "False": False}[text] if text in ("True", "False") else _refuse(text)
    return text


def _finite(text: str, length: int) -> tuple[float, ...] | None:
    numbers = tuple(float(part) for part in text.split(",")) if text else None
    if numbers and (len(numbers) != length or not all(abs(number) < float("inf") for number in numbers)):
        _refuse(text)
    return numbers


def _refuse(text: str) -> None:
    raise ValueError(text)
