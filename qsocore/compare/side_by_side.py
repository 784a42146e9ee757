"""Composites of one or two sets of objects on one grid, with those of their reconstructions, and the first minus the second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.compare.composite import N_BOOT, Composite, Difference, Kind, combine, difference
from qsocore.compare.scaling import by_overlap
from qsocore.compare.stack import MOST, Frame, Stack, draw, grid_for, read, reconstruct
from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from qsocore.embed.decoder import Decoder
    from qsocore.grid import WaveGrid
    from qsocore.store import Store


@dataclass(frozen=True)
class Member:
    """One of the sets.

    Parameters
    ----------
    data : Composite
        Of the spectra.
    model : Composite, optional
        Of their reconstructions at the same pixels, in the same scales.
    n_asked, n_read : int
        Objects of the set, and those that were read: all, or `MOST` drawn at random. ``data.n_spectra`` of them have a
        redshift where it is needed and can be scaled.
    """

    data: Composite
    model: Composite | None
    n_asked: int
    n_read: int


def side_by_side(store: Store, sets: Mapping[str, NDArray[np.int64]], z: NDArray | None = None, frame: Frame = "rest",
                 kind: Kind = "median", decoder: Decoder | None = None, n_boot: int = N_BOOT, most: int = MOST,
                 seed: int = 0) -> tuple[dict[str, Member], Difference | None]:
    """Make them.

    Parameters
    ----------
    store : Store
        With spectra.
    sets : mapping of str to ndarray
        Rows of each set by its name, rising.
    z : ndarray, shape (store.n_rows,), optional
        Redshifts; by default the catalogue's.
    frame, kind, n_boot
        See `qsocore.compare.composite.combine`.
    decoder : Decoder, optional
        Makes the reconstructions.
    most, seed : int
        At most so many spectra of a set, drawn at random by that seed.

    Returns
    -------
    dict of str to Member
        The second is scaled so that the median of the first over it is 1.
    Difference or None
        The first minus the second; None for a single set.

    Raises
    ------
    AtlasError
        When a set is empty, or has no redshift that the frame needs.
    """
    for name, rows in sets.items():
        if not len(rows):
            raise AtlasError(f"no object is {name}", store.path, "choose others")
    drawn = {name: draw(rows, most, seed) for name, rows in sets.items()}
    stacks = {name: read(store, rows, None if z is None else z[rows], frame) for name, rows in drawn.items()}
    target = _common(stacks)
    members = {}
    for name, stack in stacks.items():
        scale, model = by_overlap(stack), None
        if decoder is not None:
            other = reconstruct(store, decoder, stack.rows, None if z is None else z[stack.rows], frame, target)
            model = combine(other, scale[np.searchsorted(stack.rows, other.rows)], kind, 0, seed)
        data = combine(replace(stack, target=target), scale, kind, n_boot, seed)
        members[name] = Member(data, model, len(sets[name]), len(drawn[name]))
    if len(members) != 2:
        return members, None
    (first, one), (second, other) = members.items()
    found = difference(one.data, other.data)
    if np.isfinite(found.ratio):
        scaled = [part and _times(part, found.ratio) for part in (other.data, other.model)]
        other = replace(other, data=scaled[0], model=scaled[1])
    return {first: one, second: other}, found


def _common(stacks: Mapping[str, Stack]) -> WaveGrid:
    """One grid for all."""
    first = next(iter(stacks.values()))
    return grid_for(first.source, np.concatenate([stack.stretch for stack in stacks.values()]), first.target.frame)


def _times(composite: Composite, factor: float) -> Composite:
    return replace(composite, **{name: (getattr(composite, name) * factor).astype(np.float32)
                                 for name in ("flux", "low", "high", "resampled")})
