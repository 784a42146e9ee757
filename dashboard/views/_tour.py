"""The tour on the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import panel as pn
import param

from dashboard import theme
from dashboard.tour import STEPS


class Tour(pn.custom.JSComponent):
    """Five cards, at the first visit by themselves; `start` shows them again."""

    steps = param.List([[step.at, step.title, step.text] for step in STEPS], constant=True)
    started = param.Integer(0, doc="Grows each time the tour is asked for.")

    _esm = Path(__file__).with_name("tour.js")

    def __init__(self, **params: Any):
        super().__init__(stylesheets=[theme.css("tour")], width=0, height=0, margin=0, **params)

    def start(self) -> None:
        """Show the tour from its beginning."""
        self.started += 1
