"""How long learning and scoring take, and how many rounds of 20 verdicts find half of what is rare, beside looking at random.

The verdicts are the simulator's truth. A search begins with 3 positives and 10 negatives; each round proposes 20 objects, which
are then judged. The numbers are medians of several searches from other beginnings.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore.active.diverse import spread
from qsocore.active.learner import BACKGROUND, Learner
from qsocore.workflow.propose import BY, _Space
from qsocore.workflow.simulate_catalogue import simulate_catalogue
from tests.bench import Row

_EACH, _ROUNDS, _SEARCHES = 20, 15, 3
_KINDS = ("C", "CV", "BAL")
_N = 10_000


def rows() -> Iterator[Row]:
    """Measure."""
    yield _time(100_000, 16, 200)
    with tempfile.TemporaryDirectory() as folder:
        store = simulate_catalogue(Path(folder) / "s.store", _N, seed=3, workers=1)
        x, kinds = _Space(store.runs()[-1], _N, 0).at(np.arange(_N)), store.column("subclass")
        for kind in _KINDS:
            yield _found(x, kinds == kind, kind)


def _time(n: int, k: int, labels: int) -> Row:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, k))
    positive = np.arange(labels) < labels // 10
    x[:labels][positive] += 1.5
    learner, learning = _timed(lambda: Learner(x[:labels], positive, x[labels : labels + BACKGROUND]))
    _, scoring = _timed(lambda: [learner(x[begin : begin + 50_000]) for begin in range(0, n, 50_000)])
    return Row(f"learn from {labels} verdicts in {k} latents / score {n:,} objects with uncertainty and improvement",
               f"{learning} / {scoring}")


def _timed(do: Callable[[], Any]) -> tuple[Any, str]:
    start, processor = time.monotonic(), time.process_time()
    made = do()
    return made, f"{time.monotonic() - start:.2f} s ({time.process_time() - processor:.2f} s of processor time)"


def _found(x: NDArray, rare: NDArray[np.bool_], kind: str) -> Row:
    said = []
    for by in (*BY, "random"):
        curves = [_search(x, rare, by, seed) for seed in range(_SEARCHES)]
        half = [next((number + 1 for number, n in enumerate(curve) if n >= rare.sum() / 2), None) for curve in curves]
        reached = [number for number in half if number]
        rounds = f"{int(np.median(reached))} rounds" if len(reached) > _SEARCHES / 2 else "not"
        found = np.median(curves, axis=0).astype(int)
        said.append(f"{by} {rounds} ({found[4]}, {found[9]}, {found[-1]} found)")
    what = f"rounds of {_EACH} verdicts to half of them (found after 5, 10, {_ROUNDS} rounds)"
    return Row(f"{kind}, {rare.sum()} of {len(rare):,}: {what}", "; ".join(said[:-1]), said[-1])


def _search(x: NDArray, rare: NDArray[np.bool_], by: str, seed: int) -> list[int]:
    """Rare objects found after each round, the first three not counted."""
    rng = np.random.default_rng(seed)
    known = [*rng.choice(np.flatnonzero(rare), 3, replace=False), *rng.choice(np.flatnonzero(~rare), 10, replace=False)]
    found = []
    for _ in range(_ROUNDS):
        rest = np.setdiff1d(np.arange(len(x)), known)
        known += _next(x, rare, np.array(known), rest, by, rng).tolist()
        found.append(int(rare[known].sum()) - 3)
    return found


def _next(x: NDArray, rare: NDArray, known: NDArray, rest: NDArray, by: str, rng: np.random.Generator) -> NDArray:
    if by == "random":
        return rng.choice(rest, _EACH, replace=False)
    said = Learner(x[known], rare[known], x[rng.choice(rest, BACKGROUND, replace=False)])(x[rest])
    first = said.score if by == "diversity" else getattr(said, by)
    order = rest[np.lexsort((-said.score, -first))]
    pool = order[: 3 * _EACH]
    return pool[spread(x[pool], _EACH, x[known])] if by == "diversity" else order[:_EACH]
