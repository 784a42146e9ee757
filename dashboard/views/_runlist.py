"""The list of runs on the page of models: one is looked at, several are ticked to be compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import panel as pn
import param

from dashboard import theme


class RunList(pn.custom.JSComponent):
    """The list in the browser; tells `heard` of the run that is chosen, or ticked."""

    runs = param.List([], doc="Dicts with key, name, model, place, state, share, said, loss, made.")
    chosen = param.List([], doc="Keys of those that are shown, in the order of their colours.")
    colours = param.List([], doc="Of the curves.")

    _esm = Path(__file__).with_name("models.js")

    def __init__(self, heard: Callable[[dict[str, Any]], None], **params):
        super().__init__(sizing_mode="stretch_width", margin=0, stylesheets=[theme.css("models")], **params)
        self._heard = heard

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        self._heard(msg)
