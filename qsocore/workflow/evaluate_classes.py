"""What a classifier is judged by beside its confusion: curves of each class, hard cases, and what makes them hard."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore.evaluate.binned import against
from qsocore.evaluate.classes import Confusion
from qsocore.evaluate.roc import Roc, one_against_rest
from qsocore.workflow.judge import Judged

MAGNITUDES = ("mag_r", "mag_i", "mag_z", "mag_g", "mag_auto", "petromag_r")
"""The first of these that a catalogue has is what confidence is held against."""
HARD = 0.5
"""`true_difficulty` from which on a simulated object is a hard case."""


def curves(judged: Judged) -> dict[str, Roc]:
    """The curve of each class against the rest; none where the run gives no probabilities of classes."""
    probability = {name: judged.columns[f"p_{name}"] for name in judged.classes if f"p_{name}" in judged.columns}
    return one_against_rest(probability, judged.truth.kind, tuple(probability))


def of_curves(judged: Judged) -> dict[str, Any] | None:
    """`Roc` of each class and the mean of their areas, every class counting alike; None without any."""
    found = curves(judged)
    if not found:
        return None
    return {"mean_area": float(np.mean([curve.area for curve in found.values()])),
            "by_class": {name: curve.to_dict() for name, curve in found.items()}}


def verdict(judged: Judged) -> NDArray[np.float64]:
    """Whether each object is called what it is (n,): 1, 0, or NaN where that is not known."""
    called, truth = judged.kinds()
    return np.where((truth == "") | (called == ""), np.nan, called == truth)


def hardness(judged: Judged) -> dict[str, NDArray[np.bool_]]:
    """Which objects are confident and which are hard cases, (n,) each, where a simulation says so; else nothing."""
    for name, level in (("true_hard", 0.5), ("true_difficulty", HARD)):
        if name in judged.store.columns:
            value = judged.store.column(name)[judged.rows].astype(np.float64)
            return {"confident": value < level, "hard": value >= level}
    return {}


def of_hardness(judged: Judged) -> dict[str, Any] | None:
    """Counts of confident and of hard cases: a confusion each; None where nothing says which they are."""
    called, truth = judged.kinds()
    parts = {name: Confusion.of(truth[here], called[here], judged.classes) for name, here in hardness(judged).items()}
    return {name: found.to_dict() for name, found in parts.items() if found.n} or None


def quantities(judged: Judged) -> dict[str, NDArray[np.float64]]:
    """What confidence is held against, (n,) each by its name: a magnitude, the redshift, a simulation's difficulty."""
    columns, rows = judged.store.columns, judged.rows
    names = [name for name in MAGNITUDES if name in columns][:1]
    names += [name for name in ("true_difficulty",) if name in columns]
    found = {name: judged.store.column(name)[rows].astype(np.float64) for name in names}
    return found | ({"z": judged.truth.z} if judged.truth.has_redshifts else {})


def of_quantities(judged: Judged) -> dict[str, Any]:
    """How sure the run is and how often it is right, in bins of each of `quantities`."""
    right = verdict(judged)
    found = {name: against(value, right, judged.columns["class_conf"]) for name, value in quantities(judged).items()}
    return {name: bins for name, bins in found.items() if len(bins) > 1}
