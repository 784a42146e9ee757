"""The maps of all objects side by side, with the key to their colours and the honest counts beneath."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui

from dashboard import actions, derive, selecting, theme, words
from dashboard.session import Session
from dashboard.state import DENSITY, MAX_MAPS, SCALES, SLOTS, STATISTICS
from dashboard.views import View, _legend
from dashboard.views._mappanel import MapPanel, palette_of

_SHRINKING = {"min-height": "0", "min-width": "0", "width": "100%"}  # rather than push what is beside off the page
_SHARING = {"flex": "1 1 0", "min-width": "0", "min-height": "0"}
_TITLES = {DENSITY: "Objects per pixel", SLOTS: "Slots"}


class MapView:
    """The left half of the page."""

    def __init__(self, session: Session):
        self.session = session
        self.panels: list[MapPanel] = []
        self._counting, self._keying = session.latest(), session.latest()
        self._counts = derive.Counts(0, 0, 0, session.table.n_rows)
        looks = {"sizing_mode": "stretch_both", "margin": 0}
        self.slots = [pn.Column(visible=False, styles=_SHARING | {"width": "0"}, **looks) for _ in range(MAX_MAPS)]
        rows = [pn.Row(*self.slots[start : start + 2], styles=_SHRINKING | _SHARING, **looks) for start in (0, 2)]
        self.grid = pn.Column(*rows, styles=_SHRINKING, **looks)
        looks = {"stylesheets": [theme.css()], "margin": 0, "sizing_mode": "stretch_width"}  # of what stands beneath
        self.bar = pn.pane.HTML("", height=38, **looks)
        self.legend = _legend.ClassKey(self._clicked, height=38, sizing_mode="stretch_width", margin=0)
        self.counts = pn.pane.HTML("", height=20, **looks)
        self._make_scale()
        session.on(["maps"], self._arrange)
        session.on(["colour_by", "statistic", "scale", "limits", "palette", "hidden", "a", "b"], self._show_key)
        session.on(["selection", "only", "filters", "hidden", "run", "joined"], self._count)
        session.on(["dark"], self._show_key)
        self._arrange()
        self._show_key()
        self._count()
        session.once_shown(self._show_again)

    def __panel__(self) -> pn.viewable.Viewable:
        key = pn.Row(self.legend, self.bar, self.scale_row, sizing_mode="stretch_width", height=44, margin=0)
        strip = pn.Column(key, self.counts, sizing_mode="stretch_width", height=66, margin=(0, 14, 4, 14))
        return pn.Column(self.grid, strip, sizing_mode="stretch_both", margin=0, css_classes=["map"], styles=_SHRINKING)

    # ---- the maps

    def _arrange(self) -> None:
        """As many panels as State has maps: one, two side by side, or two rows."""
        n = len(self.session.state.maps)
        while len(self.panels) < n:
            panel = MapPanel(self.session, len(self.panels), self._drawn)
            self.slots[panel.number].append(panel.pane)  # where it stays: a figure that is moved hears no taps any more
            self.panels.append(panel)
        for number, slot in enumerate(self.slots):
            slot.visible = number < n
        self.grid[1].visible = n > 2

    def _drawn(self, panel: MapPanel) -> None:
        if panel.number == 0:
            ground = self.session.ground(panel.name)
            self._say(in_view=int(panel.picture.aggregate.count.sum()), drawn=panel.picture.n_drawn,
                      ground=ground.n_placed if ground else 0)
            if self.session.state.colour_by == DENSITY:
                self._show_key()  # the scale of a density is the view's own

    # ---- the key

    def _make_scale(self) -> None:
        session, state = self.session, self.session.state
        small = {"size": "small", "margin": (6, 3, 0, 3), "sx": {"& .MuiSelect-select, & input": {"py": "4px"}}}
        self.statistic = pmui.Select(label="Pixel shows", options=list(STATISTICS), width=82, **small)
        self.scale = pmui.Select(label="Scale", options=list(SCALES), width=80, **small)
        self.low, self.high = (pmui.TextInput(label=label, width=64, **small) for label in ("Low end", "High end"))
        self.statistic.param.watch(lambda event: state.param.update(statistic=event.new), "value")
        self.scale.param.watch(lambda event: state.param.update(scale=event.new, limits=None), "value")
        for widget in (self.low, self.high):
            widget.param.watch(lambda _: self._limits_typed(), "value")
        self.robust = pmui.IconButton(icon="restart_alt", size="small", icon_size="1.1em", description="Robust limits again",
                                      margin=(6, 0), on_click=lambda _: actions.choose_limits(session, None, None))
        self.scale_row = pn.Row(self.statistic, self.scale, self.low, self.high, self.robust, margin=0, width=338, height=44)

    _following = False

    def _limits_typed(self) -> None:
        if not self._following and self.low.value and self.high.value:
            try:
                actions.choose_limits(self.session, float(self.low.value), float(self.high.value))
            except ValueError:
                self.session.tell("the ends of the colour scale are numbers, such as 0.5 or 1e3", "warning")

    def _show_key(self) -> None:
        session, state = self.session, self.session.state
        column = state.colour_by
        title = _TITLES.get(column) or words.label(session.table.columns[column])
        classes = session.classes
        self.legend.visible, self.bar.visible = classes is not None, classes is None
        self.scale_row.visible = classes is None and column != DENSITY
        if classes is not None:
            self._show_classes(title)
            return
        picture = self.panels[0].picture
        scale = session.scale or (session.colouring.scale(picture.aggregate) if picture else None)
        title = title if state.statistic == "mean" or column == DENSITY else f"{title}, {state.statistic}"
        self.bar.object = _legend.bar(title, scale, palette_of(session)) if scale else ""
        if scale and column != DENSITY:
            self._following = True
            try:
                self.statistic.value, self.scale.value = state.statistic, state.scale
                self.low.param.update(value=f"{scale.low:.5g}", disabled=bool(scale.ranks))
                self.high.param.update(value=f"{scale.high:.5g}", disabled=bool(scale.ranks))
            finally:
                self._following = False
            self.robust.visible = state.limits is not None

    def _show_classes(self, title: str) -> None:
        """The legend, counting of each class what the other filters leave."""
        session, state = self.session, self.session.state
        classes = session.classes

        def work() -> list[dict]:
            rule = derive.all_of(state.only, state.filters)
            counts = derive.class_counts(classes.codes, len(classes.names), session.rows(rule)) if rule else classes.counts
            return _legend.items(classes.names, counts, state.hidden, session.theme)

        def then(items: list[dict]) -> None:
            self.legend.param.update(title=title, items=items)

        if state.only or state.filters:
            self._keying.submit(work, then)
        else:
            self._keying.cancel()
            then(work())

    def _show_again(self) -> None:
        """The legend once more: a theme that came before the browser had built it was not seen."""
        items = self.legend.items
        self.legend.items = []
        self.legend.items = items

    def _clicked(self, what: str, name: str) -> None:
        session = self.session
        if session.classes is None or name not in session.classes.names:
            return
        if what == "hide":
            actions.hide_class(session, name)
        elif what == "isolate":
            actions.isolate_class(session, name)
        elif session.state.colour_by != SLOTS:
            rule = derive.of_classes(session.state.colour_by, [name], session.table)
            selecting.choose(session, rule, "add" if what == "add" else None)

    # ---- the counts

    def _count(self) -> None:
        session = self.session
        self._show_key() if session.classes is not None else None
        if session.state.selection:
            self._counting.submit(lambda: session.n_selected, lambda n: self._say(selected=n))
        else:
            self._counting.cancel()
            self._say(selected=0)

    def _say(self, **changed: int) -> None:
        self._counts = derive.Counts(**(self._counts.__dict__ | {"catalogue": self.session.table.n_rows} | changed))
        self.counts.object = f'<div class="counts">{words.html(self._counts)}</div>'


VIEW = View("Map", "map", 0, MapView)
