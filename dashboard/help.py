"""Help on the page: a button in the bar, the sheet of keys that it opens, and the tour."""

from __future__ import annotations

import panel as pn
import panel_material_ui as pmui

from dashboard import keys, theme
from dashboard.session import Session
from dashboard.views._tour import Tour

_ABOUT = ('<div class="about">Keys act on the figure named in the bar above; in a text field they only write. '
          "A pointer with Shift adds to the selection, with Ctrl it takes away.</div>")


class HelpButton:
    """A question mark in the bar."""

    def __init__(self, session: Session):
        self.session, self.tour = session, Tour()
        self.button = pmui.IconButton(icon="help_outline", size="small", description="Keys and help", margin=(0, 0, 0, 6),
                                      on_click=lambda _: self.dialog.param.update(open=True))
        again = pmui.Button(label="Show the tour", size="small", variant="outlined", margin=(10, 0, 6, 0),
                            on_click=lambda _: self._tour())
        sheet = pn.pane.HTML(_ABOUT + keys.sheet(), stylesheets=[theme.css("keys")], margin=0, sizing_mode="stretch_width")
        self.dialog = pmui.Dialog(sheet, again, title="Keys", title_variant="h6", width_option="lg", close_on_click=True,
                                  show_close_button=True)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Row(self.button, self.dialog, self.tour, margin=0, align="center", width=36)

    def _tour(self) -> None:
        self.dialog.open = False
        self.tour.start()
