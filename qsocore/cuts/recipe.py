"""Recipes of cuts: TOML files that say where photometry comes from and which rules follow one another.

::

    title = "..."
    citation = "..."                           # optional

    [detection]
    sigma = 2.0                                # below it a band is not detected

    [bands.W1]                                 # gives mag_W1, magerr_W1, flux_W1, fluxerr_W1, snr_W1, maglim_W1
    ab = [["W1_mag", "W1_magerr"]]             # columns of magnitudes with their errors, as other tables call them: the first
    vega = [["W1mag", "e_W1mag"]]              # that is there is taken, those in AB before those in Vega
    vega_to_ab = 2.699                         # what is added to a Vega magnitude
    flux = [["W1_flux", "W1_fluxerr"]]         # where there is no magnitude; microjansky unless the table states a unit
    depth = { sigma = 5, flux = 54.0 }         # of the survey: microjansky, or mag = 20.8 in AB

    [colours]
    W1_W2 = ["W1", "W2"]                       # a column of that name: mag_W1 - mag_W2

    [[steps]]
    name = "red in W1 - W2"
    rule = "W1_W2 > -0.14"                     # see qsocore.selection
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from qsocore.cuts.photometry import Band, Pair, depth_of
from qsocore.errors import ConfigError, did_you_mean
from qsocore.selection import Rule, parse

_PACKAGE = "qsocore.recipes"
_TABLES = ("title", "citation", "detection", "bands", "colours", "steps")
_BAND = ("ab", "vega", "vega_to_ab", "flux", "depth")
_SIGMA = 2.0


@dataclass(frozen=True)
class Step:
    """One cut.

    Parameters
    ----------
    name : str
        What it asks for, in words.
    text : str
        Its rule, in the language of `qsocore.selection`.
    rule : Rule
        The same, parsed.
    """

    name: str
    text: str
    rule: Rule

    @classmethod
    def of(cls, text: str, name: str = "") -> Step:
        """A step from its rule's text, which is its name where it has no other."""
        return cls(name or text, text, parse(text))


@dataclass(frozen=True)
class Recipe:
    """What is cut, and from what.

    Parameters
    ----------
    name, title, citation : str
    steps : tuple of Step
        In their order; each sees what those before it have left.
    bands : tuple of Band
    colours : dict of str to (str, str)
        Difference of the magnitudes of two bands, by the name of its column.
    sigma : float
        Signal to noise below which a band is not detected.
    text : str
        The file, which goes into the provenance.
    """

    name: str
    title: str
    citation: str
    steps: tuple[Step, ...]
    bands: tuple[Band, ...] = ()
    colours: Mapping[str, tuple[str, str]] | None = None
    sigma: float = _SIGMA
    text: str = ""

    @property
    def sha256(self) -> str:
        """Of the file's text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def names() -> list[str]:
    """Recipes that come with the package."""
    return sorted(file.name.removesuffix(".toml") for file in files(_PACKAGE).iterdir() if file.name.endswith(".toml"))


def load(recipe: str | Path) -> Recipe:
    """A recipe by its name, or from a TOML file.

    Raises
    ------
    ConfigError
        When there is none, or the file is none; the message names the part that is not understood.
    """
    path = Path(recipe)
    if path.suffix == ".toml" or path.is_file():
        try:
            return read(path.read_text(encoding="utf-8"), path.stem, path)
        except FileNotFoundError:
            raise ConfigError("there is no such file", path, f"with the package come {', '.join(names())}") from None
        except UnicodeDecodeError as error:
            raise ConfigError(f"it is no text ({error.reason})", path, "give a TOML file") from None
    if str(recipe) not in names():
        raise ConfigError(f"no recipe is called {str(recipe)!r}", None,
                          f"{did_you_mean(str(recipe), names())}; or give a TOML file")
    return read((files(_PACKAGE) / f"{recipe}.toml").read_text(encoding="utf-8"), str(recipe), recipe)


def read(text: str, name: str, where: object = None) -> Recipe:
    """A recipe from its text.

    Raises
    ------
    ConfigError
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"it is no TOML ({error})", where, "see the recipe glq-mpia that comes with the package") from None
    _known(content, _TABLES, where)
    bands = tuple(_band(band, entry, f"{where}: bands.{band}") for band, entry in content.get("bands", {}).items())
    colours = {key: _colour(pair, {band.name for band in bands}, f"{where}: colours.{key}")
               for key, pair in content.get("colours", {}).items()}
    steps = content.get("steps", [])
    if not steps:
        raise ConfigError("it has no steps", where, "write [[steps]] with a name and a rule")
    sigma = _number(content.get("detection", {}).get("sigma", _SIGMA), f"{where}: detection.sigma")
    return Recipe(name, str(content.get("title", name)), str(content.get("citation", "")),
                  tuple(_step(step, f"{where}: step {number}") for number, step in enumerate(steps, 1)), bands, colours, sigma,
                  text)


def _step(entry: Any, where: str) -> Step:
    if not isinstance(entry, dict) or not isinstance(entry.get("rule"), str):
        raise ConfigError("it has no rule", where, 'write rule = "mag_z < 21"')
    _known(entry, ("name", "rule"), where)
    return Step.of(entry["rule"], str(entry.get("name", "")))


def _band(name: str, entry: Any, where: str) -> Band:
    if not isinstance(entry, dict):
        raise ConfigError("it is no table", where, f"write [bands.{name}]")
    _known(entry, _BAND, where)
    ab, vega, flux = (_pairs(entry.get(key, []), f"{where}.{key}") for key in ("ab", "vega", "flux"))
    if vega and "vega_to_ab" not in entry:
        raise ConfigError("it has magnitudes in Vega and no vega_to_ab", where, "say what brings them to AB")
    if not (ab or vega or flux):
        raise ConfigError("it names no column", where, 'write ab = [["g_mag", "g_magerr"]]')
    return Band(name, ab, vega, flux, _number(entry["vega_to_ab"], f"{where}.vega_to_ab") if "vega_to_ab" in entry else None,
                _depth(entry["depth"], f"{where}.depth") if "depth" in entry else None)


def _pairs(entries: Any, where: str) -> tuple[Pair, ...]:
    if not isinstance(entries, list) or not all(isinstance(pair, list) and len(pair) in (1, 2) and
                                                all(isinstance(name, str) for name in pair) for pair in entries):
        raise ConfigError("it is no list of pairs of columns", where, 'write [["g_mag", "g_magerr"]]')
    return tuple((pair[0], pair[1] if len(pair) == 2 else "") for pair in entries)


def _depth(entry: Any, where: str) -> float:
    if not isinstance(entry, dict) or "sigma" not in entry or ("mag" in entry) == ("flux" in entry):
        raise ConfigError("a depth is sigma with mag or flux", where, "write { sigma = 5, mag = 20.8 }")
    _known(entry, ("sigma", "mag", "flux"), where)
    values = {key: _number(value, where) for key, value in entry.items()}
    return depth_of(**values)


def _colour(pair: Any, bands: set[str], where: str) -> tuple[str, str]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise ConfigError("a colour is two bands", where, 'write ["i", "z"]')
    for band in pair:
        if band not in bands:
            raise ConfigError(f"there is no band {band!r}", where, did_you_mean(str(band), bands))
    return pair[0], pair[1]


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{value!r} is no number", where)
    return float(value)


def _known(entry: dict, keys: tuple[str, ...], where: object) -> None:
    for key in entry:
        if key not in keys:
            raise ConfigError(f"{key!r} is not understood", where, did_you_mean(key, keys))
