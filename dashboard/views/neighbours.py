"""More like this: the objects nearest to the one in focus in the full space of latents; a click brings one into focus."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas
import panel as pn
import param

from dashboard import image, theme, thumbnails, words
from dashboard.session import Session
from dashboard.sprites import Kind, side_for
from dashboard.views import View
from dashboard.views._empty import empty

if TYPE_CHECKING:
    from dashboard.sprites import Sprites
    from dashboard.table import AtlasTable

TITLE = "Neighbours"
_MOST = 12
_SPRITE = Kind(side_for(128))
_LONG = 1_000_000  # from here on building the index takes more than a moment


class Cards(pn.custom.JSComponent):
    """A card for each neighbour: its image and its spectrum in small, class, redshift, distance."""

    cards = param.List([], doc="Dicts with id, facts, distance, path and image; one of these two, or both, may be empty. "
                           "One that is `fixed` is not to be pressed.")
    size = param.List([thumbnails.WIDTH, thumbnails.HEIGHT], doc="Of the paths.")

    _esm = Path(__file__).with_name("neighbours.js")

    def __init__(self, chosen, **params):
        super().__init__(stylesheets=[theme.css("neighbours")], sizing_mode="stretch_width", margin=0, **params)
        self._chosen = chosen

    def _handle_msg(self, k: int) -> None:
        self._chosen(int(k))


@dataclass(frozen=True)
class Found:
    """The neighbours of one object.

    Parameters
    ----------
    rows : ndarray of int64, shape (n,)
        The nearest first.
    cards : list of dict
        What is said of each.
    without : int
        Objects without latents, which can be nobody's neighbours.
    space : str
        In what they are near.
    """

    rows: np.ndarray
    cards: list[dict[str, str]]
    without: int
    space: str = ""


class NeighboursPane:
    """A tab under the spectrum."""

    def __init__(self, session: Session):
        self.session, self._work, self._rows = session, session.latest(), np.empty(0, np.int64)
        looks = {"margin": 0, "stylesheets": [theme.css(), theme.css("neighbours")]}
        self.note = pn.pane.HTML("", sizing_mode="stretch_width", **looks)
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", **looks)
        self.cards = Cards(self._choose)
        self.body = pn.Column(self.hint, sizing_mode="stretch_both", margin=0, styles={"overflow-y": "auto"})
        session.when_shown(TITLE, ["focus", "run"], self._look)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.body

    def _look(self) -> None:
        session, row = self.session, self.session.focus_row
        table, run = session.table, session.state.run
        if row < 0 or not table.latent_names:
            self._work.cancel()
            what = ("No object in focus", "Tap one on the map; the objects most like it appear here.") if row < 0 else \
                ("There are no latents here", "Likeness is measured in a model's latents: train one, then embed.")
            self._say(*what)
            return
        index = session.library.neighbours(run)
        if not index.ready and table.n_rows >= _LONG:
            self._say(f"Arranging {table.n_rows:,} objects by their latents", "Once per server; it takes up to a minute.")
        sprites = session.library.sprites if session.library.pictures else None
        self._work.submit(lambda: look_around(table, index, row, sprites), self._show)

    def _say(self, title: str, text: str) -> None:
        self.hint.object = empty(title, text)
        if self.body.objects != [self.hint]:
            self.body[:] = [self.hint]

    def _show(self, found: Found) -> None:
        self._rows = found.rows
        if not len(found.rows):
            self._say("This object has no latents", "So nothing can be said to be like it.")
            return
        table = self.session.table
        without = f" · {found.without:,} without latents are left out" if found.without else ""
        self.note.object = (f'<div class="said">The {len(found.rows)} nearest of {table.n_rows:,} in all '
                            f"{found.space} of {words.html(self.session.state.run)}, "
                            f"with their distances{without}</div>")
        self.cards.cards = found.cards
        if self.body.objects != [self.note, self.cards]:
            self.body[:] = [self.note, self.cards]

    def _choose(self, k: int) -> None:
        if 0 <= k < len(self._rows):
            self.session.focus_on(int(self._rows[k]))


def look_around(table: AtlasTable, index, row: int, sprites: Sprites | None = None) -> Found:
    """Find the neighbours of a row and what is said of them."""
    rows, distances = index.of(row, _MOST)
    names = [name for name in ("class", "z") if name in table.columns]
    frame, ids = table.frame(rows, names), table.ids_of(rows)
    shapes = [""] * len(rows)
    if table.store is not None and table.store.grid is not None and len(rows):
        spectra = table.store.spectra(rows)
        shapes = thumbnails.paths(spectra.flux, np.where(spectra.mask == 0, spectra.ivar, 0))
    pictures = [image.as_url(sprite) if isinstance(sprite, bytes) else "" for sprite in sprites.of(rows, _SPRITE)] \
        if sprites is not None else [""] * len(rows)
    cards = []
    for k, values in enumerate(frame.to_dict("records")):
        facts = [values["class"]] if isinstance(values.get("class"), str) else []
        facts += [f"z {values['z']:.4f}"] if pandas.notna(values.get("z")) else []
        cards.append({"id": ids[k], "facts": "  ".join(facts), "distance": f"{distances[k]:#.3g}", "path": shapes[k],
                      "image": pictures[k]})
    n_features, n_latents = table.features(rows[:1]).shape[1], len(table.latent_names)
    space = f"{n_latents} latents" if n_features == n_latents else f"{n_features} features"
    return Found(rows, cards, int(np.isnan(table.numbers(table.latent_names[0])).sum()), space)


VIEW = View(TITLE, "object tab", 1, NeighboursPane)
