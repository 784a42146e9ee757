"""Small pictures of objects, drawn once and kept: what mosaics, neighbours and the map's pointer show."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dashboard import image
from dashboard.image import Look
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from dashboard.pictures import Pictures

_KEPT_BYTES = 64e6
SIDES = (64, 128, 256)
"""Of sprites: the next larger one is drawn, so that views of about one size share them."""


ALL = "all bands"


@dataclass(frozen=True)
class Kind:
    """Which sprite of an object.

    Parameters
    ----------
    side : int
        Its longer side at most, pixels.
    look : Look
        How it is drawn.
    common : bool
        Whether at a brightness that all objects share.
    band : str
        In grey; "" for colour, `ALL` for a strip of all bands.
    """

    side: int = SIDES[0]
    look: Look = image.PLAIN
    common: bool = False
    band: str = ""


_FIRST = Kind()


class Sprites:
    """Sprites of one library's objects; shared by all sessions.

    Parameters
    ----------
    pictures : Pictures
        Where images come from.
    """

    def __init__(self, pictures: Pictures):
        self.pictures = pictures
        self._known: OrderedDict[tuple[int, Kind], bytes] = OrderedDict()
        self._bytes, self._lock = 0, Lock()

    def of(self, rows: NDArray[np.int64], kind: Kind = _FIRST) -> list[bytes | str]:
        """PNGs of some objects in their order; in place of one that cannot be drawn a few words that say why."""
        rows = np.asarray(rows, np.int64).tolist()
        with self._lock:
            known = {row: self._known[row, kind] for row in rows if (row, kind) in self._known}
            for row in known:
                self._known.move_to_end((row, kind))
        missing = [row for row in dict.fromkeys(rows) if row not in known]
        if missing:
            scale = self.pictures.scale if kind.common else None
            for row, cube in zip(missing, self.pictures.cubes(np.array(missing)), strict=True):
                known[row] = _drawn(cube, kind, scale)
            self._keep(kind, {row: known[row] for row in missing})
        return [known[row] for row in rows]

    def _keep(self, kind: Kind, drawn: dict[int, bytes | str]) -> None:
        with self._lock:
            for row, sprite in drawn.items():
                if isinstance(sprite, bytes) and (row, kind) not in self._known:
                    self._known[row, kind] = sprite
                    self._bytes += len(sprite)
            while self._bytes > _KEPT_BYTES:
                self._bytes -= len(self._known.popitem(last=False)[1])


def _drawn(cube: image.Cube | AtlasError | None, kind: Kind, scale: image.Scale | None) -> bytes | str:
    if cube is None:
        return "no image"
    if isinstance(cube, AtlasError):
        return "unreadable"
    if kind.band == ALL:
        return image.png(image.strip(cube, kind.look, scale))
    if kind.band and (kind.band not in cube.bands or cube.lacks(kind.band)):
        return f"no {kind.band} band"
    return image.png(image.thumbnail(cube, kind.side, kind.look, scale, kind.band))


def side_for(pixels: int) -> int:
    """The side of sprites that are shown so large on the screen."""
    return next((side for side in SIDES if side >= pixels), SIDES[-1])
