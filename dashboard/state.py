"""State: what the user has chosen, small and serialisable; everything else on the page is derived from it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import param

from qsocore.errors import ConfigError, did_you_mean
from qsocore.selection import from_json, to_json

DENSITY = "density"
PALETTES = ("viridis", "cividis", "inferno", "plasma")
THEMES = ("system", "dark", "light")


class State(param.Parameterized):
    """The choices of one session. Assign several at once with ``state.param.update``; tuples only, never lists.

    An attribute that is not declared here is refused, so that a mistyped one cannot pass in silence.
    """

    store = param.String(doc="Path of the store or table.")
    run = param.String(doc="Run that gives latents and projections; empty for none.")
    projection = param.String(doc="Map of the run, or 'sky'; empty when x and y are chosen.")
    x = param.String(doc="Column across, used when no projection is chosen.")
    y = param.String(doc="Column upwards, used when no projection is chosen.")
    colour_by = param.String(DENSITY, doc="Column that colours the map, or 'density'.")
    limits = param.Tuple(None, length=2, allow_None=True, doc="Ends of the colour scale; None for robust ones.")
    palette = param.Selector(default=PALETTES[0], objects=list(PALETTES), doc="Colours of a continuous scale.")
    window = param.Tuple(None, length=4, allow_None=True, doc="x0, x1, y0, y1 in view; None for everything.")
    selection = param.String(doc="Rule of the selection as JSON; empty for none.")
    only = param.String(doc="Rule that drawn objects satisfy, as JSON; empty for all.")
    focus = param.String(doc="object_id of the object in focus.")
    theme = param.Selector(default="system", objects=list(THEMES), doc="Dark, light, or as the system has it.")

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_") and name not in self.param:
            raise AttributeError(f"State has no {name!r}; {did_you_mean(name, self.param)}")
        super().__setattr__(name, value)

    def to_query(self) -> dict[str, str]:
        """The choices that differ from their defaults, as words for an address; the store itself is not among them."""
        return {name: _write(name, getattr(self, name)) for name in _IN_ADDRESS
                if getattr(self, name) != self.param[name].default and not (self.projection and name in ("x", "y"))}

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


_IN_ADDRESS = ("run", "projection", "x", "y", "colour_by", "limits", "palette", "window", "selection", "only", "focus",
               "theme")


_RULES = ("selection", "only")


def _write(name: str, value: object) -> str:
    if name in _RULES:
        return json.dumps(json.loads(value), separators=(",", ":"))
    if isinstance(value, tuple):
        return ",".join(f"{part:.7g}" for part in value)
    return "" if value is None else str(value)


def _read(text: str, parameter: param.Parameter) -> object:
    if parameter.name in _RULES:
        return to_json(from_json(text)) if text else ""
    if isinstance(parameter, param.Tuple):
        numbers = tuple(float(part) for part in text.split(",")) if text else None
        if numbers and not all(abs(number) < float("inf") for number in numbers):
            raise ValueError(text)
        return numbers
    return text
