"""What the page of campaigns shows, for whom: an owner sees all, a grader of a running campaign only their own progress.

Which items of a running campaign are repeats or injected never leaves the server for those who grade it, nor does what follows
from it (completeness, consistency); once everything is retired all may see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np

from dashboard.who import Person
from qsocore.errors import AtlasError, ConfigError
from qsocore.inspection import Campaign, Item, Verdict
from qsocore.inspection.agreement import CampaignReport, Found, GraderReport, Share, report
from qsocore.inspection.queue import disagreement, grades, may_grade, retired
from qsocore.store.labels import Labels

MOST_DISPUTED = 60
"""Objects of the queue of disagreement that are listed."""


@dataclass
class _Known:
    """A campaign, what was said in it so far, and what follows from that."""

    campaign: Campaign
    verdicts: list[Verdict] = field(default_factory=list)
    counted: int = -1
    report: CampaignReport | None = None
    disputed: list[Item] = field(default_factory=list)
    said: dict[int, dict[str, Verdict]] = field(default_factory=dict)
    retired: dict[int, str] = field(default_factory=dict)

    def follow(self) -> None:
        """Work out again what new verdicts change."""
        if self.counted != len(self.verdicts):
            about = self.campaign, self.verdicts
            self.report, self.disputed = report(*about), disagreement(*about)
            self.said, self.retired = grades(*about), retired(*about)
            self.counted = len(self.verdicts)

    def left_for(self, name: str) -> int:
        """How many items somebody is still to be shown, as `qsocore.inspection.queue.next_items` has it."""
        mine = {number for number, by in self.said.items() if name in by}
        return sum(item.number not in mine and item.number not in self.retired and
                   (item.what != "repeat" or item.of in mine or item.of not in self.retired) for item in self.campaign.items)


class Campaigns:
    """The campaigns of a store, kept up with what is said; one for all sessions.

    Parameters
    ----------
    labels : Labels
        Where they are.
    """

    def __init__(self, labels: Labels):
        self.labels, self._lock, self._known = labels, Lock(), {}

    def look(self) -> None:
        """Read what is new."""
        with self._lock:
            for name in self.labels.campaigns():
                known = self._known.get(name)
                if known is None:
                    known = self._known[name] = _Known(self.labels.campaign(name))
                after = known.verdicts[-1].number if known.verdicts else 0
                known.verdicts += self.labels.verdicts(campaign=name, after=after)
                known.follow()

    def names(self) -> list[str]:
        """Of the campaigns, the latest first."""
        return list(reversed(self._known))

    def listed(self, person: Person) -> list[dict[str, Any]]:
        """Each as a line of the list, the latest first."""
        with self._lock:
            return [_line(known, person) for known in reversed(self._known.values())]

    def told(self, name: str, person: Person) -> dict[str, Any]:
        """All of one campaign that a person may see.

        Raises
        ------
        AtlasError
            When there is none of that name.
        """
        with self._lock:
            known = self._known.get(name)
            if known is None:
                raise AtlasError(f"there is no campaign {name}", remedy="choose one of the list")
            campaign, out = known.campaign, _line(known, person)
            out |= {"order": campaign.order, "enough": campaign.enough, "agreed": campaign.agreed,
                    "labels": list(known.report.scale), "by": str(campaign.made.get("by", "")), "mine": _own(known, person)}
            return out | ({"all": _everything(known)} if _may_see_all(known, person) else {})


def _may_see_all(known: _Known, person: Person) -> bool:
    return person.may("owner") or known.report.done


def _line(known: _Known, person: Person) -> dict[str, Any]:
    campaign, counts = known.campaign, known.report
    mine = sum(grader.n for grader in counts.graders if grader.name == person.name)
    line = {"name": campaign.name, "desk": campaign.desk, "items": len(campaign.items), "mine": mine, "done": counts.done,
            "made": str(campaign.made.get("time", ""))[:10], "may": person.may("grader") and may_grade(campaign, person.name)}
    if not _may_see_all(known, person):
        return line
    return line | {"graders": len(counts.graders), "grades": counts.grades, "retired": sum(counts.retired.values()),
                   "of": sum(n for what, n in counts.items.items() if what != "repeat")}


def _own(known: _Known, person: Person) -> dict[str, Any]:
    """Somebody's own progress: nothing in it tells what an item is."""
    grader = next((one for one in known.report.graders if one.name == person.name), None)
    return {"name": person.name, "graded": grader.n if grader else 0, "labels": grader.labels if grader else {},
            "left": known.left_for(person.name) if may_grade(known.campaign, person.name) else 0}


def _everything(known: _Known) -> dict[str, Any]:
    campaign, counts = known.campaign, known.report
    names = [grader.name for grader in counts.graders]
    waiting = [name for name in campaign.graders if name not in names]
    return {"not_injected": str(campaign.made.get("not_injected", "")),
            "counts": [[what, counts.graded.get(what, 0), counts.retired.get(what, 0), n] for what, n in counts.items.items()],
            "why": counts.why, "fleiss": _number(counts.fleiss), "alpha": _number(counts.alpha),
            "graders": [_grader(known, grader) for grader in counts.graders], "waiting": waiting, "names": names,
            "pairs": [[pair.first, pair.second, pair.n, _number(pair.kappa), _number(pair.weighted)] for pair in counts.pairs],
            "found": [_found(one) for one in counts.found], "disputed": _disputed(known), "n_disputed": counts.disputed}


def _grader(known: _Known, grader: GraderReport) -> dict[str, Any]:
    return {"name": grader.name, "n": grader.n, "left": known.left_for(grader.name), "labels": grader.labels,
            "confusion": grader.confusion.tolist(), "kappa": _number(grader.kappa), "weighted": _number(grader.weighted),
            "repeats": _share(grader.repeats), "found": [_found(one) for one in grader.found]}


def _disputed(known: _Known) -> list[dict[str, Any]]:
    return [{"id": item.object_id, "said": [[person, verdict.label] for person, verdict in known.said[item.number].items()]}
            for item in known.disputed[:MOST_DISPUTED]]


def _found(found: Found) -> dict[str, Any]:
    return {"label": found.label, "completeness": _share(found.completeness), "purity": _share(found.purity)}


def _share(share: Share) -> list[float | int | None]:
    """Part, whole, share and the ends of its 68 % interval."""
    return [share.part, share.whole, _number(share.value), *map(float, share.interval)]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


# ---- making one


def wanted(form: Mapping[str, Any], desks: Sequence[str], columns: Sequence[str]) -> dict[str, Any]:
    """What the page's form asks for, as `qsocore.workflow.campaign.create` takes it.

    Parameters
    ----------
    form : mapping
        As the browser sent it: texts, and ticks as booleans; shares in per cent.
    desks, columns : sequence of str
        Desks that the store has something for, and columns that may order a queue.

    Raises
    ------
    ConfigError
        When something in it will not do; the message says what.
    """
    name, desk, order = str(form.get("name", "")).strip(), str(form.get("desk", "")), str(form.get("order", "random"))
    if not name:
        raise ConfigError("the campaign has no name", remedy="give it one")
    if desk not in desks:
        raise ConfigError(f"there is nothing here for a desk {desk!r}", remedy=f"choose {' or '.join(desks)}")
    column = order.removeprefix("-").removeprefix("score:")
    if order != "random" and column not in columns:
        raise ConfigError(f"there is no column {column!r} to order by", remedy="choose one of the list")
    enough, most = _whole(form, "enough", 1, 99), str(form.get("n", "")).strip()
    return {"name": name, "desk": desk, "order": order, "n": _whole(form, "n", 1, 10**7) if most else None,
            "repeats": _whole(form, "repeats", 0, 100) / 100,
            "injected": _whole(form, "injected", 0, 100) / 100 if desk == "lenses" else 0.0,  # there are no simulated spectra
            "graders": tuple(dict.fromkeys(str(form.get("graders", "")).replace(",", " ").split())),
            "enough": enough, "agreed": _whole(form, "agreed", 0, enough), "feedback": form.get("feedback") is True}


_CALLED = {"enough": "grades an item needs", "n": "number of objects", "repeats": "share of repeats",
           "injected": "share of simulated lenses", "agreed": "equal grades that are enough"}


def _whole(form: Mapping[str, Any], key: str, least: int, most: int) -> int:
    text = str(form.get(key, "")).strip()
    if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
        raise ConfigError(f"the {_CALLED[key]} cannot be {text or 'empty'!r}",
                          remedy=f"give a whole number, {least} to {most:,}")
    return int(text)
