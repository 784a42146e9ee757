"""A recipe fitted to the columns of one table, and the cuts on its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.catalog import Column, is_missing
from qsocore.cuts.funnel import Count, Funnel
from qsocore.cuts.photometry import Band, Source, colour, first, measure
from qsocore.cuts.recipe import Recipe, Step
from qsocore.errors import ConfigError, did_you_mean
from qsocore.selection import columns_of, truths
from qsocore.surveys._meaning import microjansky_per

Read = Callable[[str], NDArray]


@dataclass(frozen=True)
class Cut:
    """What became of some rows.

    Parameters
    ----------
    rows : ndarray of bool, shape (n,)
        Those that are left.
    derived : dict of str to ndarray, shape (n,)
        The columns that the recipe adds.
    funnel : Funnel
    """

    rows: NDArray[np.bool_]
    derived: dict[str, NDArray[np.float64]]
    funnel: Funnel


class Plan:
    """What a recipe means for a table with these columns.

    Parameters
    ----------
    recipe : Recipe
    columns : mapping of str to Column
        Of the table.
    rules : iterable of str
        Further steps, as text.
    strict : bool
        Refuse a step that is not applicable, instead of counting it as such.

    Raises
    ------
    ConfigError
        When a further rule, or with `strict` any, needs a column that there is not.
    """

    def __init__(self, recipe: Recipe, columns: Mapping[str, Column], rules: Iterable[str] = (), strict: bool = False):
        self.recipe, self.columns = recipe, columns
        self._lower = _by_lower(columns)
        sources = {band.name: self._source(band) for band in recipe.bands}
        self.bands = {band: sources[band.name] for band in recipe.bands if sources[band.name] is not None}
        measured = {band.name for band in self.bands}
        self.colours = {name: pair for name, pair in (recipe.colours or {}).items() if measured.issuperset(pair)}
        self.derived = {column.name: column for band in self.bands for column in band.columns(recipe.sigma)}
        self.derived |= {name: Column(name, "float64", "property", "mag", f"{one} - {other}, AB", system="AB")
                         for name, (one, other) in self.colours.items()}
        asked = [Step.of(text) for text in rules]
        self.steps = [*recipe.steps, *asked]
        self._absent = [tuple(name for name in columns_of(step.rule) if self._known(name) is None) for step in self.steps]
        for step, absent in zip(self.steps, self._absent, strict=True):
            if absent and (strict or step in asked):
                raise ConfigError(f"there is no column {', '.join(absent)}", f"step {step.name!r}",
                                  did_you_mean(absent[0], [*columns, *self.derived]))

    def empty(self) -> Funnel:
        """The counts before any row has come."""
        return Funnel(self.recipe.name, tuple(Count(step.name, step.text, absent=absent)
                                              for step, absent in zip(self.steps, self._absent, strict=True)), 0)

    def cut(self, read: Read, n: int) -> Cut:
        """Cut rows.

        Parameters
        ----------
        read : callable
            Gives a column of the table by name, shape (n,), its sentinels in it: NaN and "" where there is nothing.
        n : int
            How many rows.
        """
        derived: dict[str, NDArray[np.float64]] = {}
        for band, source in self.bands.items():
            derived |= measure(band, source, self.recipe.sigma, read)
        for name, (one, other) in self.colours.items():
            derived[name] = colour(derived[f"mag_{one}"], derived[f"mag_{other}"])
        left, counts = np.ones(n, bool), []
        for step, absent in zip(self.steps, self._absent, strict=True):
            before = int(left.sum())
            if absent:
                counts.append(Count(step.name, step.text, before, before, absent=absent))
                continue
            holds, fails = truths(step.rule, lambda name: self._value(name, derived, read), n)
            passed, failed = left & holds, int((left & fails).sum())
            left = passed
            counts.append(Count(step.name, step.text, before, int(passed.sum()), failed, before - int(passed.sum()) - failed))
        return Cut(left, derived, Funnel(self.recipe.name, tuple(counts), n))

    def _value(self, name: str, derived: Mapping[str, NDArray], read: Read) -> NDArray:
        """A column as a rule reads it: what its sentinels stand for is missing."""
        found = self._known(name)
        if found in derived:
            return derived[found]
        values, sentinels = np.asarray(read(found)), self.columns[found].sentinels
        if values.dtype.kind not in "fiu" or not sentinels:
            return values
        gone = is_missing(values, sentinels)
        return np.where(gone, np.nan, values.astype(np.float64)) if gone.any() else values

    def _known(self, name: str) -> str | None:
        """The column that a name means: a derived one, one of the table, or one that differs only in its capitals."""
        if name in self.derived or name in self.columns:
            return name
        return self._lower.get(name.lower())

    def _source(self, band: Band) -> Source | None:
        """Where a band's photometry comes from, None for nowhere; what a table states of its columns goes before the recipe."""
        ab, vega, flux = (first(pairs, self.columns) for pairs in (band.ab, band.vega, band.flux))  # Y and y differ
        magnitude = ab or vega
        if not (magnitude or flux):
            return None
        system = magnitude and (self.columns[magnitude[0]].system or ("AB" if ab else "Vega"))
        if system == "Vega" and band.vega_to_ab is None:
            raise ConfigError(f"column {magnitude[0]} is in Vega, and the recipe does not say what brings it to AB",
                              f"band {band.name}", "add vega_to_ab")
        unit = self.columns[flux[0]].unit if flux else ""
        scale = microjansky_per(unit) if unit else 1.0
        if scale is None:
            raise ConfigError(f"column {flux[0]} is in {unit!r}, which is no flux per frequency", f"band {band.name}",
                              "convert it to microjansky, or mend its unit")
        return Source(magnitude, band.vega_to_ab if system == "Vega" else 0.0, flux, scale)


def _by_lower(names: Iterable[str]) -> dict[str, str]:
    """Names by their lower case, where only one has it."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.lower(), []).append(name)
    return {lower: same[0] for lower, same in found.items() if len(same) == 1}
