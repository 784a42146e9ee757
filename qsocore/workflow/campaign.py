"""Campaigns: a selection becomes a queue that several people grade, and what has come of it."""

from __future__ import annotations

import getpass
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore import __version__
from qsocore.errors import ConfigError, did_you_mean
from qsocore.inspection import Campaign, Item, queue
from qsocore.inspection.agreement import CampaignReport, report
from qsocore.inspection.deal import deal, how_many
from qsocore.inspection.vocabulary import SCALES
from qsocore.selection import Rule, parse, to_json, to_text
from qsocore.store import Store, open_store, paths
from qsocore.store.labels import Labels
from qsocore.store.selections import Kept
from qsocore.workflow.chosen import kept_of, run_of, select
from qsocore.workflow.inject import Injection, inject
from qsocore.workflow.joined import Joined

_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]{0,59}")
_MOST = 100_000  # objects of one campaign


def create(store: str | Path, name: str, *, desk: str = "lenses", rule: str | Rule | Kept | Sequence[str] | None = None,
           n: int | None = None, order: str = "random", seed: int = 0, repeats: float = 0.05, injected: float = 0.05,
           graders: Sequence[str] = (), enough: int = 6, agreed: int = 0, feedback: bool = False, url: str = "",
           selection: str | Path | Rule | Kept | None = None, run: str | None = None, by: str = "") -> Campaign:
    """Make a campaign and keep it beside the verdicts.

    Everything follows from the store, the settings and the seed. The queue is the same for all graders.

    Parameters
    ----------
    store : path
        The store whose objects are graded.
    name : str
        Small letters, digits and ``. _ + -``; it becomes part of the object ids of injected ones.
    desk : {"lenses", "spectra"}
        Where it is graded.
    rule : str, dict, Kept or sequence of str, optional
        Which objects: a selection as text, as a rule, as it was kept, or their ids; all by default.
    n : int, optional
        At most so many of them: by chance, or the first by `order`.
    order : str
        "random", or "score:COLUMN", the highest first, or "-score:COLUMN", the lowest first; objects without a value last.
    seed : int
        Of everything that is by chance.
    repeats : float
        Share of the objects that come again, blind.
    injected : float
        Simulated lenses put among the objects, as a share of them. There are none where the desk is that of spectra, or
        the store has no images that can hold them; `Campaign.made` says why. See `qsocore.simulate.images.inject`.
    graders : sequence of str
        Who may grade; everybody by default.
    enough, agreed, feedback
        See `Campaign`.
    url : str
        Of the database of verdicts, see `Labels.of`.
    selection : path, str, dict or Kept, optional
        A kept selection by its name or file, or a rule as JSON. With `rule`, both hold.
    run : str, optional
        Name of the run whose latents, maps and columns `rule`, `selection` and `order` may use.
    by : str
        Who makes it; the user of this process by default.

    Returns
    -------
    Campaign

    Raises
    ------
    ConfigError
        When a setting does not fit, nothing is selected, or the name is taken.
    StoreError
        When there is no store, run, selection or column, or the database does not work.
    """
    _check(name, desk, n, seed, repeats, injected, enough, agreed)
    opened = open_store(store)
    with Labels.of(opened.path, url) as labels:
        if name in labels.campaigns():
            raise ConfigError(f"there is a campaign {name!r} already", labels.where, "choose another name")
        kept = kept_of(rule if isinstance(rule, Kept) else selection, opened)
        source = Joined(opened, run_of(opened, run, kept))
        whole, rows = select(source, kept, _rule(rule, opened), force=False)
        if not len(rows):
            raise ConfigError(f"nothing is selected by {to_text(whole)}", opened.path, "look at the selection")
        first = _in_order(source, rows, order, seed)[:n]
        if len(first) > _MOST:
            raise ConfigError(f"{len(first):,} objects are more than people grade", opened.path, f"say n, at most {_MOST:,}")
        ids = opened.table(["object_id"], first).column(0).to_pylist()
        there = _injection(opened, first, name, desk, how_many(injected, len(ids)), seed)
        made = {"by": by or _user(), "time": datetime.now(UTC).isoformat(timespec="seconds"), "store": opened.path.name,
                "catalogue": opened.manifest.fingerprint, "run": source.run.path.name if source.run else "",
                "code_version": __version__, "selected": len(rows), "injected": there.n, "not_injected": there.why_not}
        items = deal(name, ids, there.n, how_many(repeats, len(ids)), seed)
        campaign = Campaign(name, desk, items, seed, order, tuple(dict.fromkeys(graders)), enough, agreed, feedback,
                            to_json(whole), made)
        labels.add_campaign(campaign)
    return campaign


def status(store: str | Path, name: str, url: str = "") -> CampaignReport:
    """What has come of a campaign so far; one that is not there is a `StoreError`."""
    with _labels(store, url) as labels:
        return report(labels.campaign(name), labels.verdicts(campaign=name))


def disagreement(store: str | Path, name: str, url: str = "") -> list[tuple[Item, dict[str, str]]]:
    """Objects of a campaign that were graded differently, the most disputed first, each with what every grader said."""
    with _labels(store, url) as labels:
        campaign, verdicts = labels.campaign(name), list(labels.verdicts(campaign=name))
    said = queue.grades(campaign, verdicts)
    return [(item, {person: verdict.label for person, verdict in said[item.number].items()})
            for item in queue.disagreement(campaign, verdicts)]


def campaigns(store: str | Path, url: str = "") -> list[dict[str, Any]]:
    """Every campaign of a store in a few words: name, desk, items by what they are, how many are retired, graders."""
    with _labels(store, url) as labels:
        reports = [report(labels.campaign(name), labels.verdicts(campaign=name)) for name in labels.campaigns()]
    return [{"name": found.name, "desk": found.desk, "items": found.items, "retired": found.retired, "grades": found.grades,
             "graders": [grader.name for grader in found.graders], "done": found.done} for found in reports]


def injected_images(store: str | Path | Store, name: str) -> Store | None:
    """The store of images of a campaign's injected ones, whose object ids are the items'; None where there are none."""
    folder = paths.injected(store.path if isinstance(store, Store) else Path(store), name)
    return open_store(folder) if (folder / paths.MANIFEST).exists() else None


def spoken(report: CampaignReport) -> str:
    """A report in lines: counts first, then what follows from them."""
    lines = [f"campaign {report.name} at the desk of {report.desk}" + (": done" if report.done else "")]
    for what, n in report.items.items():
        retired = "" if what == "repeat" else f", {report.retired.get(what, 0):,} retired"
        lines.append(f"  {what + 's' if what != 'injected' else what}: {n:,}, {report.graded.get(what, 0):,} graded{retired}")
    lines += [f"  retired by {why}: {n:,}" for why, n in report.why.items()]
    lines += [f"  grades: {report.grades:,} by {len(report.graders)}; {report.disputed:,} objects disputed"]
    lines += [f"agreement: Fleiss' kappa {_number(report.fleiss)}, Krippendorff's alpha of the order {_number(report.alpha)}"]
    lines += [f"  {pair.first} and {pair.second}: {pair.n:,} in common, Cohen's kappa {_number(pair.kappa)}, quadratic "
              f"{_number(pair.weighted)}" for pair in report.pairs]
    lines += [f"{row.label} or better: found {row.completeness} of the injected; of what is taken, lenses are at least "
              f"{row.purity}" for row in report.found]
    for grader in report.graders:
        said = " ".join(f"{label}:{n}" for label, n in reversed(grader.labels.items()))
        lines.append(f"{grader.name}: {grader.n:,} graded ({said}), repeats alike {grader.repeats}, against the others' "
                     f"median kappa {_number(grader.kappa)}, quadratic {_number(grader.weighted)}")
        lines += [f"  {row.label} or better: found {row.completeness} of the injected" for row in grader.found]
    return "\n".join(lines)


def _number(value: float) -> str:
    return "not known" if np.isnan(value) else f"{value:.3f}"


def _labels(store: str | Path, url: str) -> Labels:
    """The verdicts of a store that is there."""
    return Labels.of(open_store(store).path, url)


def _check(name: str, desk: str, n: int | None, seed: int, repeats: float, injected: float, enough: int, agreed: int) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name[:80]!r} is no name for a campaign",
                          remedy="at most 60 small letters, digits, '.', '_', '+', '-', beginning with a letter or digit")
    if desk not in SCALES:
        raise ConfigError(f"there is no desk {desk!r}", f"campaign {name}", did_you_mean(desk, SCALES))
    for what, share in (("repeats", repeats), ("injected", injected)):
        if not 0 <= share <= 1:
            raise ConfigError(f"{what} = {share} is no share", f"campaign {name}", "0 to 1")
    if (n is not None and n < 1) or seed < 0 or enough < 1:
        raise ConfigError(f"n = {n}, seed = {seed}, enough = {enough}", f"campaign {name}",
                          "one object and one grade at least, and no negative seed")
    if agreed and not 2 <= agreed <= enough:
        raise ConfigError(f"agreed = {agreed}", f"campaign {name}", f"0 for never, or 2 to {enough} equal grades")


def _injection(store: Store, rows: NDArray[np.int64], name: str, desk: str, n: int, seed: int) -> Injection:
    if n and desk != "lenses":
        return Injection(0, "there are lenses at the desk of lenses only")
    return inject(store, rows, name, n, seed) if n else Injection(0)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in a container
        return ""


def _rule(rule: str | Rule | Kept | Sequence[str] | None, store: Store) -> Rule | None:
    if rule is None or isinstance(rule, Kept):
        return None
    if isinstance(rule, (str, dict)):
        return parse(rule) if isinstance(rule, str) else rule
    ids = list(map(str, rule))
    strange = np.flatnonzero(store.index_of(ids) < 0)
    if strange.size:
        raise ConfigError(f"{strange.size:,} of {len(ids):,} objects are not in the store, the first is {ids[strange[0]]}",
                          store.path, "look at the ids")
    return {"op": "ids", "ids": ids}


def _in_order(source: Joined, rows: NDArray[np.int64], order: str, seed: int) -> NDArray[np.int64]:
    """The rows in the order in which they are graded; equal scores by chance."""
    mixed = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,))).permutation(rows)
    if order == "random":
        return mixed
    sign, _, column = order.partition("score:")
    if sign not in ("", "-") or not column:
        raise ConfigError(f"there is no order {order!r}", "order", "random, score:COLUMN or -score:COLUMN")
    source.known([column])
    if source.columns[column].dtype == "string":
        raise ConfigError(f"column {column} holds text, which is no score", "order", "name a column of numbers")
    score = np.asarray(source.values(column), np.float64)[mixed]
    return mixed[np.argsort(score if sign else -score, kind="stable")]  # NaN comes last
