"""The slim row of chips and sliders above an image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import panel as pn
import param

from dashboard import image, theme
from dashboard.attribution import Question
from dashboard.image import Look

_STRETCHES = (("linear", "lin", "Linear"), ("sqrt", "√", "Square root"), ("log", "log", "Log"), ("asinh", "asinh", "Asinh"),
              ("all", "all", "All four stretches"))
_BRIGHTNESS = (("own", "own", "Its own brightness"), ("common", "common", "One brightness for all objects"))
_RANGES = {"softening": (0.1, 100.0), "width": (0.3, 100.0)}


@dataclass(frozen=True)
class Chosen:
    """What is chosen of how images are drawn; `look` has the rest of it.

    Parameters
    ----------
    stretch : str
        One of `image.STRETCHES`, or "all".
    brightness : {"own", "common"}
    model : bool
        Whether a reconstruction and its residual are shown.
    why : str
        What is shared among the pixels, RUN/TARGET; "" for nothing.
    occlusion : bool
        Whether it is shared by occlusion, not by gradients.
    beside : str
        Pictures under the image by which a model is understood, RUN/KIND of `dashboard.exemplars`; "" for none.
    """

    stretch: str = "asinh"
    brightness: str = "own"
    invert: bool = False
    colours: str = ""
    softening: float = Look.softening
    width: float = Look.width
    model: bool = True
    why: str = ""
    occlusion: bool = False
    beside: str = ""

    @property
    def question(self) -> Question | None:
        """What is asked of the models, None for nothing."""
        return Question.read(f"{self.why}/{'occlusion' if self.occlusion else 'gradients'}")

    @property
    def stretches(self) -> tuple[image.Stretch, ...]:
        """A row of bands for each."""
        return image.STRETCHES if self.stretch == "all" else (self.stretch,)

    @property
    def look(self) -> Look:
        """For drawing."""
        return Look(self.stretches[-1], self.invert, self.softening, self.width, tuple(self.colours.split()))

    def changed(self, name: str, value: Any) -> Chosen:
        """With one choice changed as the browser says it; as it is where that is none of the choices."""
        if name in _RANGES:
            default, (low, high) = getattr(Chosen, name), _RANGES[name]
            return replace(self, **{name: default if value is None else min(max(float(value), low), high)})
        if name in ("invert", "model", "occlusion"):
            return replace(self, **{name: bool(value)})
        known = {"stretch": [value for value, *_ in _STRETCHES], "brightness": [value for value, *_ in _BRIGHTNESS]}
        if name in ("colours", "why", "beside") or value in known.get(name, ()):
            return replace(self, **{name: str(value)})
        return self


class ImageDesk(pn.custom.JSComponent):
    """Tells `heard` of each change; shows what is `chosen`."""

    controls = param.List([], doc="Kind, name and words of each control.")
    chosen = param.Dict({}, doc="What is chosen, by name.")

    _esm = Path(__file__).with_name("imagedesk.js")

    def __init__(self, heard: Callable[[str, Any], None], **params):
        super().__init__(stylesheets=[theme.css("spectrum"), theme.css("imagedesk")], sizing_mode="stretch_width", margin=0,
                         **params)
        self._heard = heard

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        self._heard(str(msg.get("name")), msg.get("value"))


def controls(bands: tuple[str, ...], model: bool = False, why: Sequence[tuple[str, str]] = (),
             beside: Sequence[tuple[str, str]] = ()) -> list:
    """The controls that an image in such bands needs.

    Parameters
    ----------
    bands : tuple of str
    model : bool
        Whether there is a reconstruction.
    why : sequence of (str, str)
        What can be explained, and how it is called.
    beside : sequence of (str, str)
        What a model can be understood by, and how it is called.
    """
    triples = [(" ".join(names), "".join(names[::-1]), f"{' '.join(names)} as red, green, blue")
               for names in image.triples_of(bands)]
    made: list = [("one_of", "stretch", "Stretch", _STRETCHES)]
    if len(triples) > 1:
        made.append(("one_of", "colours", "Bands in colour", triples))
    made += [("one_of", "brightness", "Brightness", _BRIGHTNESS), ("on_off", "invert", "invert", "Invert")]
    if model:
        made.append(("on_off", "model", "model", "Reconstruction and residual"))
    if why:
        made += [("menu", "why", "Which pixels speak for it", [("", "explain …"), *why]),
                 ("on_off", "occlusion", "occlusion", "By occlusion, not by gradients", "why")]
    if beside:
        made.append(("menu", "beside", "What a model goes by", [("", "compare …"), *beside]))
    if triples:
        made.append(("sliders", [("softening", "Q", "Softening Q", _RANGES["softening"]),
                                 ("width", "σ", "Colour stretch in sigma of the sky", _RANGES["width"])]))
    return made
