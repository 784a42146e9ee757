"""The queue of a campaign: what a person is shown next, what is graded enough, and what graders disagree about.

All graders walk the same queue, so that the first of it are graded enough soon. Everything follows from the campaign and the
verdicts of its store; nothing else is kept. An undone verdict opens its item again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, islice

from qsocore.inspection.campaign import Campaign, Item
from qsocore.inspection.standing import standing
from qsocore.inspection.verdict import Verdict
from qsocore.inspection.vocabulary import scale

APART = 20
"""Items that a person grades between an object and its repeat, if there are as many; at least one."""


def grades(campaign: Campaign, verdicts: Iterable[Verdict]) -> dict[int, dict[str, Verdict]]:
    """What holds of each item: the verdict of each person, in the order of appending; items without any are left out.

    Verdicts of other campaigns, of people who are not its graders, and on objects that are not the item's do not count.
    """
    n, found = len(campaign.items), {}
    for verdict in standing(v for v in verdicts if v.campaign == campaign.name and may_grade(campaign, v.person)):
        if verdict.item is not None and 0 <= verdict.item < n and campaign.items[verdict.item].object_id == verdict.object_id:
            found.setdefault(verdict.item, {})[verdict.person] = verdict
    return found


def may_grade(campaign: Campaign, person: str) -> bool:
    """Whether a person is among the graders of a campaign, or everybody is."""
    return not campaign.graders or person in campaign.graders


def retired(campaign: Campaign, verdicts: Iterable[Verdict]) -> dict[int, str]:
    """Items that nobody is shown any more, and why.

    An item retires after `Campaign.enough` grades, or when its first `Campaign.agreed` grades are equal. A repeat never
    retires by itself: it is shown to all who graded what it repeats, and these are not many.

    Returns
    -------
    dict of int to str
        By the item's number, in the order of the queue: "agreement", or as "6 grades".
    """
    return _retired(campaign, grades(campaign, verdicts))


def _retired(campaign: Campaign, found: Mapping[int, Mapping[str, Verdict]]) -> dict[int, str]:
    out = {}
    for number in sorted(found):
        labels = [verdict.label for verdict in found[number].values()]
        if campaign.items[number].what == "repeat":
            continue
        if campaign.agreed and len(labels) >= campaign.agreed and len(set(labels[:campaign.agreed])) == 1:
            out[number] = "agreement"
        elif len(labels) >= campaign.enough:
            out[number] = f"{campaign.enough} grade{'s' * (campaign.enough > 1)}"
    return out


def next_items(campaign: Campaign, verdicts: Iterable[Verdict], person: str, n: int = 1) -> list[Item]:
    """What a person is shown next: at most n items that they have not graded and that are not retired, in order.

    A repeat is shown to whoever graded what it repeats, after `APART` further items; where no others are left, after fewer,
    but never straight after it. It is as any other item: nothing shows that it is a repeat.
    """
    if not may_grade(campaign, person):
        return []
    found = grades(campaign, verdicts)
    mine = {number: said[person].number for number, said in found.items() if person in said}
    return list(islice(_walk(campaign, sorted(mine, key=mine.get), _retired(campaign, found)), n))


def _walk(campaign: Campaign, seen: Sequence[int], done: Container[int]) -> Iterator[Item]:
    """What is left for a person who has graded the items `seen` in this order, were nothing to retire meanwhile."""
    place = {number: k for k, number in enumerate(seen)}
    left = [item for item in campaign.items if item.number not in place and item.number not in done
            and (item.what != "repeat" or item.of in place or item.of not in done)]
    waiting: list[Item] = []
    for item in left:
        waiting.append(item)
        yield from _ready(waiting, place, APART)
    yield from _ready(waiting, place, 1)  # those that could not wait long enough


def _ready(waiting: list[Item], place: dict[int, int], least: int) -> Iterator[Item]:
    """Those of the waiting that may be shown, each then seen."""
    while ready := next((item for item in waiting if _may_show(item, place, least)), None):
        waiting.remove(ready)
        place[ready.number] = len(place)
        yield ready


def _may_show(item: Item, place: Mapping[int, int], least: int) -> bool:
    """Whether an item is no repeat, or the person has seen what it repeats and so many others since."""
    return item.what != "repeat" or (item.of in place and len(place) - place[item.of] - 1 >= least)


def disagreement(campaign: Campaign, verdicts: Iterable[Verdict]) -> list[Item]:
    """Objects that were graded differently, the most disputed first: by the mean distance of two graders on the desk's scale.

    Repeats and injected ones are left out: a repeat is no further opinion, and of an injected one the truth is known.
    """
    rank = {label: k for k, label in enumerate(scale(campaign.desk))}
    far = {}
    for number, said in grades(campaign, verdicts).items():
        ranks = [rank[verdict.label] for verdict in said.values() if verdict.label in rank]
        pairs = [abs(a - b) for a, b in combinations(ranks, 2)]
        if campaign.items[number].what == "object" and any(pairs):
            far[number] = sum(pairs) / len(pairs)
    return [campaign.items[number] for number in sorted(far, key=lambda number: (-far[number], number))]
