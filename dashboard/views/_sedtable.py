"""The table of fits to an SED, whose first column is the key to the figure's colours: a click hides or shows a kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import panel as pn
import param

from dashboard import theme


class SedTable(pn.custom.JSComponent):
    """The table in the browser; tells `heard` of the kind that was clicked."""

    rows = param.List([], doc="Of each fit kind, chi2, k, n, bic, delta, z and what, as words; the preferred first.")
    colours = param.Dict({}, doc="By kind.")
    hidden = param.List([], doc="Kinds that are not drawn.")
    said = param.String(doc="What they say together, under the table.")
    source = param.String(doc="Whose words these are.")

    _esm = Path(__file__).with_name("sedtable.js")

    def __init__(self, heard: Callable[[str], None], **params):
        super().__init__(sizing_mode="stretch_width", margin=0, stylesheets=[theme.css("sed")], **params)
        self._heard = heard

    def _handle_msg(self, msg: str) -> None:
        self._heard(str(msg))
