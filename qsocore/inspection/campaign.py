"""A campaign: a selection of objects made into a queue that several people grade."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Item:
    """One place in a queue.

    Parameters
    ----------
    number : int
        From 0 in the order of the queue.
    object_id : str
        Of the object; of a simulated one ``injected:CAMPAIGN:NUMBER``. A grader is not shown it while the campaign is blind.
    what : {"object", "repeat", "injected"}
        A repeat shows an object again, to the same people.
    of : int or None
        Number of the item that a repeat repeats.
    """

    number: int
    object_id: str
    what: Literal["object", "repeat", "injected"] = "object"
    of: int | None = None


@dataclass(frozen=True)
class Campaign:
    """What is graded, in which order, by whom, and when it is enough. It never changes once it is made.

    Parameters
    ----------
    name : str
        Unique among those of a store.
    desk : str
        "lenses" or "spectra".
    items : tuple of Item
        The queue.
    seed : int
        Of the order, the repeats and the injected ones.
    order : str
        "random", or by a column, the highest first ("score:anomaly") or the lowest ("-score:anomaly").
    graders : tuple of str
        Who may grade; empty for everybody who may grade at all.
    enough : int
        Grades after which an item retires.
    agreed : int
        Equal grades in a row from the first after which it retires earlier; 0 for never.
    feedback : bool
        Whether a grader is told, after the verdict, that an item was an injected one.
    rule : str
        The selection it was made from, as JSON.
    made : dict
        By whom, when (UTC), of which catalogue (fingerprint), by which version of the code.
    """

    name: str
    desk: str
    items: tuple[Item, ...]
    seed: int = 0
    order: str = "random"
    graders: tuple[str, ...] = ()
    enough: int = 6
    agreed: int = 0
    feedback: bool = False
    rule: str = ""
    made: dict[str, Any] = field(default_factory=dict)
