"""The selected objects as a mosaic of small spectra, reconstruction over flux, or of images; a click puts one into focus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import panel as pn
import panel_material_ui as pmui

from dashboard import image, ordering, theme, words
from dashboard.columns import cells, grouped, numeric
from dashboard.ordering import CATALOGUE, RANDOM, Order
from dashboard.sprites import ALL, Kind, side_for
from dashboard.strips import HEIGHT, strips
from dashboard.views import View
from dashboard.views._empty import empty
from dashboard.views._pages import Paged, shown_rule
from dashboard.views._switches import on_off, one_of

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
        self.by = pmui.Select(label="Order", width=150, **small)
        self.falling = pmui.Checkbox(label="Largest first", align="center", margin=(0, 4), size="small")
        self.shuffle = pmui.Button(label="Shuffle again", variant="text", size="small", align="center", margin=0, visible=False)
        self.many = pmui.Select(label="On a page", options={f"{side} × {side}": side for side in _SIDES}, value=self._side,
                                width=96, **small)
        self.what = one_of({"Spectra": "spectra", "Images": "images"}, self._turn)
        self.band = one_of({"Colour": ""}, self.fill)
        self.common = on_off("One brightness for all", False, self.fill)
        self.of_images = pn.Row(self.band, self.common, sizing_mode="stretch_width", margin=(2, 12, 0, 12), visible=False,
                                styles={"align-items": "center", "gap": "10px"})
        self._ahead = session.latest()
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", margin=0, stylesheets=[theme.css()])
        self._following = False
        super().__init__(session, VIEW.title, "mosaic")
        self.what.align = "center"
        self.body = pn.Column(pn.Row(self.by, self.falling, self.shuffle, pn.Spacer(sizing_mode="stretch_width"), self.what,
                                     self.many, sizing_mode="stretch_width", margin=(6, 6, 0, 6)), self.of_images, self.pages,
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
            self.hint.object = empty("There are no spectra or images to show",
                                     "To see them, read the survey's files into a store.", "qso ingest FILES --out my.store")
            return
        table = self.session.table
        self.what.visible = len(kinds) > 1
        self._show_bands()
        self._following = True
        try:
            groups = {"": {"Catalogue order": CATALOGUE, "At random": RANDOM}} | grouped(table, numeric(table))
            known = {name for names in groups.values() for name in names.values()}
            self.order = self.order if self.order.by in known else Order()
            self.by.param.update(groups=groups, value=self.order.by)
        finally:
            self._following = False
        super().restart()

    @property
    def _of_images(self) -> bool:
        """Whether images are shown."""
        kinds = self._kinds
        return "images" in kinds and (self.what.value == "images" or "spectra" not in kinds)

    def _turn(self) -> None:
        self._show_bands()
        self.fill()

    def _show_bands(self) -> None:
        """What can be shown of images, while they are."""
        self.of_images.visible = shown = self._of_images
        if shown:
            bands = self.session.library.pictures.bands
            options = ({"Colour": ""} if image.colours_of(bands) else {}) | {name: name for name in bands}
            options |= {"All": ALL} if len(bands) > 1 else {}
            if options and self.band.options != options:
                self._following = True
                try:
                    self.band.param.update(options=options, value=next(iter(options.values())))
                finally:
                    self._following = False

    def fill(self) -> None:
        """Show the page that is chosen."""
        if not self._following:
            super().fill()

    def _show(self, content: dict[str, Any]) -> None:
        super()._show(content)
        if self._of_images and content["page"] + 1 < content["pages"]:
            self._ahead.submit(self._draw_ahead, lambda _: None)

    def _draw_ahead(self) -> None:
        """Draw the images of the next page before it is turned to."""
        session, start = self.session, (self._number + 1) * self.size
        rows = session.rows(shown_rule(session)[0])
        session.library.sprites.of(ordering.page(session.table, rows, self.order, start, start + self.size), self.kind)

    @property
    def kind(self) -> Kind:
        """What is shown of images."""
        return Kind(side_for(_BINS[self._side]), image.PLAIN, self.common.value, self.band.value or "")

    def read(self, table: AtlasTable, rows: np.ndarray) -> dict[str, Any]:
        """Thumbnails of these objects, and what is said of each."""
        side = self._side
        ids, tips, labels = self._said(table, rows)
        made = [{"id": object_id, "tip": tip, "label": label} for object_id, tip, label in zip(ids, tips, labels, strict=True)]
        if self._of_images:
            for cell, sprite in zip(made, self.session.library.sprites.of(rows, self.kind), strict=True):
                cell |= {"image": "", "why": sprite} if isinstance(sprite, str) else {"image": image.as_url(sprite)}
            return {"cells": made, "side": side // 2 if self.kind.band == ALL else side, "box": []}  # strips are wide
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


def _label(said: dict[str, str], by: str) -> str:
    """What stands under a thumbnail: the value by which they are in order, else class and redshift."""
    if by in said and by not in ("class", "z"):
        return said[by]
    return " ".join(said[name] for name in ("class", "z") if name in said)


VIEW = View("Mosaic", "selection", 5, Mosaic)
