"""A campaign that some people have graded, each with an eye of their own; all from a seed."""

import numpy as np

from qsocore.inspection import Campaign, Item, Verdict

SCALE = ("X", "C", "B", "A")


def make_campaign(ids, name="lenses-1", graders=("ada", "gus", "eve", "bob"), n_injected=12, n_repeats=6, enough=3, agreed=2):
    """A queue of objects, injected ones and repeats, in this order of kinds."""
    items = [Item(k, object_id) for k, object_id in enumerate(ids)]
    items += [Item(len(items) + k, f"injected:{name}:{k}", "injected") for k in range(n_injected)]
    items += [Item(len(items) + k, ids[k], "repeat", k) for k in range(n_repeats)]
    return Campaign(name, "lenses", tuple(items), graders=tuple(graders), enough=enough, agreed=agreed,
                    made={"by": "ada", "time": "2026-11-28T20:00:00+00:00"})


def grade(campaign, person, upto, sharpness, seed):
    """Verdicts of one person on the first items: the truth, missed the more the less sharp their eye is."""
    rng = np.random.default_rng(seed)
    truth = np.random.default_rng(7).choice(4, len(campaign.items), p=(0.7, 0.15, 0.1, 0.05))
    for item in campaign.items[:upto]:
        right = 3 if item.what == "injected" else truth[item.of if item.of is not None else item.number]
        seen = int(np.clip(np.rint(right + rng.normal(0, sharpness)), 0, 3))
        yield Verdict(item.object_id, person, SCALE[seen], desk="lenses", campaign=campaign.name, item=item.number)


def fill(labels, ids):
    """Put such a campaign beside a store's verdicts; returns it."""
    campaign = make_campaign(list(ids))
    labels.add_campaign(campaign)
    everything, n = len(campaign.items), len(ids)
    for person, upto, sharpness, seed in (("ada", everything, 0.4, 1), ("gus", everything, 0.7, 2), ("eve", n // 2, 1.1, 3)):
        labels.extend(grade(campaign, person, upto, sharpness, seed))
    return campaign
