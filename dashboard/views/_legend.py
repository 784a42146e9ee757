"""The key to the maps' colours: a counted legend of classes that can be clicked, or a bar that tells true values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import param
from panel.custom import JSComponent

from dashboard import palettes, theme, words
from dashboard.colourings import LEVELS, Scale


class ClassKey(JSComponent):
    """Classes with their colours and counts: a click hides or shows one, a double click isolates it, Ctrl-click selects it.

    Not called a legend, for the page's theme would take it for one of Bokeh's.
    """

    title = param.String()
    items = param.List(doc="One mapping of name, colour, count, hidden for each class.")

    _esm = """
    export function render({ model, el }) {
      const box = document.createElement("div")
      box.className = "legend"
      box.setAttribute("role", "group")
      el.append(box)
      let timer = null
      const say = (what, name) => model.send_msg({ what, name })
      const draw = () => {
        box.setAttribute("aria-label", `Classes of ${model.title}`)
        const title = document.createElement("span")
        title.className = "name"
        title.textContent = model.title
        const chips = model.items.map(({ name, colour, count, hidden }) => {
          const chip = document.createElement("button")
          chip.className = hidden ? "chip off" : "chip"
          chip.setAttribute("aria-pressed", String(!hidden))
          chip.title = `${name}: ${count.toLocaleString("en")} drawn. Click hides or shows, double click isolates, `
            + "Ctrl-click selects (Shift adds)"
          const spot = document.createElement("i")
          spot.style.background = colour
          const number = document.createElement("b")
          number.textContent = count.toLocaleString("en")
          chip.append(spot, name, number)
          chip.addEventListener("click", (event) => {
            if (event.ctrlKey || event.metaKey) return say(event.shiftKey ? "add" : "select", name)
            clearTimeout(timer)
            if (event.detail > 1) return say("isolate", name)
            timer = setTimeout(() => say("hide", name), event.detail === 0 ? 0 : 230)
          })
          return chip
        })
        box.replaceChildren(title, ...chips)
      }
      model.on("items", draw)
      model.on("title", draw)
      draw()
    }
    """

    def __init__(self, said: Callable[[str, str], None], **params):
        super().__init__(stylesheets=[theme.css()], **params)
        self._said = said

    def _handle_msg(self, message: dict) -> None:
        self._said(str(message.get("what")), str(message.get("name")))


def items(names: tuple[str, ...], counts: Sequence[int], hidden: Sequence[str], theme_name: str) -> list[dict]:
    """What the legend shows of each class."""
    colours = palettes.class_colours(names, theme_name)
    return [{"name": name, "colour": colour, "count": int(count), "hidden": name in hidden}
            for name, colour, count in zip(names, colours, counts, strict=True)]


def bar(title: str, scale: Scale, palette: Sequence[str]) -> str:
    """A colour bar with round values where they belong, as HTML."""
    stops = ",".join(palette[k] for k in np.linspace(0, LEVELS - 1, 24).round().astype(int))
    ticks = "".join(f'<span style="left:{100 * place:.1f}%">{words.number(value)}</span>' for place, value in ticks_of(scale))
    return (f'<div class="bar"><span class="name" title="{words.html(title)}">{words.html(title)}</span>'
            f'<div class="ramp" style="background:linear-gradient(90deg,{stops})"></div><div class="ticks">{ticks}</div></div>')


def ticks_of(scale: Scale) -> list[tuple[float, float]]:
    """Places from 0 to 1 on a scale and the values there: its two ends and round values, or quartiles, between them.

    Examples
    --------
    >>> ticks_of(Scale(0.0, 4.0))[0], ticks_of(Scale(1.0, 100.0, log=True))[1]
    ((0.0, 0.0), (0.5, 10.0))
    """
    if scale.ranks:
        n = len(scale.ranks) - 1
        return [(place, scale.ranks[round(place * n)]) for place in (0.0, 0.25, 0.5, 0.75, 1.0)]
    if scale.log:
        inner = 10.0 ** np.arange(np.ceil(np.log10(scale.low)), np.log10(scale.high) + 1e-9)
        place = np.log(inner / scale.low) / np.log(scale.high / scale.low)
    else:
        step = _round_step((scale.high - scale.low) / 4)
        inner = np.arange(np.ceil(scale.low / step), np.floor(scale.high / step) + 0.5) * step
        place = (inner - scale.low) / (scale.high - scale.low)
    middle = [(float(p), float(v)) for p, v in zip(place, inner, strict=True) if 0.12 < p < 0.86]
    return [(0.0, scale.low), *middle, (1.0, scale.high)]


def _round_step(rough: float) -> float:
    power = 10.0 ** np.floor(np.log10(rough))
    return float(power * min((1, 2, 5, 10), key=lambda factor: abs(factor * power - rough)))
