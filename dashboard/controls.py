"""The bar above: what is shown, by what it is coloured, in which looks."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui

from dashboard import actions, theme, words
from dashboard.session import Session
from dashboard.state import DENSITY, PALETTES

_COLUMNS = "Two columns"
_GROUPS = {"label": "Classes", "flag": "Flags", "redshift": "Redshift and quality", "quality": "Redshift and quality",
           "error": "Redshift and quality", "magnitude": "Brightness", "flux": "Brightness", "property": "Properties",
           "truth": "Truth of the simulation", "coordinate": "Coordinates", "latent": "Latents"}
_MAPS = {"umap": "UMAP", "pca": "PCA", "sky": "Sky (RA, Dec)", "map": "Map", "": _COLUMNS}


class Controls:
    """Widgets that follow State and change it through `actions`."""

    def __init__(self, session: Session):
        self.session = session
        runs = [run.name for run in session.library.runs()]
        self.run = self._select("Run", 128, list(dict.fromkeys(runs)), lambda name: actions.choose_run(session, name))
        self.run.visible = len(self.run.options) > 0
        self.map = self._select("Map", 132, {}, lambda name: actions.choose_map(session, name))
        self.x = self._select("Across", 128, {}, lambda name: actions.choose_map(session, "", name, session.state.y))
        self.y = self._select("Up", 128, {}, lambda name: actions.choose_map(session, "", session.state.x, name))
        self.colour = self._select("Colour by", 176, None, lambda name: actions.choose_colour(session, name))
        self.palette = self._select("Palette", 104, {name.capitalize(): name for name in PALETTES},
                                    lambda name: session.state.param.update(palette=name))
        self.theme = pmui.IconButton(icon="contrast", size="small", description="Dark or light", margin=(0, 0, 0, 6),
                                     on_click=lambda _: actions.toggle_theme(session))
        session.on(["run", "projection", "x", "y", "colour_by", "palette"], self._follow)
        self._follow()

    def _select(self, label: str, width: int, options, chosen) -> pmui.Select:
        choices = {} if options is None else {"options": options}
        widget = pmui.Select(label=label, size="small", width=width, margin=(0, 4), css_classes=["control"], **choices)
        widget.param.watch(lambda event: chosen(event.new) if not self._following else None, "value")
        return widget

    _following = False

    def _follow(self) -> None:
        """Show what State says, without taking it for a new choice."""
        state, table = self.session.state, self.session.table
        numeric = {words.title(column): name for name, column in table.columns.items() if table.is_numeric(name)}
        self._following = True
        try:
            self.run.value = state.run or None
            self.map.param.update(options={_MAPS.get(name, name): name for name in (*table.maps, "")}, value=state.projection)
            for widget, name in ((self.x, state.x), (self.y, state.y)):
                widget.param.update(options=numeric, value=name, visible=not state.projection)
            self.colour.param.update(groups=self._groups(), value=state.colour_by)
            self.palette.value = state.palette
            self.palette.disabled = self.session.colouring.kind == "classes"
        finally:
            self._following = False

    def _groups(self) -> dict[str, dict[str, str]]:
        table = self.session.table
        groups: dict[str, dict[str, str]] = {"": {"Density": DENSITY}}
        for title in dict.fromkeys(_GROUPS.values()):
            here = {words.title(column): name for name, column in table.columns.items() if _GROUPS.get(column.role) == title}
            if here:
                groups[title] = here
        return groups

    def __panel__(self) -> pn.viewable.Viewable:
        name = pn.pane.HTML(
            f'<span class="store" title="{words.html(self.session.library.path)}">{words.html(self.session.table.name)}</span>',
            margin=(0, 8, 0, 12), align="center", stylesheets=[theme.css()])
        return pn.Row(name, pn.Spacer(sizing_mode="stretch_width"), self.run, self.map, self.x, self.y, self.colour,
                      self.palette, self.theme, sizing_mode="stretch_width", margin=0, align="center")
