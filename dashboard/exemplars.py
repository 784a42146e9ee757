"""Pictures by which a model of images is understood: the training examples most like an object, and what channels look for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard import image
from dashboard.imagemodel import prepared
from dashboard.sprites import Kind, side_for
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from dashboard.library import Library
    from qsocore.explain import Examples
    from qsocore.preprocess.prepare import Block
    from qsocore.store import RunFolder

KINDS = ("examples", "channels")
_MOST = 8
_SPRITE = Kind(side_for(128))
_OTHERS = 256  # objects by which a channel's usual response is known
_STEPS = 64  # of the optimisation: half of what a figure takes, for somebody waits


@dataclass(frozen=True)
class Exemplars:
    """A row of pictures.

    Parameters
    ----------
    said : str
        What they are, or why there are none.
    cards : list of dict
        As `dashboard.views.neighbours.Cards` shows them.
    ids : list of str
        Objects of the library that they are of, "" where one is of none.
    """

    said: str
    cards: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)


def exemplars(library: Library, asked: str, run: str, row: int) -> Exemplars:
    """What is shown of RUN/KIND for the object of a row while the maps are of a run.

    Raises
    ------
    AtlasError
        When there is no such run or kind, or its training examples are not at hand.
    """
    name, _, kind = asked.rpartition("/")
    folder = library.image_explanations.runs(run).get(name)
    if folder is None or kind not in KINDS:
        raise AtlasError(f"no run here can show {asked!r}", remedy="choose another above the image")
    sight = library.once(("sight", folder.path), lambda: Sight(library, folder))
    return sight.examples(row) if kind == "examples" else sight.channels(row)


class Sight:
    """The model of a run, which is listened to while it works and therefore does one thing at a time; its own copy.

    Parameters
    ----------
    library : Library
    folder : RunFolder
        Finished, of a model of images.
    """

    def __init__(self, library: Library, folder: RunFolder):
        from qsocore.models.load import Loaded

        self.library, self.loaded = library, Loaded(folder)
        self._wanted: dict[str, dict[str, Any]] = {}
        self._lock = RLock()

    def examples(self, row: int) -> Exemplars:
        """The training examples that the model finds most like the object of a row, itself not among them."""
        with self._lock:
            (own,), home = self.library.table().ids_of([row]), self._home
            rows, distances = (found[0] for found in self._examples.nearest(self._read(row), _MOST + 1))
            ids = home.table().ids_of(rows)
        here = self.library.table().rows_of(ids)
        kinds = home.table().frame(rows, ["class"])["class"] if "class" in home.table().columns else [""] * len(rows)
        cards = [{"id": object_id, "facts": kind if isinstance(kind, str) else "", "distance": f"{apart:#.3g}", "path": "",
                  "image": image.as_url(sprite) if isinstance(sprite, bytes) else "", "fixed": int(at) < 0}
                 for object_id, kind, apart, sprite, at
                 in zip(ids, kinds, distances, home.sprites.of(rows, _SPRITE), here.tolist(), strict=True) if object_id != own]
        shown = cards[:_MOST]
        where = "" if home is self.library else f" of {home.path.name}"
        return Exemplars(f"Of {len(self._examples.rows):,} training examples{where} those most like it to "
                         f"the run {self.loaded.run.name}, with their distances", shown,
                         ["" if card["fixed"] else card["id"] for card in shown])

    def channels(self, row: int) -> Exemplars:
        """Made-up images for which those channels are largest that respond more to the object of a row than to others."""
        with self._lock:
            mine, usual = self._responses(self._read(row)), self._usual
            above = {name: float(value[0] - usual[name].mean()) / float(usual[name].std())
                     for name, value in mine.items() if usual[name].std() > 0}  # a dead one says nothing
            most = sorted(above, key=above.get, reverse=True)[:_MOST]
            cards = [{**self._looked_for(name), "distance": f"{above[name]:+.1f}σ"} for name in most if above[name] > 0]
        what = "channels" if self._layer else "numbers"
        said = f"What {what} of the run {self.loaded.run.name} look for, made up; σ above their usual response"
        return Exemplars(said, cards, [""] * len(cards))

    # ---- what is made once

    @cached_property
    def _home(self) -> Library:
        """The store that the run was trained on: this one, or one of the recorded name beside it."""
        from dashboard.library import Library

        data = self.loaded.run.config.get("data", {})
        if self.library.store.manifest.fingerprint == data.get("sha256"):
            return self.library
        beside = self.library.path.resolve().parent / Path(str(data.get("store", ""))).name
        home = Library.open(beside) if beside.suffix and beside.is_dir() else None
        if home is not None and home.store.manifest.fingerprint == data.get("sha256"):
            return home
        raise AtlasError(f"the run {self.loaded.run.name} was trained on another store", data.get("store", ""),
                         "put that one into the folder of this one to see its examples")

    @cached_property
    def _examples(self) -> Examples:
        from qsocore.explain import Examples
        from qsocore.workflow.judge import learnt_from

        source = prepared(self._home, self.loaded.run, self.loaded.grid, self.loaded.normalisation)
        return Examples(self.loaded.model, source, learnt_from(self.loaded.run, source))

    @cached_property
    def _layer(self) -> str | None:
        """The last convolution, None of a model without any."""
        from qsocore.explain import layers

        return next(reversed(layers(self.loaded.model)), None)

    @cached_property
    def _usual(self) -> dict[str, np.ndarray]:
        """Responses of each channel to some objects of this library."""
        source = self._source
        rows = np.arange(self.library.store.n_rows) if source.known is None else np.flatnonzero(source.known)
        some = np.unique(rows[np.linspace(0, len(rows) - 1, _OTHERS).astype(np.int64)])
        return self._responses(source.read(some))

    def _looked_for(self, name: str) -> dict[str, Any]:
        """The card of the image that a channel looks for."""
        if name not in self._wanted:
            from qsocore.explain import wanted_by_channels, wanted_by_targets

            model, grid = self.loaded.model, self.loaded.grid
            short = name.rpartition(" ")[2]
            made = (wanted_by_targets(model, [name], steps=_STEPS) if self._layer is None else
                    wanted_by_channels(model, self._layer, [int(short)], steps=_STEPS))
            picture = in_thirds(image.cube_of(made.x[0], grid.bands))
            self._wanted[name] = {"id": f"{name}: {made.before[0]:.2g} for noise, {made.after[0]:.2g} for this", "path": "",
                                  "facts": name if self._layer is None else f"ch. {short}",
                                  "image": image.as_url(image.png(picture)), "fixed": True}
        return self._wanted[name]

    # ---- objects as the model reads them

    @property
    def _source(self):
        return prepared(self.library, self.loaded.run, self.loaded.grid, self.loaded.normalisation)

    def _read(self, row: int) -> Block:
        block = self._source.read(np.array([row]))
        if not (block.w > 0).any():
            raise AtlasError(f"the run {self.loaded.run.name} sees no pixel of this object")
        return block

    def _responses(self, block: Block) -> dict[str, np.ndarray]:
        """By name of the channel, (n,)."""
        import torch

        from qsocore.explain import responses

        seen = self.loaded.model.seen
        return responses(self.loaded.model, torch.from_numpy(block.x), torch.from_numpy(block.w) * seen, self._layer)


def in_thirds(cube: image.Cube) -> np.ndarray:
    """A made-up image in colour, uint8 (H, W, 3): thirds of its bands as blue, green and red, from its least to its largest.

    It has no sky whose scatter would say how to stretch it. Of fewer than three bands the mean is shown in grey.
    """
    flux = np.nan_to_num(cube.flux)
    thirds = np.array_split(flux, 3, axis=-1) if flux.shape[-1] >= 3 else [flux] * 3
    colours = np.stack([third.mean(axis=-1) for third in thirds[::-1]], axis=-1)
    low, high = float(colours.min()), float(colours.max())
    return np.rint(255 * (colours - low) / ((high - low) or 1.0)).astype(np.uint8)
