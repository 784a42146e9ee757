"""What holds of what was said: without what was taken back, and without what the same person has said anew."""

from __future__ import annotations

from collections.abc import Iterable

from qsocore.inspection.verdict import UNDO, Verdict


def taken_back(verdicts: Iterable[Verdict]) -> set[int]:
    """Numbers of the verdicts that are taken back.

    An `UNDO` is a verdict as others: it can be taken back, and then what it took back holds again.

    Parameters
    ----------
    verdicts : iterable of Verdict
        All of those that may undo each other, in any order.
    """
    gone: set[int] = set()
    for verdict in sorted(verdicts, key=_number, reverse=True):  # an undo comes after what it takes back
        if verdict.label == UNDO and verdict.number not in gone and verdict.undoes is not None:
            gone.add(verdict.undoes)
    return gone


def standing(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """What holds, in the order of appending.

    Left out are `UNDO` verdicts, what they take back, and what the same person said earlier of the same object at the same
    desk, in the same campaign, of the same item.

    Parameters
    ----------
    verdicts : iterable of Verdict
        As a store has them, numbered; in any order.
    """
    said = sorted(verdicts, key=_number)
    gone = taken_back(said)
    last = {(v.object_id, v.person, v.desk, v.campaign, v.item): v for v in said if v.label != UNDO and v.number not in gone}
    return sorted(last.values(), key=_number)


def _number(verdict: Verdict) -> int:
    return verdict.number
