"""The sample of an SED's parameters: made when it is asked for, beside the event loop; a corner plot and a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import panel as pn

from dashboard import palettes, samples, theme, words
from dashboard.corner import Corner
from dashboard.samples import STEPS, Parameter, Sampling, Stopped, Wish
from dashboard.views._cornerfigure import CornerFigure
from dashboard.views._empty import empty

if TYPE_CHECKING:
    from dashboard.sed import Sed
    from dashboard.session import Session
    from qsocore.sed.sample import Sample

_LOOK_MS = 400
_TIMES = 50
_PANEL, _TABLE = 50, 250  # pixels: of a panel of the corner plot at least, and of the table


class SampleFace:
    """Its controls, its figure and its table; `content` is put on the page.

    Parameters
    ----------
    session : Session
    offered : callable
        Told when `controls` or `chosen` have changed.
    """

    def __init__(self, session: Session, offered: Callable[[], None]):
        self._offered = offered
        self.session, self.plot = session, CornerFigure("sed corner", small=True)
        self._work, self._making = session.latest(), session.latest()
        self._sed: Sed | None = None
        self._z: float | None = None
        self._shown: Sample | None = None
        self._sampling: Sampling | None = None
        self._chosen: dict[str, Any] = {"kind": "", "steps": str(STEPS[1]), "fixed": False}
        looks = {"margin": 0, "stylesheets": [theme.css(), theme.css("sed")]}
        self.controls: list = []
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", **looks)
        self.table = pn.pane.HTML("", width=_TABLE, **looks)
        self.figure = pn.pane.Bokeh(self.plot.figure, sizing_mode="stretch_both", margin=(0, 6))
        self.result = pn.Row(self.table, self.figure, sizing_mode="stretch_both", margin=0,
                             styles={"overflow": "auto", "min-height": "0"})
        if session.document is not None:
            session.document.on_session_destroyed(lambda _: self._leave())
        self.content = pn.Column(self.hint, sizing_mode="stretch_both", margin=0, styles={"min-height": "0"})

    def show(self, sed: Sed | None, z: float | None) -> None:
        """Another object, and its catalogue redshift where it has one."""
        self._sed, self._z = sed, z
        kinds = self._kinds
        if self._chosen["kind"] not in kinds:
            self._chosen |= {"kind": next(iter(kinds), "")}
        self._offer()
        self._look()

    # ---- what is chosen

    @property
    def _kinds(self) -> list[str]:
        """Kinds that can be sampled, the preferred first; a star has nothing but its amplitude."""
        return [fit.kind for fit in self._sed.fits if fit.kind != "star"] if self._sed is not None else []

    def _wish(self) -> Wish:
        fixed = self._z if self._chosen["fixed"] and "quasar" in self._chosen["kind"] else None
        return Wish(self._chosen["kind"], int(self._chosen["steps"]), fixed)

    def _offer(self) -> None:
        """The controls: which model, how long, and a button that starts or stops."""
        running = self._sampling
        controls = [("menu", "kind", "Which model is sampled", [(kind, kind) for kind in self._kinds]),
                    ("menu", "steps", "Steps of each of 32 walkers", [(str(n), f"{n:,} steps") for n in STEPS])]
        if self._z is not None and "quasar" in self._chosen["kind"]:
            controls.append(("on_off", "fixed", f"z = {self._z:.3f}", "Hold the quasar at its catalogue redshift"))
        text = "Stop" if running else "Sample"
        said = f"Sampling {running.wish.kind} of {running.object_id}: stop" if running else "Sample the parameters by emcee"
        self.controls = [*controls, ("on_off", "running", text, said)]
        self._offered()

    @property
    def chosen(self) -> dict[str, Any]:
        """What is chosen, by the controls' names."""
        return self._chosen | {"running": self._sampling is not None}

    def heard(self, name: str, value: Any) -> None:
        """One of the controls was used."""
        if name == "running":
            if self._sampling is not None:
                self._sampling.stop()
            elif self._kinds:
                self._start()
            return
        allowed = {"kind": self._kinds, "steps": [str(n) for n in STEPS], "fixed": [True, False]}
        if value in allowed.get(name, ()):
            self._chosen |= {name: value}
            self._offer()
            self._look()

    # ---- the sample

    def _look(self) -> None:
        """Show the sample that was made before, where there is one."""
        if not self._kinds:
            self._work.cancel()
            return
        fluxes, wish, kept = self._sed.fluxes, self._wish(), self.session.library.samples
        self._work.submit(lambda: _read(kept.known(fluxes, wish)), self._take)

    def _start(self) -> None:
        sed, session = self._sed, self.session
        sampling = self._sampling = Sampling(sed.object_id, self._wish())
        self._offer()
        self._say_none()

        def work() -> bool:
            try:
                session.library.samples.of(sed.fluxes, sampling)
            except Stopped:
                return False
            finally:
                sampling.ended = True
            return True

        self._making.submit(work, self._ended)
        session.later(self._watch, _LOOK_MS)

    def _leave(self) -> None:
        """The page is gone, and with it whoever waits."""
        if self._sampling is not None:
            self._sampling.stop()

    def _ended(self, done: bool) -> None:
        self._sampling = None
        self._offer()
        if done:
            self._look()
        elif self._shown is None:
            self._say_none("It was stopped. ")

    def _watch(self) -> None:
        """Say how far it is, until it has ended."""
        running = self._sampling
        if running is not None and running.ended:  # of a fault only this is heard
            self._sampling = running = None
            self._offer()
        if running is not None:
            if self._shown is None and self._kinds:
                self._say_none()
            self.session.later(self._watch, _LOOK_MS)

    def _take(self, found: tuple[Sample, Corner, list[Parameter]] | None) -> None:
        if found is None:
            self._say_none()
            return
        made, corner, rows = found
        self._shown = made
        self.plot.show(corner, None, None, [row.name for row in rows])
        self.plot.mark([(row.median - row.down, row.median, row.median + row.up) for row in rows])
        side = _PANEL * len(rows)
        self.figure.param.update(min_width=side, min_height=side)
        self.table.object = _table(made, rows, self._wish().steps)
        self.paint()
        self._fill(self.result)

    def _say_none(self, before: str = "") -> None:
        wish, running = self._wish(), self._sampling
        if running is not None and (running.wish, running.object_id) == (wish, self._sed.object_id):
            self._say(f"Sampling the {wish.kind} model: {running.share:.0%}",
                      "From its optimum on, which is sought first. Go on looking at others meanwhile: it is kept.")
            return
        self._say(f"No sample of the {wish.kind} model yet", f"{before}Press Sample: {wish.steps:,} steps of 32 walkers. It is "
                  "made beside the page, and kept.")

    def _say(self, title: str, text: str) -> None:
        self._shown, self.hint.object = None, empty(title, text)
        self._fill(self.hint)

    def _fill(self, content: pn.viewable.Viewable) -> None:
        if self.content.objects != [content]:
            self.content[:] = [content]

    def paint(self) -> None:
        """Colour for the theme."""
        session = self.session
        palette = palettes.continuous(session.state.palette, session.theme, density=True)
        self.plot.paint(palette, theme.ink(session.dark))


def _read(made: Sample | None) -> tuple[Sample, Corner, list[Parameter]] | None:
    return None if made is None else (made, samples.corner_plot(made), samples.parameters(made))


def _table(made: Sample, rows: list[Parameter], steps: int) -> str:
    """Medians and 68 %, with as many digits as the spread is worth."""
    lines = []
    for row in rows:
        digits = samples.digits(row)
        cells = [f"{value:.{digits}f}".replace("-", "−") for value in (row.median, row.up, row.down)]
        lines.append(f"<tr><td>{words.html(row.name)}</td><td>{cells[0]}</td><td>+{cells[1]}</td><td>−{cells[2]}</td>"
                     f'<td class="unit">{words.html(row.unit)}</td></tr>')
    head = "<tr><th>parameter</th><th>median</th><th>84 %</th><th>16 %</th><th></th></tr>"
    return (f'<div class="parameters"><table aria-label="Parameters">{head}{"".join(lines)}</table>'
            f"<p>{words.html(made.kind)}: {len(made.chain):,} points of the chain, all counted · best ln L "
            f"{_number(made.best.log_likelihood)} · BIC {_number(made.bic)} · accepted {made.acceptance:.0%} · lines: 16, 50, "
            f"84 %{_memory(made, steps)}</p></div>")


def _number(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def _memory(made: Sample, steps: int) -> str:
    """Whether the chain is long enough, by the rule of Foreman-Mackey et al. (2013)."""
    time = made.autocorrelation
    return f" · autocorrelation {time:.0f} steps" + ("" if steps > _TIMES * time else f": too short, take {_TIMES} times that")
