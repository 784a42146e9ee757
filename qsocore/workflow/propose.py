"""Active learning: what people said of some objects gives every object of a run a score, and an order to be looked at next.

The columns ``active_score``, ``active_uncertainty``, ``active_improvement`` and ``active_rank`` are kept under the run, in the
file `NAME` of columns; its metadata say which verdicts they follow from. They are made anew whenever somebody learns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from qsocore import __version__
from qsocore.active.diverse import spread
from qsocore.active.judged import NEGATIVE, POSITIVE, Judged, judged
from qsocore.active.learner import BACKGROUND, ENOUGH, Learner
from qsocore.catalog import Column
from qsocore.errors import ConfigError, StoreError, did_you_mean
from qsocore.explore.reference import sample
from qsocore.progress import Progress
from qsocore.store import RunFolder, Store, open_store
from qsocore.store.columns import to_field
from qsocore.store.files import write_text, write_whole
from qsocore.store.labels import Labels
from qsocore.store.parquet import ParquetTable
from qsocore.store.runs import in_row_order
from qsocore.workflow.explore import blocks, read_rows, same_objects
from qsocore.workflow.export import provenance_file

NAME = "active"
"""The file of columns, see `RunFolder.column_file`."""
BY = ("score", "improvement", "uncertainty", "diversity")
"""Orders of proposing: the best scores, expected improvement, uncertainty, unlike each other among the best scores."""
FEWEST = 3
"""Objects of each kind without which nothing is learnt."""

_LEARNING = Lock()  # two at once would write the same file
_POOL = 3  # times as many of the best scores are there to choose different ones from
_MADE = "qso_atlas"


@dataclass(frozen=True)
class Learnt:
    """Where the columns come from; kept with them.

    Parameters
    ----------
    run : str
        Folder of the run.
    positive, negative : int
        Objects that were learnt from.
    divided, unknown : int
        Judged objects that were not: as many called them positive as negative; the run has no latents of them, or the store
        not the object (an injected one).
    counted, against : tuple of str
        Words that counted as positive and as negative.
    campaign : str
        Whose verdicts counted, "" for all.
    people : tuple of str
        Who said them.
    until : int
        Number of the last verdict that was read.
    background : int
        Objects without a verdict that stood for negatives.
    calibrated : bool
        Whether the score is a calibrated probability.
    by : str
        What the rank follows, one of `BY`.
    seed : int
        Of what is drawn.
    created, written_by : str
        When (UTC), and by which version.
    """

    run: str
    positive: int
    negative: int
    divided: int
    unknown: int
    counted: tuple[str, ...]
    against: tuple[str, ...]
    campaign: str
    people: tuple[str, ...]
    until: int
    background: int
    calibrated: bool
    by: str
    seed: int
    created: str
    written_by: str


@dataclass(frozen=True)
class Proposal:
    """Objects to be looked at next, the most worth it first, and what they follow from."""

    ids: list[str]
    learnt: Learnt


def propose(store_path: str | Path, run_name: str, n: int = 50, by: str = "score", out: str | Path | None = None,
            positive: Sequence[str] = POSITIVE, negative: Sequence[str] = NEGATIVE, campaign: str = "", url: str = "",
            seed: int = 0, watch: Callable[[int], None] | None = None) -> Proposal:
    """Learn from the verdicts that hold, write the columns of all objects, and name those to be looked at next.

    Parameters
    ----------
    store_path : path
        The store.
    run_name : str
        A run of it that has latents.
    n : int
        Objects to name; none that is judged is among them.
    by : str
        One of `BY`.
    out : path, optional
        Takes the object ids, one a line; where they come from goes into ``FILE.provenance.json``.
    positive, negative : sequence of str
        Labels or kinds of verdicts that count, see `qsocore.active.judged.judged`.
    campaign : str
        Counts the verdicts of this campaign alone.
    url : str
        Database of the verdicts, see `qsocore.store.labels.Labels.of`.
    seed : int
        Draws the objects that stand for negatives.
    watch : callable, optional
        Told how many objects have been scored, after each block.

    Raises
    ------
    ConfigError
        When fewer than `FEWEST` objects of either kind are judged, or a choice is none.
    StoreError
        When there is no such store or run, or it has no latents.
    """
    if by not in BY:
        raise ConfigError(f"nothing is proposed by {by!r}", "--by", did_you_mean(by, BY))
    if n < 1:
        raise ConfigError(f"{n} objects cannot be proposed", "--n", "ask for one or more")
    store = open_store(store_path)
    run = store.run(run_name)
    if not run.latents.exists():
        raise StoreError("the run has no latents yet", run.path, f"qso embed {store.path} --run {run.name}")
    same_objects(store, run.latents)
    with Labels.of(store.path, url) as labels:
        known = judged(labels.verdicts(campaign=campaign or None), positive, negative)
    space = _Space(run, store.n_rows, seed)
    rows, is_positive = _placed(store, space, known)
    _enough(known, is_positive, store, positive, negative)
    others = np.setdiff1d(sample(store.n_rows, BACKGROUND + len(rows), seed), rows)
    background = space.finite(others)[1][:BACKGROUND]
    learner = Learner(space.at(rows), is_positive, background, seed)
    columns = _scored(store, space, learner, watch)
    order = _order(columns, space, rows, by, n)
    columns["active_rank"][order] = np.arange(1, len(order) + 1)
    n_positive = int(is_positive.sum())
    learnt = Learnt(run.path.name, n_positive, len(rows) - n_positive, known.divided, len(known.positive) - len(rows),
                    tuple(positive), tuple(negative), campaign, known.people, known.until, len(background),
                    min(n_positive, len(rows) - n_positive) >= ENOUGH, by, seed,
                    datetime.now(UTC).isoformat(timespec="seconds"), f"QSO Atlas {__version__}")
    with _LEARNING:
        _write(store, run, columns, learnt)
    ids = store.table(["object_id"], order[:n]).column(0).to_pylist()
    if out is not None:
        about = {"store": store.path.name, "store_fingerprint": store.manifest.fingerprint, "proposed": len(ids)}
        write_text(provenance_file(Path(out)), json.dumps(about | asdict(learnt), indent=1) + "\n")
        write_text(Path(out), "".join(f"{object_id}\n" for object_id in ids))
    return Proposal(ids, learnt)


def learnt_of(run: RunFolder) -> Learnt | None:
    """What the columns of a run follow from; None where nobody has learnt."""
    try:
        said = ParquetTable(run.column_file(NAME)).schema.metadata or {}
        made: dict[str, Any] = json.loads(said[_MADE.encode()])
        return Learnt(**{name: tuple(value) if isinstance(value, list) else value for name, value in made.items()})
    except (FileNotFoundError, pa.ArrowInvalid, KeyError, TypeError, json.JSONDecodeError):
        return None


class _Space:
    """The latents of a run in units of their scatter; of features, in which every axis has the same meaning, by one unit."""

    def __init__(self, run: RunFolder, n_rows: int, seed: int):
        self.run, self.n_rows = run, n_rows
        some, _ = read_rows(run, [], sample(n_rows, seed=seed))
        some = some[np.isfinite(some).all(axis=1)].astype(np.float64)
        if not len(some):
            raise StoreError("no object has latents", run.latents, "embed the store again")
        self._centre, unit = some.mean(axis=0), some.std(axis=0)
        if run.features.exists():
            unit = np.full_like(unit, np.sqrt((unit ** 2).mean()))
        self._unit = np.where(unit > 0, unit, 1.0)

    def scaled(self, x: NDArray) -> NDArray[np.float64]:
        return (x - self._centre) / self._unit

    def at(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of some rows, in the order given, NaN where they are not known."""
        return self.scaled(read_rows(self.run, [], rows)[0])

    def finite(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Those of some rows of which latents are known, with them."""
        x = self.at(rows)
        known = np.isfinite(x).all(axis=1)
        return rows[known], x[known]


def _placed(store: Store, space: _Space, known: Judged) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Rows of the judged objects that have latents, and which are positive."""
    rows = store.index_of(list(known.positive))
    positive = np.fromiter(known.positive.values(), bool, len(rows))
    positive, rows = positive[rows >= 0], rows[rows >= 0]
    there = np.isin(rows, space.finite(rows)[0])
    return rows[there], positive[there]


def _enough(known: Judged, positive: NDArray[np.bool_], store: Store, words: Sequence[str], against: Sequence[str]) -> None:
    for n, kind, counted, option in ((int(positive.sum()), "positive", words, "--positive"),
                                     (int((~positive).sum()), "negative", against, "--negative")):
        if n < FEWEST:
            aside = f" ({len(known.positive) - len(positive)} more are not objects of this run)" \
                if len(known.positive) > len(positive) else ""
            raise ConfigError(f"{n} objects are judged {kind} ({', '.join(counted)}){aside}; it takes {FEWEST} of either kind "
                              "to learn", store.path, f"grade more on the page Grade, or say with {option} which labels count")


def _scored(store: Store, space: _Space, learner: Learner, watch: Callable[[int], None] | None) -> dict[str, NDArray]:
    """The columns of all objects, NaN where there are no latents; `active_rank` is not given yet."""
    columns = {column.name: np.full(store.n_rows, np.nan if column.dtype == "float32" else -1, column.dtype)
               for column in _columns(False, "")}
    begin = 0
    with Progress(store.n_rows, "score") as progress:
        for block, _ in blocks(space.run, []):
            known = np.flatnonzero(np.isfinite(block).all(axis=1))
            said = learner(space.scaled(block[known]))
            for name, values in vars(said).items():
                columns[f"active_{name}"][begin + known] = values
            begin += len(block)
            progress.update(len(block))
            if watch:
                watch(begin)
    return columns


def _order(columns: dict[str, NDArray], space: _Space, rows: NDArray[np.int64], by: str, n: int) -> NDArray[np.int64]:
    """Rows that are not judged, the most worth a look first."""
    score = columns["active_score"]
    first = score if by == "diversity" else columns[f"active_{by}"]
    open_ = np.isfinite(score)
    open_[rows] = False
    open_ = np.flatnonzero(open_)
    order = open_[np.lexsort((-score[open_], -first[open_]))]
    if by == "diversity":
        pool = order[: _POOL * n]
        chosen = pool[spread(space.at(pool), n, space.at(rows))]
        order = np.concatenate([chosen, order[~np.isin(order, chosen)]])
    return order


def _columns(calibrated: bool, by: str) -> list[Column]:
    sure = "Calibrated probability" if calibrated else "Probability, not calibrated yet,"
    return [Column("active_score", "float32", "property", "", f"{sure} of being what is looked for, learnt from verdicts"),
            Column("active_uncertainty", "float32", "property", "bit",
                   "Entropy of the likeliest score: 1 on the border between positive and negative"),
            Column("active_improvement", "float32", "property", "",
                   "Expected improvement of the score's logit over the positives so far"),
            Column("active_rank", "int32", "property", "", f"Place among those to be looked at next, by {by}; 1 is the first")]


def _write(store: Store, run: RunFolder, columns: dict[str, NDArray], learnt: Learnt) -> None:
    meant = _columns(learnt.calibrated, learnt.by)
    about = in_row_order(store) | {_MADE: json.dumps(asdict(learnt))}
    schema = pa.schema([pa.field("object_id", pa.string()), *(to_field(column) for column in meant)], about)

    def write(file) -> None:
        begin = 0
        with pq.ParquetWriter(file, schema) as writer:
            for ids in store.catalog.pieces("object_id"):
                parts = [_array(columns[column.name][begin : begin + len(ids)]) for column in meant]
                writer.write_batch(pa.record_batch([ids.cast(pa.string()), *parts], schema=schema))
                begin += len(ids)

    write_whole(run.column_file(NAME), write)


def _array(values: NDArray) -> pa.Array:
    return pa.array(values, mask=values < 0 if values.dtype.kind == "i" else np.isnan(values))
