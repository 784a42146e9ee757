"""How good the grades of a campaign are: agreement, consistency on repeats, completeness and purity on injected lenses.

Raw counts come first; shares and their 68 % intervals follow from them (`qsocore.shares.wilson`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore.inspection import queue
from qsocore.inspection.campaign import Campaign
from qsocore.inspection.kappa import cohen_kappa, confusion, fleiss_kappa, krippendorff_alpha
from qsocore.inspection.verdict import Verdict
from qsocore.inspection.vocabulary import scale
from qsocore.shares import wilson

__all__ = ["CampaignReport", "Found", "GraderReport", "PairReport", "Share", "cohen_kappa", "confusion", "consensus",
           "fleiss_kappa", "krippendorff_alpha", "report"]


@dataclass(frozen=True)
class Share:
    """A part of a whole, in counts."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """The share, NaN of nothing."""
        return self.part / self.whole if self.whole else np.nan

    @property
    def interval(self) -> tuple[float, float]:
        """68 % interval (Wilson); all of 0 to 1 for nothing."""
        low, high = wilson(self.part, self.whole)
        return (float(low), float(high)) if self.whole else (0.0, 1.0)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"part": self.part, "whole": self.whole, "share": _plain(self.value), "interval": list(self.interval)}

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.part} of {self.whole}" + (f" ({self.value:.3f}, {low:.3f} to {high:.3f})" if self.whole else "")


@dataclass(frozen=True)
class Found:
    """What is found when all grades from `label` upwards are taken.

    Parameters
    ----------
    label : str
        The worst grade that is taken.
    completeness : Share
        Of the injected ones that are graded, those that are taken.
    purity : Share
        Of all that is taken, the injected ones. It is a lower limit at this rate of injection: every real object that is
        taken counts as a mistake, though some may be lenses.
    """

    label: str
    completeness: Share
    purity: Share


@dataclass(frozen=True)
class PairReport:
    """How two graders agree on the items that both graded: their number, Cohen's kappa, and that with quadratic weights."""

    first: str
    second: str
    n: int
    kappa: float
    weighted: float


@dataclass(frozen=True)
class GraderReport:
    """One grader.

    Parameters
    ----------
    name : str
        Who.
    n : int
        Items graded, repeats and injected ones included.
    labels : dict of str to int
        How often each label of the scale was given.
    confusion : ndarray of int, shape (k, k)
        Items by the consensus of the others (rows, two others at least) and by what this grader said (columns); labels from
        the worst to the best, repeats left out.
    kappa, weighted : float
        Cohen's kappa of `confusion`, without weights and with quadratic ones.
    repeats : Share
        Of the repeats, those that were graded as the first time.
    repeated : ndarray of int, shape (k, k)
        Repeats by the first grade (rows) and the second (columns).
    injected : ndarray of int, shape (k,)
        Injected ones by what this grader said.
    found : tuple of Found
        By this grader's own grades.
    """

    name: str
    n: int
    labels: dict[str, int]
    confusion: NDArray[np.int64]
    kappa: float
    weighted: float
    repeats: Share
    repeated: NDArray[np.int64]
    injected: NDArray[np.int64]
    found: tuple[Found, ...]


@dataclass(frozen=True)
class CampaignReport:
    """What has come of a campaign so far.

    Parameters
    ----------
    name, desk : str
        Of the campaign.
    scale : tuple of str
        Labels from the worst to the best.
    items : dict of str to int
        Items of the queue by what they are: object, repeat, injected.
    graded, retired : dict of str to int
        Of them, those with a grade at least, and those that are retired; repeats never retire.
    why : dict of str to int
        Retired items by the reason.
    grades : int
        Grades that hold.
    disputed : int
        Objects about which graders disagree.
    fleiss, alpha : float
        Fleiss' kappa of all labels alike, and Krippendorff's alpha of labels in their order; repeats left out.
    pairs : tuple of PairReport
        Every two graders with an item in common.
    graders : tuple of GraderReport
        By name.
    found : tuple of Found
        By the consensus, for each grade but the worst; empty where nothing is injected.
    """

    name: str
    desk: str
    scale: tuple[str, ...]
    items: dict[str, int]
    graded: dict[str, int]
    retired: dict[str, int]
    why: dict[str, int]
    grades: int
    disputed: int
    fleiss: float
    alpha: float
    pairs: tuple[PairReport, ...]
    graders: tuple[GraderReport, ...]
    found: tuple[Found, ...]

    @property
    def done(self) -> bool:
        """Whether everything is retired that can be."""
        return all(self.retired.get(what, 0) == n for what, n in self.items.items() if what != "repeat")

    def to_dict(self) -> dict[str, Any]:
        """For JSON: counts, shares and what cannot be said as null."""
        return _plain(self) | {"done": self.done}


def consensus(labels: Iterable[str], words: tuple[str, ...]) -> str | None:
    """The median grade on a scale from the worst to the best, of two in the middle the worse; None of none.

    Examples
    --------
    >>> consensus(["A", "X", "B", "B"], ("X", "C", "B", "A"))
    'B'
    """
    ranks = sorted(words.index(label) for label in labels if label in words)
    return words[ranks[(len(ranks) - 1) // 2]] if ranks else None


def report(campaign: Campaign, verdicts: Iterable[Verdict]) -> CampaignReport:
    """What has come of a campaign so far; verdicts of others are passed over."""
    verdicts = [verdict for verdict in verdicts if verdict.campaign == campaign.name]
    words = scale(campaign.desk)
    said = {number: {person: verdict.label for person, verdict in by.items() if verdict.label in words}
            for number, by in queue.grades(campaign, verdicts).items()}
    said = {number: by for number, by in said.items() if by}
    done = queue.retired(campaign, verdicts)
    once = {number: by for number, by in said.items() if campaign.items[number].what != "repeat"}
    counts = np.array([[list(by.values()).count(word) for word in words] for by in once.values()]).reshape(-1, len(words))
    names = sorted({person for by in said.values() for person in by})
    return CampaignReport(
        campaign.name, campaign.desk, words, dict(Counter(item.what for item in campaign.items)),
        dict(Counter(campaign.items[number].what for number in said)), dict(Counter(campaign.items[n].what for n in done)),
        dict(Counter(done.values())), sum(map(len, said.values())), len(queue.disagreement(campaign, verdicts)),
        fleiss_kappa(counts), krippendorff_alpha(counts), tuple(_pairs(names, once, words)),
        tuple(_grader(name, campaign, said, once, words) for name in names),
        _found(campaign, {number: consensus(by.values(), words) for number, by in once.items()}, words))


def _pairs(names: list[str], once: Mapping[int, Mapping[str, str]], words: tuple[str, ...]) -> Iterable[PairReport]:
    for a, b in combinations(names, 2):
        both = [(by[a], by[b]) for by in once.values() if a in by and b in by]
        if both:
            counts = confusion(*zip(*both, strict=True), words)
            yield PairReport(a, b, len(both), cohen_kappa(counts), cohen_kappa(counts, "quadratic"))


def _grader(name: str, campaign: Campaign, said: Mapping[int, Mapping[str, str]], once: Mapping[int, Mapping[str, str]],
            words: tuple[str, ...]) -> GraderReport:
    mine = {number: by[name] for number, by in said.items() if name in by}
    others = {number: [label for person, label in once[number].items() if person != name] for number in mine if number in once}
    judged = [(consensus(labels, words), mine[number]) for number, labels in others.items() if len(labels) >= 2]
    against = confusion([row for row, _ in judged], [column for _, column in judged], words)
    twice = [(mine[item.of], mine[item.number]) for item in campaign.items
             if item.what == "repeat" and item.number in mine and item.of in mine]
    repeated = confusion([first for first, _ in twice], [second for _, second in twice], words)
    injected = Counter(label for number, label in mine.items() if campaign.items[number].what == "injected")
    labels = Counter(mine.values())
    return GraderReport(
        name, len(mine), {word: labels[word] for word in words}, against, cohen_kappa(against),
        cohen_kappa(against, "quadratic"), Share(int(np.trace(repeated)), len(twice)), repeated,
        np.array([injected[word] for word in words]),
        _found(campaign, {number: label for number, label in mine.items() if number in once}, words))


def _found(campaign: Campaign, label_of: Mapping[int, str | None], words: tuple[str, ...]) -> tuple[Found, ...]:
    """Completeness and purity when grades down to each are taken, the strictest first."""
    injected = [words.index(label) for number, label in label_of.items() if campaign.items[number].what == "injected"]
    everything = [words.index(label) for label in label_of.values()]
    if not injected:
        return ()
    found = [(least, sum(rank >= least for rank in injected), sum(rank >= least for rank in everything))
             for least in range(len(words) - 1, 0, -1)]
    return tuple(Found(words[least], Share(part, len(injected)), Share(part, taken)) for least, part, taken in found)


def _plain(value: Any) -> Any:
    """Values that JSON has."""
    if isinstance(value, Share):
        return value.to_dict()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return {part.name: _plain(getattr(value, part.name)) for part in fields(value)} if is_dataclass(value) else value
