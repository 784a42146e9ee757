"""Deal a queue: objects in their order, with repeats and injected ones among them, from a seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsocore.inspection.campaign import Item
from qsocore.inspection.queue import APART


def injected_id(campaign: str, number: int) -> str:
    """Object id of a campaign's injected one."""
    return f"injected:{campaign}:{number}"


def how_many(share: float, n: int) -> int:
    """So many of n, at least one where there is a share at all."""
    return int(np.ceil(share * n - 1e-9))


def deal(campaign: str, object_ids: Sequence[str], n_injected: int, n_repeats: int, seed: int) -> tuple[Item, ...]:
    """The queue of a campaign.

    Parameters
    ----------
    campaign : str
        Its name.
    object_ids : sequence of str
        Objects in the order in which they are graded.
    n_injected : int
        Injected ones, put anywhere.
    n_repeats : int
        Objects that come again, each once, after `qsocore.inspection.queue.APART` others, or after half of the queue if that
        is less; there are fewer if there are not so many objects.
    seed : int
        Of the places.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
    injected = set(rng.choice(len(object_ids) + n_injected, n_injected, replace=False).tolist()) if n_injected else set()
    objects, lenses = iter(object_ids), iter(range(n_injected))
    once = [(injected_id(campaign, next(lenses)), "injected") if place in injected else (next(objects), "object")
            for place in range(len(object_ids) + n_injected)]
    apart = min(APART, len(once) // 2)
    may = [place for place, (_, what) in enumerate(once) if what == "object" and 0 < apart <= len(once) - 1 - place]
    repeated = rng.choice(may, min(n_repeats, len(may)), replace=False) if may else []
    after = {int(place): float(rng.uniform(place + apart, len(once) - 1)) + 0.5 for place in repeated}
    order = sorted([*((float(place), place, False) for place in range(len(once))),
                    *((when, place, True) for place, when in after.items())])
    number = {place: k for k, (_, place, again) in enumerate(order) if not again}
    return tuple(Item(k, once[place][0], "repeat", number[place]) if again else Item(k, *once[place])
                 for k, (_, place, again) in enumerate(order))
