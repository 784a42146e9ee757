"""The slim buttons that walk from object to object: k of n, one back, one on."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui

from dashboard import theme, walking
from dashboard.session import Session
from dashboard.walking import Place

_NAMES = ["focus", "run", "joined", "selection", "only", "filters", "hidden", "colour_by"]
_ORDER = "The objects that are selected, or drawn when none are, in the order of the catalogue"
_CORNER = {"position": "absolute", "top": "3px", "right": "8px", "z-index": "1"}


class Walk:
    """Stands in the object's head; the arrow keys press its buttons."""

    def __init__(self, session: Session):
        self.session, self._work = session, session.latest()
        self.back, self.on = (
            pmui.IconButton(icon=icon, size="small", description=name, margin=0, disabled=True, align="center",
                            on_click=lambda _, by=by: walking.step(session, by))
            for icon, name, by in (("chevron_left", "Previous object", -1), ("chevron_right", "Next object", 1)))
        self.said = pn.pane.HTML("", margin=0, align="center", stylesheets=[theme.css(), theme.css("object")])
        session.on(_NAMES, self._look)
        session.once_shown(self._look)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Row(self.back, self.said, self.on, margin=0, styles=_CORNER)

    def _look(self) -> None:
        self._work.submit(lambda: walking.where(self.session), self._show)

    def _show(self, place: Place) -> None:
        many = " selected" if self.session.state.selection else ""  # else drawn, which the maps' counts say
        self.back.disabled, self.on.disabled = place.before < 0, place.after < 0
        count = f"<b>{place.k:,}</b> of {place.n:,}" if place.k else f"{place.n:,} objects"
        self.said.object = f'<div class="walk" title="{_ORDER}">{count}{many}</div>'
