"""What the browser does with a spectrum by itself: the slim row of controls above it, and all that they change."""

from __future__ import annotations

from pathlib import Path

import panel as pn
import param

from dashboard import theme, words
from qsocore.lines import line_list

_LABELS = {"observed": words.WAVE_LABEL, "rest": words.WAVE_LABEL.replace("Observed", "Rest"), "flux": words.FLUX_LABEL,
           "counts": "Flux, uncalibrated"}


class SpectrumDesk(pn.custom.JSComponent):
    """Fills the figures "spectrum" and "residual" of its page from `scene`; no control of it asks the server."""

    scene = param.Dict({}, doc="What is given of an object, as `SpectrumView.scene` makes it; empty for none.")
    lines = param.List([[line.name, line.wave, line.kind, line.major] for line in line_list()],
                       doc="Name, rest wavelength in vacuum Angstrom, kind, whether it is a major one.")
    labels = param.Dict(_LABELS, doc="What stands on the axes.")

    _esm = Path(__file__).with_name("spectrum.js")

    def __init__(self, **params):
        super().__init__(stylesheets=[theme.css("spectrum")], sizing_mode="stretch_width", margin=0, **params)
