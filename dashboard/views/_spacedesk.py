"""What is moved by hand on the page of the space of latents: sliders, paths, and the nearest objects as links."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import panel as pn
import param

from dashboard import theme


class SpaceDesk(pn.custom.JSComponent):
    """The controls in the browser; tells `heard` of what is done there.

    It sends one thing at a time: while an answer (`point`, by its number) is awaited only the latest wish is kept.
    """

    axes = param.Dict({}, doc="Of each latent its name, lowest, 16 %, median, 84 % and highest value.")
    point = param.Dict({}, doc="Latents of the place that is shown, and the number of the wish that it answers.")
    focus = param.List([], doc="Latents of the object in focus; empty for none.")
    near = param.List([], doc="The nearest objects: id, words, distance.")
    path = param.Dict({}, doc="Words for both ends, the nearest object of each frame, and the frame that is shown.")
    can = param.Dict({}, doc="Which of focus, slot A and slot B there are.")

    _esm = Path(__file__).with_name("space.js")

    def __init__(self, heard: Callable[[dict[str, Any]], None], **params):
        super().__init__(sizing_mode="stretch_width", margin=0, stylesheets=[theme.css("space")], **params)
        self._heard = heard

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        self._heard(msg)
