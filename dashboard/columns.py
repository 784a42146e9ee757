"""Columns in the groups in which a user looks for them, and a few rows of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard import words

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

_TITLES = {"id": "Names", "label": "Classes", "flag": "Flags", "redshift": "Redshift and quality",
           "quality": "Redshift and quality", "error": "Redshift and quality", "magnitude": "Brightness", "flux": "Brightness",
           "property": "Properties", "truth": "Truth of the simulation", "coordinate": "Coordinates", "latent": "Latents",
           "provenance": "Provenance"}

_BIG = 1_000_000  # rows from which on a few scattered ones are quicker found in memory maps than in a Parquet file


def grouped(table: AtlasTable, names: Iterable[str] | None = None) -> dict[str, dict[str, str]]:
    """Columns (all by default) by the title of their group, then by their own title, in the groups' order."""
    groups: dict[str, dict[str, str]] = {title: {} for title in dict.fromkeys(_TITLES.values())}
    for name in table.columns if names is None else names:
        column = table.columns[name]
        groups[_TITLES.get(column.role, "Properties")][words.title(column)] = name
    return {title: columns for title, columns in groups.items() if columns}


def numeric(table: AtlasTable) -> list[str]:
    """Names of the columns of numbers."""
    return [name for name in table.columns if table.is_numeric(name)]


def cells(table: AtlasTable, rows: NDArray[np.int64], names: Sequence[str]) -> dict[str, list[Any]]:
    """Exact values of a few rows, in their order, by column; None or NaN where there is none.

    A big catalogue's numbers and classes are looked up in what all sessions share, so that a page of scattered rows does
    not read a piece of the file for each.
    """
    mapped: dict[str, list[Any]] = {}
    for name in names if table.n_rows > _BIG else ():
        if name == "object_id":
            mapped[name] = table.ids_of(rows)
        elif table.is_numeric(name):
            values = table.exact(name)[rows]
            whole = values.dtype.kind == "f" and table.columns[name].dtype.startswith("int")  # an integer column with gaps
            mapped[name] = [None if value != value else int(value) for value in values.tolist()] if whole else values.tolist()
        elif table.columns[name].role == "label" and (coded := table.coded(name)) is not None:
            mapped[name] = [coded.labels[code] for code in coded.codes[rows]]
    others = [name for name in names if name not in mapped]
    frame = table.frame(rows, others) if others else {}
    return {name: mapped[name] if name in mapped else frame[name].tolist() for name in names}
