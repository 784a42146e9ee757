"""Which objects are positive and which negative by what people said of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from qsocore.inspection import Verdict
from qsocore.inspection.standing import standing

POSITIVE, NEGATIVE = ("A", "B"), ("C", "X")
"""Labels that count by default: grades of the lens desk."""


@dataclass(frozen=True)
class Judged:
    """What a learner learns from.

    Parameters
    ----------
    positive : dict of str to bool
        By object id whether it is one of those that are looked for.
    people : tuple of str
        Whose verdicts count.
    until : int
        Number of the last verdict that was read; 0 for none.
    divided : int
        Objects left out because as many call them positive as negative.
    """

    positive: dict[str, bool]
    people: tuple[str, ...]
    until: int
    divided: int

    @property
    def n_positive(self) -> int:
        """Objects that are looked for."""
        return sum(self.positive.values())

    @property
    def n_negative(self) -> int:
        """Objects that are not."""
        return len(self.positive) - self.n_positive


def judged(verdicts: Iterable[Verdict], positive: Collection[str] = POSITIVE, negative: Collection[str] = NEGATIVE) -> Judged:
    """Objects by the majority of the verdicts that hold.

    Parameters
    ----------
    verdicts : iterable of Verdict
        All of a store, or of a campaign.
    positive, negative : collection of str
        Labels, or kinds ("merger", "QSO"): a verdict counts by its kind where that is among them, else by its label; one
        that is of neither does not count.
    """
    said = list(verdicts)
    votes: dict[str, int] = {}
    people = set()
    for verdict in standing(said):
        words = [word for word in (verdict.kind, verdict.label) if word in positive or word in negative]
        if words:
            votes[verdict.object_id] = votes.get(verdict.object_id, 0) + (1 if words[0] in positive else -1)
            people.add(verdict.person)
    return Judged({object_id: n > 0 for object_id, n in votes.items() if n}, tuple(sorted(people)),
                  max((verdict.number for verdict in said), default=0), sum(n == 0 for n in votes.values()))
