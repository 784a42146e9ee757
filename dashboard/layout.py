"""Where everything stands on the page: the bar above, filters and maps left, and on the right one of six pages."""

from __future__ import annotations

from dataclasses import replace

import panel as pn
import panel_material_ui as pmui
from panel.util import edit_readonly

from dashboard import actions, theme
from dashboard.controls import Controls
from dashboard.session import Session
from dashboard.views import VIEWS, View

_GAP = 8
_DRAWER = 292
_TURNING_MS = 30
_TITLES = {"object": "Object", "selection": "Selection", "space": "Latent space", "sky": "Sky", "models": "Models",
           "grade": "Grade"}
_TABBED = ("object", "selection", "grade")
"""Pages that hold tabs of views."""


def page(session: Session) -> pmui.Page:
    """The whole page for a session; nothing of it comes from another host."""
    at = _arranged(session)
    session.places = _places(at)
    left = _card(*(pn.panel(view.make(session)) for view in at["map"]), flex="3 1 0")
    left.visible = not session.state.wide
    session.on(["wide"], lambda: left.param.update(visible=not session.state.wide))
    right = _card(Pages(session, at), flex="2 1 0")
    main = pn.Row(Drawer(session, at.get("drawer", [])), left, right, sizing_mode="stretch_both", margin=_GAP,
                  styles={"gap": f"{_GAP}px", "min-height": "0"})
    built = pmui.Page(title="QSO Atlas", header=[pn.panel(Controls(session))], main=[main], sidebar_variant="temporary",
                      theme_toggle=False, theme_config=theme.THEME_CONFIG, sx=theme.PAGE_SX, template=theme.TEMPLATE,
                      busy_indicator=None, dark_theme=session.dark)
    with edit_readonly(built):
        built.busy = False  # else each event has Panel walk through all models of the page, twice; maps say it themselves
    _follow_theme(session, built)
    return built


def _arranged(session: Session) -> dict[str, list[View]]:
    """The views by their place: those that the store has something for; of images without spectra some stand in others'."""
    there = ["", *["images"] * bool(session.library.pictures), *["spectra"] * session.library.has_spectra]
    views = sorted((view for view in VIEWS if view.needs in there), key=lambda view: view.order)
    if session.library.pictures.alone:
        instead = {view.instead_of: view for view in views if view.instead_of}
        views = [replace(instead[view.title], place=view.place) if view.title in instead else view
                 for view in views if view not in instead.values()]
    return {place: [view for view in views if view.place == place] for place in {view.place for view in views}}


def _places(at: dict[str, list[View]]) -> dict[str, tuple[str, str]]:
    """Of each view by title its page, and when it is seen there: "always", as the "first" tab, or as a "later" one."""
    pages = {"map": "", "drawer": "drawer", "object": "object", "object tab": "object"}
    return {view.title: (pages.get(place, place), ("first" if number == 0 else "later")
                         if place in ("object tab", "selection", "grade") else "always")
            for place, views in at.items() for number, view in enumerate(views)}


class Pages:
    """The right half: tabs of pages, and in a page tabs of views; what was never seen is not built."""

    def __init__(self, session: Session, at: dict[str, list[View]]):
        self.session, self.at = session, at
        self.names = [name for name in _TITLES if name == "object" or at.get(name)]
        self._last: dict[str, str] = {}
        self._inner: dict[str, pmui.Tabs] = {}
        self.tabs = self._tabs([(_TITLES[name], self._page(name)) for name in self.names], self._turned)
        session.on(["page", "tab"], self._follow)
        self._follow()

    def __panel__(self) -> pn.viewable.Viewable:
        return self.tabs

    def _tabs(self, content: list, chosen) -> pmui.Tabs:
        tabs = pmui.Tabs(*content, sizing_mode="stretch_both", margin=0, dynamic=True, sx=theme.TABS_SX)
        tabs.param.watch(lambda event: chosen(), "active")
        return tabs

    def _page(self, name: str) -> pn.viewable.Viewable:
        views = self.at.get("object tab" if name == "object" else name, [])
        if name not in _TABBED:
            return Unfolding(self.session, views[0]) if views else pn.Column()
        tabs = self._inner[name] = self._tabs([(view.title, Unfolding(self.session, view)) for view in views],
                                              lambda: self._tab_chosen(name))
        if name != "object":
            return tabs
        above = [pn.Column(pn.panel(view.make(self.session)), sizing_mode="stretch_both", margin=0,
                           styles={"flex": "1.7 1 0", "min-height": "0"}) for view in self.at["object"]]
        self._share()
        return pn.Column(*above, tabs, sizing_mode="stretch_both", margin=0)

    def _share(self) -> None:
        """Give the open tab under the object the height that it asks for."""
        tabs, views = self._inner["object"], self._views("object")
        share = views[tabs.active].share if views else 1.0
        tabs.styles = {"flex": f"{share:g} 1 0", "min-height": "0", "border-top": "1px solid var(--mui-palette-divider)"}

    def _turned(self) -> None:
        name = self.names[self.tabs.active]
        if name != self.session.state.page:
            actions.show_page(self.session, name, self._last.get(name, ""))

    def _tab_chosen(self, name: str) -> None:
        title = self._views(name)[self._inner[name].active].title
        if name == self.session.state.page and title != (self.session.state.tab or self._views(name)[0].title):
            actions.show_page(self.session, name, title)

    def _views(self, name: str) -> list[View]:
        return self.at.get("object tab" if name == "object" else name, [])

    def _follow(self) -> None:
        state = self.session.state
        if state.page not in self.names:
            return
        self._last[state.page] = state.tab
        titles = [view.title for view in self._views(state.page)]
        if state.page in self._inner and titles:
            self._inner[state.page].active = titles.index(state.tab) if state.tab in titles else 0
            if state.page == "object":
                self._share()
        self.tabs.active = self.names.index(state.page)


class Unfolding(pn.Column):
    """A view's place on the page; the view is built when it is first seen."""

    def __init__(self, session: Session, view: View):
        super().__init__(sizing_mode="stretch_both", margin=0)
        self._session, self._view = session, view
        # a figure that arrives before its tab is turned to is measured where it has no size, and fails
        session.on(["page", "tab", "drawer"], lambda: session.later(self._unfold, _TURNING_MS))
        self._unfold()

    def _unfold(self) -> None:
        if not len(self) and self._session.shows(self._view.title):
            self.append(pn.panel(self._view.make(self._session)))


class Drawer(pn.Column):
    """The filters beside the maps, open or away."""

    def __init__(self, session: Session, views: list[View]):
        content = [Unfolding(session, view) for view in views]
        super().__init__(*content, width=_DRAWER, sizing_mode="stretch_height", margin=0, stylesheets=[theme.css(), _CARD],
                         visible=session.state.drawer, css_classes=["atlas-card"])
        session.on(["drawer"], lambda: self.param.update(visible=session.state.drawer))


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
