"""What sets A apart from B, or the selection from the rest: every column ranked by effect size, with corrected p-values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import panel as pn
import param

from dashboard import actions, compared, selecting, theme, words
from dashboard.compared import Compared
from dashboard.session import Session
from dashboard.spread import Spread, is_countable, offered, spreads
from dashboard.table import AtlasTable
from dashboard.views import View
from dashboard.views._empty import empty
from dashboard.views._histogram import HistogramFigure
from dashboard.views._switches import which_sets
from qsocore.compare.separate import Separation, Sides, against_rest, separate, sides

_TIP = ("Numbers: Cliff's delta, the chance that a value of the first is the larger one minus the chance that it is smaller "
        "(p of Mann and Whitney). Classes: Cramer's V (p of chi-squared). All p are corrected (Benjamini and Hochberg).")

_WORKING, _OFTEN = '<div class="working">working{} <i></i></div>', 0.4  # seconds

Result = tuple[Sides, list[Separation]]


class Ranking(pn.custom.JSComponent):
    """The table in the browser; tells `heard` which column was chosen."""

    content = param.List([], doc="Rows.")
    titles = param.List(["A", "B"], doc="What the two sets are called.")
    colours = param.Dict({}, doc="Colour of each set by its key.")
    chosen = param.String(doc="Name of the chosen column.")

    _esm = Path(__file__).with_name("ranking.js")

    def __init__(self, heard: Callable[[str], None], **params):
        super().__init__(sizing_mode="stretch_both", margin=0, stylesheets=[theme.css("compare")], **params)
        self._heard = heard

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        if msg.get("choose") in [row["name"] for row in self.content]:
            self._heard(msg["choose"])


class DifferencesPane:
    """A tab of the selection's page."""

    def __init__(self, session: Session):
        self.session, self._work, self._look = session, session.latest(), session.latest()
        self._pair: tuple[Compared, Compared] | None = None
        self._spread: Spread | None = None
        self.prefer = which_sets(self._make)
        looks = {"margin": 0, "sizing_mode": "stretch_width", "stylesheets": [theme.css("compare")]}
        self.heading, self.caption = pn.pane.HTML("", **looks), pn.pane.HTML("", **looks)
        self.ranking = Ranking(self._choose)
        self.plot = HistogramFigure("difference histogram", self._brush)
        self.below = pn.Column(self.caption, pn.pane.Bokeh(self.plot.figure, sizing_mode="stretch_width", margin=0),
                               sizing_mode="stretch_width", margin=(4, 10, 4, 14), visible=False)
        self.hint = pn.pane.HTML("", margin=0, stylesheets=[theme.css()], sizing_mode="stretch_both")
        head = pn.Row(self.heading, self.prefer, sizing_mode="stretch_width", margin=(6, 12, 2, 14))
        self.whole = pn.Column(head, self.ranking, self.below, sizing_mode="stretch_both", margin=0)
        self.body = pn.Column(self.hint, sizing_mode="stretch_both", margin=0)
        session.when_shown(VIEW.title, compared.NAMES, self._make)
        session.on(["dark"], self._paint)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.body

    def _make(self) -> None:
        session, table = self.session, self.session.table
        sets = compared.sets(session, self.prefer.value)
        self.prefer.visible = compared.is_choice(session)
        if not sets:
            self._work.cancel()
            self.hint.object = empty("Nothing to hold against anything", "Draw a lasso or a box on the map to see what sets it "
                                     "apart from the rest, or keep two selections as A and B.")
            self.body[:] = [self.hint]
            return
        pair = (sets[0], sets[1] if len(sets) == 2 else compared.rest(session))
        self.heading.object = _WORKING.format("")
        if self.body.objects != [self.whole]:
            self.body[:] = [self.whole]

        def work() -> Result:
            which = _sides(session, pair)
            numeric, classes = comparable(table)
            told = self._progress(self._work.generation, len(numeric) + len(classes))
            return which, separate(which, table.numbers, numeric, lambda name: _coded(table, name), classes, told)

        self._work.submit(work, lambda result: self._show(pair, *result))

    def _progress(self, generation: int, total: int) -> Callable[[int], None]:
        """Says now and then how many columns are done: the first time they are read from the catalogue, which takes time."""
        last = monotonic()

        def show(done: int) -> None:
            if generation == self._work.generation and self._work.busy:
                self.heading.object = _WORKING.format(f": {done} of {total} columns")

        def told(done: int) -> None:
            nonlocal last
            if monotonic() - last > _OFTEN:
                last = monotonic()
                self.session.later(lambda: show(done))

        return told

    def _show(self, pair: tuple[Compared, Compared], which: Sides, found: list[Separation]) -> None:
        columns, self._pair = self.session.table.columns, pair
        self.heading.object = heading(pair, which, found)
        rows = [line(one, words.heading(columns[one.name]), pair) for one in found if one.effect == one.effect]
        self.ranking.param.update(content=rows, titles=[one.title for one in pair], chosen="")
        self._paint()
        self.below.visible = False
        if rows:
            self._histogram(rows[0]["name"])

    def _choose(self, name: str) -> None:
        """Colour the maps by a column and show how the sets spread over it."""
        self._histogram(name)
        actions.choose_colour(self.session, name)

    def _histogram(self, name: str) -> None:
        session, pair = self.session, self._pair
        self.ranking.chosen = name

        def then(found: list[Spread]) -> None:
            if found:
                self._spread = found[0]
                self.caption.object = f'<div class="heading"><b>{words.html(words.label(session.table.columns[name]))}</b>, ' \
                                      "fraction of each set; drag to select a range</div>"
                self.plot.show(found[0], pair[::-1], fractions=True)
                self._paint()
            self.below.visible = bool(found)

        self._look.submit(lambda: spreads(session, [name], pair), then)

    def _brush(self, start: float, end: float) -> None:
        rule = self._spread and self._spread.rule(start, end, self.session.table)
        if rule:
            selecting.choose(self.session, rule)

    def _paint(self) -> None:
        ink = theme.ink(self.session.dark)
        if self._pair:
            self.plot.paint(self._pair[::-1], ink)
            self.ranking.colours = {key: ink[one.ink] for key, one in zip("ab", self._pair, strict=True)}


def comparable(table: AtlasTable) -> tuple[list[str], list[str]]:
    """Columns in which sets may differ, numbers and classes: not names, not where the objects stand on a map."""
    drawn_on = {axis for name, axes in table.maps.items() if name != "sky" for axis in axes}
    names = [name for name in offered(table) if name not in drawn_on and is_countable(table, name)]
    classes = [name for name in names if table.is_categorical(name)]
    return [name for name in names if name not in classes], classes


def _coded(table: AtlasTable, name: str) -> tuple:
    classes = table.classes(name)
    return classes.codes, classes.names


def _sides(session: Session, pair: tuple[Compared, Compared]) -> Sides:
    first, second = pair
    if second.key != "rest":
        return sides(session.rows(first.rule), session.rows(second.rule))
    return against_rest(session.rows(first.rule), session.table.n_rows, session.rows(second.rule) if second.rule else None)


def heading(pair: tuple[Compared, Compared], which: Sides, found: list[Separation]) -> str:
    """What is held against what, and how many columns differ; HTML."""
    names = [f"<b>{words.html(one.title)}</b> ({_of(len(rows), n)})"
             for one, rows, n in zip(pair, (which.a, which.b), (which.n_a, which.n_b), strict=True)]
    against = f"{names[0]} against {names[1]}" if pair[1].key != "rest" else \
        f"{names[0]} against the <b>rest</b> of what is drawn ({_of(len(which.b), which.n_b)})"
    both = f"; {which.n_both:,} in both are left out" if which.n_both else ""
    tested = [one for one in found if one.effect == one.effect]
    differ = sum(one.differs for one in tested)
    return (f'<div class="heading" title="{words.html(_TIP)}">{against}{both}<br>{differ} of {len(tested)} columns differ '
            "(p &lt; 0.01, corrected); medians, and shares of classes</div>")


def _of(compared_: int, there_are: int) -> str:
    return f"{there_are:,}" if compared_ == there_are else f"{compared_:,} of {there_are:,}, at random"


def line(one: Separation, title: str, pair: tuple[Compared, Compared]) -> dict[str, Any]:
    """A row of the table: texts, and the effect for its bar."""
    if one.kind == "number":
        said, side = f"{one.effect:+.2f}".replace("-", "−"), "a" if one.effect >= 0 else "b"
        a, b = (_short(value) for value in (one.middle_a, one.middle_b))
        larger = pair[0 if one.effect >= 0 else 1].title
        tip = f"Cliff's delta {one.effect:+.3f}: larger in {larger}"
    else:
        said, side = f"{one.effect:.2f}", "a" if one.middle_a >= one.middle_b else "b"
        a, b = (f"{100 * value:.0f} %" for value in (one.middle_a, one.middle_b))
        title, tip = f"{title}: {one.mode}", f"Cramer's V {one.effect:.3f}; share of {one.mode}, the class that differs most"
    return {"name": one.name, "title": title, "effect": one.effect if one.kind == "number" or side == "a" else -one.effect,
            "said": said, "side": side, "a": a, "b": b, "p": p_text(one.corrected), "differs": one.differs,
            "n_a": f"{one.n_a:,}", "n_b": f"{one.n_b:,}", "tip": f"{tip}; {one.n_a:,} and {one.n_b:,} values"}


def p_text(p: float) -> str:
    """A p-value as one reads it.

    Examples
    --------
    >>> p_text(0.0), p_text(3.21e-5), p_text(0.0432), p_text(0.7)
    ('< 1e-10', '3e-05', '0.043', '0.7')
    """
    return "< 1e-10" if p < 1e-10 else f"{p:.0e}" if p < 1e-3 else f"{p:.2g}"


def _short(value: float) -> str:
    return words.number(float(f"{value:.3g}")).replace("-", "−")


VIEW = View("Differences", "selection", 2, DifferencesPane)
