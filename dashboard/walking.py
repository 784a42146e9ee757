"""Walking from object to object: the next and the previous one of the selection, else of what is drawn, in catalogue order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dashboard.session import Session


@dataclass(frozen=True)
class Place:
    """Where the object in focus stands among those that are walked.

    Parameters
    ----------
    k, n : int
        It is the k-th of n, from 1; 0 when it is not one of them.
    before, after : int
        Rows of its neighbours, -1 where the walk ends.
    """

    k: int
    n: int
    before: int
    after: int


def place_of(row: int, bits: NDArray[np.uint8]) -> Place:
    """The place of a row among those of a rule, whether or not it is one of them.

    Parameters
    ----------
    row : int
        Of the object in focus, -1 for none: then the first one comes next.
    bits : ndarray of uint8
        One bit per row, the lowest first in a byte; ten million rows are a megabyte and take less than a millisecond.
    """
    byte, bit = divmod(max(row, 0), 8)
    here = int(bits[byte]) if byte < len(bits) else 0
    lower, upper = here & ((1 << bit) - 1), here >> (bit + 1) << (bit + 1)
    if row < 0:
        lower, upper = 0, here
    member = row >= 0 and bool(here >> bit & 1)
    n_before = int(np.bitwise_count(bits[:byte]).sum()) + lower.bit_count()
    return Place(n_before + 1 if member else 0, int(np.bitwise_count(bits).sum()), _last(bits[:byte], lower, byte),
                 _first(bits[byte + 1 :], upper, byte))


def _first(above: NDArray[np.uint8], upper: int, byte: int) -> int:
    """Row of the lowest bit of a byte, else of the bytes above it."""
    if upper:
        return 8 * byte + (upper & -upper).bit_length() - 1
    at = int(np.argmax(above != 0)) if len(above) else 0
    return 8 * (byte + 1 + at) + _LOWEST[above[at]] if len(above) and above[at] else -1


def _last(below: NDArray[np.uint8], lower: int, byte: int) -> int:
    """Row of the highest bit of a byte, else of the bytes below it."""
    if lower:
        return 8 * byte + lower.bit_length() - 1
    at = byte - 1 - int(np.argmax(below[::-1] != 0)) if len(below) else -1
    return 8 * at + int(below[at]).bit_length() - 1 if len(below) and below[at] else -1


_LOWEST = [(byte & -byte).bit_length() - 1 for byte in range(256)]


def rule_of(session: Session) -> str:
    """The rule of the objects that are walked: of the selection, else of what is drawn."""
    return session.selected_rule if session.state.selection else session.drawn_rule


def where(session: Session) -> Place:
    """The place of the object in focus among those that are walked."""
    return place_of(session.focus_row, session.bits(rule_of(session)))


def step(session: Session, by: int) -> None:
    """Bring the next (1) or the previous (-1) object into focus; at either end nothing happens."""
    place = where(session)
    row = place.after if by > 0 else place.before
    if row >= 0:
        session.focus_on(row)
