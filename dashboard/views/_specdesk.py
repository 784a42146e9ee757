"""What the browser does with a spectrum by itself: the slim row of controls above it, and all that they change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import panel as pn
import param

from dashboard import theme, words
from qsocore.lines import line_list

_LABELS = {"observed": words.WAVE_LABEL, "rest": words.WAVE_LABEL.replace("Observed", "Rest"), "flux": words.FLUX_LABEL,
           "counts": "Flux, uncalibrated"}


class SpectrumDesk(pn.custom.JSComponent):
    """Fills the figures "spectrum" and "residual" of its page from `scene`; of its controls only what is to be attributed to
    the pixels asks the server, by `heard`; the answer fills the figure "attribution".
    """

    scene = param.Dict({}, doc="What is given of an object, as `SpectrumView.scene` makes it; empty for none.")
    lines = param.List([[line.name, line.wave, line.kind, line.major] for line in line_list()],
                       doc="Name, rest wavelength in vacuum Angstrom, kind, whether it is a major one.")
    why = param.String(doc="What is attributed to the pixels: RUN/TARGET/METHOD; empty for nothing.")
    menu = param.Dict({}, doc="What can be: runs with their targets, and methods by name.")
    answer = param.Dict({}, doc="The latest answer, as `dashboard.attribution.scene` makes it.")
    suffix = param.String(doc="Of the names of its figures, where a page has a second spectrum.")
    asks = param.Boolean(True, doc="Whether models can be asked what speaks for what they say.")
    labels = param.Dict(_LABELS, doc="What stands on the axes.")

    _esm = Path(__file__).with_name("spectrum.js")

    def __init__(self, heard: Callable[[dict[str, Any]], None], **params):
        super().__init__(stylesheets=[theme.css("spectrum")], sizing_mode="stretch_width", margin=0, **params)
        self._heard = heard

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        self._heard(msg)
