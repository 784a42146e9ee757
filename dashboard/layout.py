"""Where everything stands on the page: the bar above, the map left, the object right, its tabs beneath."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui

from dashboard import theme
from dashboard.controls import Controls
from dashboard.session import Session
from dashboard.views import VIEWS

_GAP = 10


def page(session: Session) -> pmui.Page:
    """The whole page for a session; nothing of it comes from another host."""
    views = sorted(VIEWS, key=lambda view: view.order)

    def made(place: str) -> list:
        return [(view.title, pn.panel(view.make(session))) for view in views if view.place == place]

    left = _card(*(pane for _, pane in made("map")), flex="3 1 0")
    tabs = pmui.Tabs(*made("tab"), sizing_mode="stretch_both", margin=0, dynamic=False, sx=theme.TABS_SX)
    right = pn.Column(_card(*(pane for _, pane in made("object")), flex="1.7 1 0"), _card(tabs, flex="1 1 0"),
                      sizing_mode="stretch_both", margin=0, styles={"flex": "2 1 0", "min-width": "0", "gap": f"{_GAP}px"})
    main = pn.Row(left, right, sizing_mode="stretch_both", margin=_GAP, styles={"gap": f"{_GAP}px", "min-height": "0"})
    built = pmui.Page(title="QSO Atlas", header=[pn.panel(Controls(session))], main=[main], sidebar_variant="temporary",
                      theme_toggle=False, theme_config=theme.THEME_CONFIG, sx=theme.PAGE_SX, template=theme.TEMPLATE,
                      busy_indicator="linear", dark_theme=session.dark)
    _follow_theme(session, built)
    return built


def _card(*panes: pn.viewable.Viewable, flex: str) -> pn.Column:
    return pn.Column(*panes, sizing_mode="stretch_both", margin=0, stylesheets=[theme.css(), _CARD],
                     styles={"flex": flex, "min-width": "0", "min-height": "0"}, css_classes=["atlas-card"])


_CARD = """
:host { background: var(--mui-palette-background-paper); border: 1px solid var(--mui-palette-divider);
        border-radius: 6px; overflow: hidden; box-sizing: border-box; }
"""


def _follow_theme(session: Session, built: pmui.Page) -> None:
    """The browser says what the system wants, the user's toggle says what the user wants."""
    def by_user() -> None:
        if session.state.theme != "system":
            built.dark_theme = session.state.theme == "dark"

    by_user()
    session.on(["theme"], by_user)
    built.param.watch(lambda event: session.param.update(dark=event.new), "dark_theme")
