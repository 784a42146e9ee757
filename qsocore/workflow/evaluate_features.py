"""What a run with features is judged by: what lies side by side, what of the rare is found, what turning a picture changes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore.embed.decoder import open_encoder
from qsocore.evaluate import anomaly, neighbours, rare
from qsocore.explore.reference import sample
from qsocore.workflow.judge import Judged

RARE = 0.03
"""Share of the objects below which a kind is rare."""
FEWEST = rare.EXAMPLES + 3
"""Objects that a rare kind has at least."""
TURNED = 500
"""Objects of which pictures are turned."""
_FIRST = 0.01
_BLOCK = 256


def rare_kinds(judged: Judged) -> dict[str, NDArray[np.bool_]]:
    """Which objects are of each rare kind, (n,) each by its name."""
    kind = judged.truth.kind.astype(str)
    names, count = np.unique(kind[kind != ""], return_counts=True)
    return {str(name): kind == name for name, n in zip(names, count, strict=True)
            if FEWEST <= n < RARE * len(judged)}


def of_rare(judged: Judged) -> dict[str, Any] | None:
    """How well each rare kind is found: by the rest of its kind, by a few examples, by anomaly; None without any."""
    kinds = rare_kinds(judged)
    if not kinds:
        return None
    odd = anomaly.scores(judged.space, judged.columns.get("chi2_floor"))
    return {name: rare_one(judged.space, here, odd) for name, here in kinds.items()}


def rare_one(features: NDArray, here: NDArray[np.bool_], odd: dict[str, NDArray]) -> dict[str, Any]:
    """The measures of one rare kind among features (n, d), with scores of anomaly (n,) by name."""
    rank = rare.leave_one_out(features, here)
    near = rare.share_of_neighbours(features, here)
    return {"n": len(here), "rare": int(here.sum()), "rank": rank.tolist(), "median_rank": float(np.median(rank)),
            "within_first": {"share": _FIRST, "found": int((rank <= _FIRST * len(here)).sum())},
            "neighbours": float(np.nanmean(near)) if np.isfinite(near).any() else float("nan"),
            "examples": rare.by_examples(features, here),
            "anomaly": {name: rare.recall(score, here) for name, score in odd.items()}}


def of_neighbours(judged: Judged) -> dict[str, Any] | None:
    """Neighbours of an object's own kind, in all and by kind; None where fewer than two kinds are known."""
    found = neighbours.of_kind(judged.space, judged.truth.kind)
    return {"k": neighbours.NEAREST, "by_kind": found} if len(found) > 2 else None


def of_turning(judged: Judged) -> dict[str, Any] | None:
    """Whether objects have the same neighbours when pictures are turned by 90, 180, 270 degrees; None without pictures."""
    if judged.reads != "images":
        return None
    some = sample(len(judged), TURNED)
    features = [turned(judged, some, times) for times in range(4)]
    kept = {f"{90 * times}": neighbours.unmoved(features[0], features[times]) for times in (1, 2, 3)}
    return {"k": neighbours.NEAREST, "n": len(some),
            "same": {angle: float(np.nanmean(share)) for angle, share in kept.items() if np.isfinite(share).any()}}


def turned(judged: Judged, places: NDArray[np.int64], times: int) -> NDArray[np.float32]:
    """Features (m, k) of some of the judged images, turned by 90 degrees so many times."""
    encoder, parts = open_encoder(judged.run), []
    beside = encoder.photometry_beside(judged.store)
    for block in judged.prepared.stream(judged.rows[places], _BLOCK):
        x, w = (np.ascontiguousarray(np.rot90(part, times, (2, 3))) for part in (block.x, block.w))
        found = encoder.encode(x, w, beside and beside.read(block.rows))
        found[~(w > 0).any(axis=(1, 2, 3))] = np.nan
        parts.append(found)
    return np.concatenate(parts)
