"""The bar above: which run is shown, by what it is coloured, what is drawn over it, in which looks."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui

from dashboard import actions, rare, theme, words
from dashboard.help import HelpButton
from dashboard.session import Session
from dashboard.state import DENSITY, PALETTES, SLOTS
from dashboard.views._keys import Keys

_GROUPS = {"label": "Classes", "flag": "Flags", "redshift": "Redshift and quality", "quality": "Redshift and quality",
           "error": "Redshift and quality", "magnitude": "Brightness", "flux": "Brightness", "property": "Properties",
           "truth": "Truth of the simulation", "coordinate": "Coordinates", "latent": "Latents"}


class Controls:
    """Widgets that follow State and change it through `actions`."""

    def __init__(self, session: Session):
        self.session, state = session, session.state
        runs = [run.name for run in session.library.runs()]
        self.run = self._select("Run", 120, list(dict.fromkeys(runs)), lambda name: actions.choose_run(session, name))
        self.run.visible = len(self.run.options) > 0
        self.colour = self._select("Colour by", 172, None, lambda name: actions.choose_colour(session, name))
        self.palette = self._select("Palette", 100, {name.capitalize(): name for name in PALETTES},
                                    lambda name: state.param.update(palette=name))
        self.rare = self._select("Rare objects", 136, {name: kind for kind, name in rare.KINDS.items()},
                                 lambda kind: state.param.update(rare=kind))
        self.islands = self._toggle("bubble_chart", "Islands: clusters of the map with their names; click a name to select",
                                    lambda: state.param.update(islands=not state.islands))
        self.spokes = self._toggle("hub", "Lines from the focus to its neighbours in latent space",
                                   lambda: state.param.update(spokes=not state.spokes))
        self.drawer = self._toggle("filter_list", "Filters", lambda: state.param.update(drawer=not state.drawer))
        self.wide = self._toggle("width_full", "Hide the maps, so that the page beside them is wide",
                                 lambda: state.param.update(wide=not state.wide))
        self.theme = self._toggle("contrast", "Dark or light", lambda: actions.toggle_theme(session))
        shown = ["run", "joined", "maps", "colour_by", "palette", "rare", "islands", "spokes", "drawer", "wide", "a", "b"]
        session.on(shown, self._follow)
        self._follow()

    def _select(self, label: str, width: int, options, chosen) -> pmui.Select:
        choices = {} if options is None else {"options": options}
        widget = pmui.Select(label=label, size="small", width=width, margin=(0, 4), css_classes=["control"], **choices)
        widget.param.watch(lambda event: chosen(event.new) if not self._following else None, "value")
        return widget

    def _toggle(self, icon: str, text: str, do) -> pmui.IconButton:
        return pmui.IconButton(icon=icon, size="small", description=text, margin=(0, 0, 0, 2), on_click=lambda _: do())

    _following = False

    def _follow(self) -> None:
        """Show what State says, without taking it for a new choice."""
        state = self.session.state
        self._following = True
        try:
            self.run.value = state.run or None
            self.colour.param.update(groups=self._groups(), value=state.colour_by)
            self.palette.param.update(value=state.palette, disabled=self.session.is_classes)
            self.rare.value = state.rare if state.rare in rare.KINDS else ""
            for widget, on in ((self.islands, state.islands), (self.spokes, state.spokes), (self.drawer, state.drawer),
                               (self.wide, state.wide)):
                widget.color = "primary" if on else "default"
        finally:
            self._following = False

    def _groups(self) -> dict[str, dict[str, str]]:
        state, table = self.session.state, self.session.table
        slots = {"Slots A and B": SLOTS} if state.a or state.b or state.colour_by == SLOTS else {}
        groups: dict[str, dict[str, str]] = {"": {"Density": DENSITY} | slots}
        for title in dict.fromkeys(_GROUPS.values()):
            here = {words.title(column): name for name, column in table.columns.items() if _GROUPS.get(column.role) == title}
            if here:
                groups[title] = here
        return groups

    def __panel__(self) -> pn.viewable.Viewable:
        name = pn.pane.HTML(
            f'<span class="store" title="{words.html(self.session.library.path)}">{words.html(self.session.table.name)}</span>',
            margin=(0, 8, 0, 12), align="center", stylesheets=[theme.css()])
        return pn.Row(name, Keys(self.session), pn.Spacer(sizing_mode="stretch_width"), self.run, self.colour, self.palette,
                      self.rare, self.drawer, self.islands, self.spokes, self.wide, self.theme, HelpButton(self.session),
                      *self._person(),
                      sizing_mode="stretch_width", margin=0, align="center")

    def _person(self) -> list[pn.viewable.Viewable]:
        """Who is logged in, and the way out; nothing where there is no login."""
        if self.session.login is None:
            return []
        name, role = words.html(self.session.person.name), self.session.person.role
        told = f'<a class="person" href="logout" title="{name}, {role}: log out">{name}<span>Log out</span></a>'
        return [pn.pane.HTML(told, margin=(0, 0, 0, 10), align="center", stylesheets=[theme.css()])]
