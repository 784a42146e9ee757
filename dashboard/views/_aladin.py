"""Aladin Lite in a frame of its own, which asks the internet for nothing before it is made.

The frame has no origin: what is loaded into it can read neither this page nor its address. It is told positions, and tells
which of them was clicked.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import panel as pn
import param

HOST = "https://aladin.cds.unistra.fr"
SCRIPT = f"{HOST}/AladinLite/api/v3/latest/aladin.js"


class Aladin(pn.custom.JSComponent):
    """The sky of the surveys, with positions over it.

    Parameters
    ----------
    clicked : callable
        Told the number of a position that was clicked.
    """

    positions = param.List(doc="[ra, dec] in degrees of each object, ICRS.")
    focus = param.List(doc="[ra, dec] of the object in focus; empty for none.")
    colours = param.List(["#e69f00", "#ffffff"], doc="Of the objects, and of the one in focus.")
    script = param.String(SCRIPT, constant=True, doc="Where Aladin Lite is loaded from.")

    _esm = Path(__file__).with_name("aladin.js")

    def __init__(self, clicked: Callable[[int], None], **params):
        super().__init__(**params)
        self.on_msg(lambda event: clicked(int(event.data)) if isinstance(event.data, int) else None)
