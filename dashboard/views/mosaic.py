"""The selected objects as a mosaic of small spectra, reconstruction over flux, or of images; a click puts one into focus."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import panel as pn
import panel_material_ui as pmui

from dashboard import image, theme, words
from dashboard.columns import cells, grouped, numeric
from dashboard.ordering import CATALOGUE, RANDOM, Order
from dashboard.strips import HEIGHT, strips
from dashboard.views import View
from dashboard.views._empty import empty
from dashboard.views._pages import Paged
from dashboard.views._switches import one_of
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    import numpy as np

    from dashboard.session import Session
    from dashboard.table import AtlasTable

_SIDES = (4, 6, 8, 10)
_FACTS = {"class": "", "subclass": "", "z": "z ", "snr_median": "S/N ", "anomaly": "anomaly "}
_BINS = {4: 160, 6: 110, 8: 84, 10: 64}  # about one for each pixel of the screen; images have as many across


class Mosaic(Paged):
    """A tab of the selection's page."""

    def __init__(self, session: Session):
        self._side = 6
        small = {"size": "small", "margin": (2, 6), "css_classes": ["control"]}
        self.by = pmui.Select(label="Order", width=190, **small)
        self.falling = pmui.Checkbox(label="Largest first", align="center", margin=(0, 4), size="small")
        self.shuffle = pmui.Button(label="Shuffle again", variant="text", size="small", align="center", margin=0, visible=False)
        self.many = pmui.Select(label="On a page", options={f"{side} × {side}": side for side in _SIDES}, value=self._side,
                                width=96, **small)
        self.what = one_of({"Spectra": "spectra", "Images": "images"}, self.fill)
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", margin=0, stylesheets=[theme.css()])
        self._following = False
        super().__init__(session, VIEW.title, "mosaic")
        self.what.align = "center"
        self.body = pn.Column(pn.Row(self.by, self.falling, self.shuffle, pn.Spacer(sizing_mode="stretch_width"), self.what,
                                     self.many, sizing_mode="stretch_width", margin=(6, 6, 0, 6)), self.pages,
                              sizing_mode="stretch_both", margin=0)
        self.by.param.watch(lambda event: self._order(by=event.new), "value")
        self.falling.param.watch(lambda event: self._order(descending=event.new), "value")
        self.shuffle.on_click(lambda _: self._order(seed=self.order.seed + 1))
        self.many.param.watch(lambda event: self._resize(event.new), "value")

    def __panel__(self) -> pn.viewable.Viewable:
        return self.body if self._kinds else self.hint

    @property
    def _kinds(self) -> list[str]:
        """What there is to show of the objects."""
        table = self.session.table
        spectra = table.store is not None and table.store.grid is not None
        return ["spectra"] * spectra + ["images"] * bool(self.session.library.pictures)

    @property
    def size(self) -> int:
        """Objects on a page."""
        return self._side**2

    def restart(self) -> None:
        """Show the first page, in the table that is now there."""
        kinds = self._kinds
        if not kinds:
            self.hint.object = empty("There are no spectra to show", "To see them, read the survey's files into a store.",
                                     "qso ingest FILES --out my.store")
            return
        table = self.session.table
        self.what.visible = len(kinds) > 1
        self._following = True
        try:
            groups = {"": {"Catalogue order": CATALOGUE, "At random": RANDOM}} | grouped(table, numeric(table))
            known = {name for names in groups.values() for name in names.values()}
            self.order = self.order if self.order.by in known else Order()
            self.by.param.update(groups=groups, value=self.order.by)
        finally:
            self._following = False
        super().restart()

    def read(self, table: AtlasTable, rows: np.ndarray) -> dict[str, Any]:
        """Thumbnails of these objects, and what is said of each."""
        side, kinds = self._side, self._kinds
        ids, tips, labels = self._said(table, rows)
        made = [{"id": object_id, "tip": tip, "label": label} for object_id, tip, label in zip(ids, tips, labels, strict=True)]
        if "images" in kinds and (self.what.value == "images" or "spectra" not in kinds):
            for cell in made:
                cell |= _picture(table, cell["id"], _BINS[side])
            return {"cells": made, "side": side, "box": []}
        shown = strips(table, rows, self.session.library.decoder(self.session.state.run), _BINS[side])
        for number, cell in enumerate(made):
            cell["flux"], cell["model"] = shown.paths(number)
        return {"cells": made, "side": side, "box": [len(shown.wave), HEIGHT]}

    def _said(self, table: AtlasTable, rows: np.ndarray) -> tuple[list[str], list[str], list[str]]:
        """Of these objects the ids, what is said when one is pointed at, and what stands beneath it."""
        names = [name for name in dict.fromkeys((*_FACTS, self.order.by)) if name in table.columns]
        ids, values, tips, labels = table.ids_of(rows), cells(table, rows, names), [], []
        for number, object_id in enumerate(ids):
            said = {name: words.short(values[name][number], table.columns[name]) for name in names}
            said = {name: text for name, text in said.items() if text != "—"}
            tips.append(" · ".join([object_id, *(f"{_FACTS.get(name, words.title(table.columns[name]) + ' ')}{text}"
                                                 for name, text in said.items())]))
            labels.append(_label(said, self.order.by))
        return ids, tips, labels

    def _order(self, **changes: Any) -> None:
        if not self._following:
            self.order = Order(**{"by": self.order.by, "descending": self.order.descending, "seed": self.order.seed} | changes)
            random = self.order.by == RANDOM
            self.shuffle.visible, self.falling.visible = random, not random
            super().restart()

    def _resize(self, side: int) -> None:
        first = self._number * self.size  # the object that is first on this page is on the next one, too
        self._side = side
        self._number = first // self.size
        self.fill()


def _picture(table: AtlasTable, object_id: str, side: int) -> dict[str, str]:
    """An object's image, or why there is none."""
    try:
        cube = image.of_object(table, object_id)
    except AtlasError:
        return {"image": "", "why": "unreadable"}
    if cube is None:
        return {"image": "", "why": "no image"}
    return {"image": f"data:image/png;base64,{b64encode(image.png(image.thumbnail(cube, side))).decode()}"}


def _label(said: dict[str, str], by: str) -> str:
    """What stands under a thumbnail: the value by which they are in order, else class and redshift."""
    if by in said and by not in ("class", "z"):
        return said[by]
    return " ".join(said[name] for name in ("class", "z") if name in said)


VIEW = View("Mosaic", "selection", 5, Mosaic)
