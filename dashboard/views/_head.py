"""Whose page it is: the object's id and the facts that matter at a glance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dashboard import words

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

_FACTS = {"class": "", "subclass": "", "z": "z", "snr_median": "S/N", "chi2_pix": "χ² per pixel"}


def head(table: AtlasTable, object_id: str, row: Mapping[str, Any]) -> str:
    """HTML of an object's head."""
    columns, name = table.columns, words.html(object_id)
    facts = [(short, words.short(row[fact], columns[fact])) for fact, short in _FACTS.items()
             if row.get(fact) not in (None, "")]
    said = "".join(f'<span class="fact">{words.html(what)} <b>{words.html(value)}</b></span>' for what, value in facts)
    said += '<span class="fact warn">redshift warning</span>' if row.get("z_warn") else ""
    return f'<div class="head"><div class="id" title="{name}">{name}</div><div class="facts">{said}</div></div>'
