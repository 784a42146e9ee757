"""Columns in the groups in which a user looks for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dashboard import words

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

_TITLES = {"id": "Names", "label": "Classes", "flag": "Flags", "redshift": "Redshift and quality",
           "quality": "Redshift and quality", "error": "Redshift and quality", "magnitude": "Brightness", "flux": "Brightness",
           "property": "Properties", "truth": "Truth of the simulation", "coordinate": "Coordinates", "latent": "Latents",
           "provenance": "Provenance"}


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
