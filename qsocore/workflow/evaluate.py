"""Evaluate a run on a store: every measure that fits it, with raw counts, as one JSON file and as tables."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore import __version__
from qsocore.evaluate import anomaly, latents, redshift
from qsocore.evaluate.calibration import Calibration
from qsocore.evaluate.classes import Confusion
from qsocore.evaluate.redshift import Scatter
from qsocore.evaluate.tables import Table, tables
from qsocore.evaluate.truth import Truth, need_classes, need_redshifts
from qsocore.store import RunFolder, paths
from qsocore.store.files import write_text
from qsocore.store.runs import copy_run
from qsocore.units import velocity
from qsocore.workflow.evaluate_classes import of_curves, of_hardness, of_quantities
from qsocore.workflow.evaluate_features import of_neighbours, of_rare, of_turning
from qsocore.workflow.judge import Judged, judge

NAME = "evaluation.json"
SNR_ABOVE = 5.0
"""Signal to noise above which broad absorption lines are judged, as QuasarNET's are on bright quasars."""
LIKELY = 0.5
"""Probability from which an object is called a quasar, or one with broad absorption lines."""
UNLIKE = 0.99
"""Score from which a spectrum is unlike anything; of spectra like those of the training one in a hundred has it."""


@dataclass(frozen=True)
class Evaluation:
    """How well a run does on a store.

    Parameters
    ----------
    run : RunFolder
        The run in the store.
    about : dict
        Run, model, store, fingerprint, split, rows, note, command, seed, code version, date.
    measures : dict
        By section, with raw counts; see `measure`.
    """

    run: RunFolder
    about: dict[str, Any]
    measures: dict[str, Any]

    @property
    def file(self) -> Path:
        """Where it is kept."""
        return self.run.path / NAME

    def tables(self) -> list[Table]:
        """The measures as tables for people."""
        return tables(self.measures)

    def to_json(self) -> str:
        """What is kept; what is not a number is null."""
        return json.dumps(_plain(self.about | {"measures": self.measures}), indent=1) + "\n"

    @classmethod
    def read(cls, run: RunFolder) -> Evaluation | None:
        """The last evaluation of a run in a store, None when there is none that can be read."""
        try:
            about = json.loads((run.path / NAME).read_text())
            return cls(run, about, about.pop("measures"))
        except (OSError, json.JSONDecodeError, KeyError):
            return None


def evaluate(run_name: str, store_path: str | Path, split: str = "test", device: str = "auto") -> Evaluation:
    """Evaluate a run, and keep what comes out as ``evaluation.json`` under the run in the store.

    Parameters
    ----------
    run_name : str
        A run of the store, of the user's library, of the package, or a run's folder.
    store_path : path
        A store whose catalogue knows redshifts or classes.
    split : {"test", "valid", "train", "all"}
        See `qsocore.workflow.judge.judge`.
    device : str
        ``auto``, ``cpu`` or ``cuda``.

    Raises
    ------
    ConfigError
        For an unknown split, or a store that cannot be brought to the run's grid.
    StoreError
        When there is no such store or run, it has no weights, or the store has no redshifts or classes to compare with.
    """
    return keep(judge(run_name, store_path, split, device), split)


def keep(judged: Judged, split: str = "test") -> Evaluation:
    """Measure what is judged already, and write the file."""
    measures = measure(judged)
    run = copy_run(judged.run, paths.runs(judged.store.path))
    config = judged.run.config
    about = {"run": run.path.name, "model": config["model"], "store": judged.store.path.name,
             "sha256": judged.store.manifest.fingerprint, "split": judged.split, "n_rows": len(judged), "note": judged.note,
             "command": f"qso evaluate {run.name} {judged.store.path} --split {split}",
             "seed": config.get("settings", {}).get("seed", 0), "code_version": __version__,
             "created": datetime.now(UTC).isoformat(timespec="seconds")}
    done = Evaluation(run, about, measures)
    write_text(done.file, done.to_json())
    return done


def measure(judged: Judged) -> dict[str, Any]:
    """Every measure that fits the run's columns: a section each, see the functions below.

    Raises
    ------
    StoreError
        When the store knows neither redshifts nor classes of what the run predicts.
    """
    if judged.has_features:
        sections = {"latents": of_latents if judged.is_latent else None, "neighbours": of_neighbours, "rare": of_rare,
                    "turning": of_turning, "anomalies": of_anomalies}
        return _measured(judged, sections)
    columns, truth, where = judged.columns, judged.truth, judged.store.path
    if "z_pred" in columns:
        need_redshifts(truth, where)
    if "class_pred" in columns:
        need_classes(truth, where)
    sections = {"redshift": of_redshift if "z_pred" in columns else None,
                "quasars": of_quasars if "z_pred" in columns and truth.has_classes else None,
                "called": of_called if truth.has_classes else None,
                "troughs": of_troughs if np.isfinite(truth.troughs).any() else None,
                "classes": of_classes if "class_pred" in columns else None,
                "hardness": of_hardness if "class_pred" in columns else None,
                "curves": of_curves if "class_pred" in columns else None,
                "quantities": of_quantities if "class_pred" in columns else None,
                "calibration": of_probabilities, "unlike": of_unlike if "unlike" in columns else None}
    return _measured(judged, sections)


def _measured(judged: Judged, sections: dict[str, Callable[[Judged], Any] | None]) -> dict[str, Any]:
    found = {name: section(judged) for name, section in sections.items() if section}
    return {name: section for name, section in found.items() if section}


def of_redshift(judged: Judged) -> dict[str, Any]:
    """Scatter of dv of quasars (of all objects where no class is known), in bins of z, S/N, BAL and survey."""
    z_pred, z = judged.redshifts()
    truth = judged.truth
    of = (truth.quasar == 1 if truth.has_classes else np.ones(len(z), bool)) & np.isfinite(z)
    dv, mine = velocity(z_pred, z)[of], truth.take(np.flatnonzero(of))
    out = {"of": "quasars" if truth.has_classes else "objects", "all": Scatter.of(dv).to_dict(),
           "by_redshift": redshift.binned(dv, mine.z, redshift.Z_EDGES),
           "by_snr": redshift.binned(dv, mine.snr, redshift.SNR_EDGES),
           "by_troughs": _named(dv, {"BAL": mine.troughs == 1, "non-BAL": mine.troughs == 0}),
           "by_survey": _named(dv, {name: mine.survey == name for name in _several(mine.survey)})}
    if "z_warn_pred" in judged.columns:
        warned = judged.columns["z_warn_pred"][of] > 0
        out["by_warning"] = _named(dv, {"no warning": ~warned, "with a warning": warned})
    if "z_err" in judged.columns:
        with np.errstate(invalid="ignore", divide="ignore"):
            pull = ((z_pred - z) / judged.columns["z_err"])[of]
        seen = pull[np.isfinite(pull)]
        out["pull"] = {"n": len(seen), "nmad": redshift.nmad(seen), "beyond_3": int((np.abs(seen) > 3).sum())}
    return out


def of_quasars(judged: Judged) -> dict[str, Any]:
    """Purity and completeness of quasars at 0.5, against threshold and redshift."""
    z_pred, z = judged.redshifts()
    truth, score, of = judged.truth, quasar_score(judged), np.isfinite(judged.truth.z)
    quasar = np.where(of, truth.quasar, np.nan)  # without a redshift: QuasarNET's BAD
    dv, called = velocity(z_pred, z), np.nan_to_num(score, nan=-1.0) >= LIKELY
    low = z < redshift.SPLIT_Z
    out = {"threshold": LIKELY, "all": redshift.find(quasar, called, dv).to_dict()}
    out |= {f"{name}_z": redshift.find(quasar[side], called[side], dv[side]).to_dict()
            for name, side in (("low", low & of), ("high", ~low & of)) if side.any()}
    out["by_threshold"] = redshift.found_by_threshold(quasar, score, dv)
    out["by_redshift"] = redshift.found_by_redshift(quasar, called, dv, z, z_pred)
    return out


def of_called(judged: Judged) -> dict[str, Any] | None:
    """How many of the quasars, and of what is none, are called quasars, by class and survey; redshifts play no part.

    None for a run that cannot tell.
    """
    if "is_qso" in judged.columns:
        called = np.nan_to_num(quasar_score(judged), nan=-1.0) >= LIKELY
    elif "class_pred" in judged.columns:
        called = np.isin(judged.columns["class_pred"].astype(object), ("QSO", "BAL"))
    else:
        return None
    return {name: {"n": int(here.sum()), "called": int(called[here].sum())} for name, here in _groups(judged.truth).items()}


def quasar_score(judged: Judged) -> NDArray[np.float64]:
    """What says that an object is a quasar (n,), 0 to 1: ``is_qso``; a run that cannot tell takes all for quasars."""
    return np.asarray(judged.columns.get("is_qso", np.ones(len(judged))), np.float64)


def of_troughs(judged: Judged) -> dict[str, Any] | None:
    """Broad absorption lines recognised, and their absence, at S/N > 5; None for a run that says nothing of them."""
    truth, called = judged.truth, called_bal(judged)
    if called is None:
        return None
    out: dict[str, Any] = {"snr_above": SNR_ABOVE}
    bright = truth.snr > SNR_ABOVE
    for name, level in (("bright", bright), ("all", np.ones(len(truth), bool))):
        bal, none = level & (truth.troughs == 1) & (truth.quasar == 1), level & (truth.troughs == 0) & (truth.quasar == 1)
        out[name] = {"bal": int(bal.sum()), "recognised": int((bal & called).sum()),
                     "non_bal": int(none.sum()), "rejected": int((none & ~called).sum())}
    return out


def called_bal(judged: Judged) -> NDArray[np.bool_] | None:
    """Which objects (n,) the run calls quasars with broad absorption lines."""
    if "bal_prob_pred" in judged.columns:
        return np.nan_to_num(judged.columns["bal_prob_pred"], nan=0.0) >= LIKELY
    if "class_pred" in judged.columns and "BAL" in judged.classes:
        return judged.columns["class_pred"] == "BAL"
    return None


def of_classes(judged: Judged) -> dict[str, Any]:
    """Confusion of classes with recall, precision and what follows."""
    predicted, truth = judged.kinds()
    out = Confusion.of(truth, predicted, judged.classes).to_dict()
    unknown = truth == ""
    return out | {"n_unknown": int(unknown.sum()), "n_missing": int((~unknown & (predicted == "")).sum())}


def of_probabilities(judged: Judged) -> dict[str, Any]:
    """Calibration of each probability that the run gives."""
    return {name: Calibration.of(*parts).to_dict() for name, parts in probabilities(judged).items()}


def probabilities(judged: Judged) -> dict[str, tuple[NDArray, ...]]:
    """Each probability (n,) beside whether it came true (n,), NaN where that is not known, and the weights of objects if any.

    A classifier's may hold for classes that are equally common: ``class_conf_balanced`` lets each class weigh the same.
    """
    columns, truth, out = judged.columns, judged.truth, {}
    if "class_conf" in columns and truth.has_classes:
        known = (truth.kind != "") & (columns["class_pred"] != "")
        out["class_conf"] = columns["class_conf"], np.where(known, columns["class_pred"] == truth.kind, np.nan)
        out["class_conf_balanced"] = *out["class_conf"], _balance(truth.kind)
    if "is_qso" in columns and truth.has_classes:
        out["is_qso"] = columns["is_qso"], truth.quasar
    if "z_conf" in columns and truth.has_redshifts:
        good = np.abs(velocity(columns["z_pred"], truth.z)) < redshift.GOOD_KM_S
        of = np.isfinite(truth.z) & (truth.quasar != 0)  # the confidence is that of a quasar's redshift
        out["z_conf"] = columns["z_conf"], np.where(of, good, np.nan)
    if "bal_prob_pred" in columns and np.isfinite(truth.troughs).any():
        out["bal_prob_pred"] = columns["bal_prob_pred"], np.where(truth.quasar == 1, truth.troughs, np.nan)
    return out


def _balance(kind: NDArray) -> NDArray[np.float64]:
    """Weights (n,) by which every class counts the same."""
    _, number, count = np.unique(kind.astype(str), return_inverse=True, return_counts=True)
    return 1.0 / count[number]


def of_unlike(judged: Judged) -> dict[str, Any]:
    """The score "unlike anything" of each class: quantiles, and how many are above 0.99."""
    score, out = np.asarray(judged.columns["unlike"], np.float64), {}
    for name, here in ({"all": np.ones(len(judged), bool)} | _groups(judged.truth)).items():
        seen = score[here & np.isfinite(score)]
        if seen.size:
            out[name] = {"n": len(seen), "above": int((seen > UNLIKE).sum()),
                         "quantiles": np.quantile(seen, (0.5, 0.84, 0.99)).tolist()}
    return out


def of_latents(judged: Judged) -> dict[str, Any]:
    """Fidelity of the reconstruction, by class and survey."""
    truth, names = judged.truth, judged.classes
    out = {"n_latent": judged.loaded.model.n_latent, "by_class": latents.by_class(judged.columns, truth.kind, names)}
    surveys = _several(truth.survey)
    return out | ({"by_survey": latents.by_class(judged.columns, truth.survey, surveys)} if surveys else {})


def of_anomalies(judged: Judged) -> dict[str, Any]:
    """Top lists of the anomaly scores, what they share, and of which classes they are."""
    found = anomaly.scores(judged.space, judged.columns.get("chi2_floor"))
    lists = {name: anomaly.top(score) for name, score in found.items()}
    ids = judged.store.table(["object_id"], judged.rows).column(0)
    kinds = {name: np.unique(judged.truth.kind[rows].astype(str), return_counts=True) for name, rows in lists.items()}
    return {"k": anomaly.TOP, "top": {name: ids.take(rows).to_pylist() for name, rows in lists.items()},
            "shared": anomaly.shared(lists),
            "classes": {name: dict(zip(*(part.tolist() for part in counted), strict=True)) for name, counted in kinds.items()}}


def _groups(truth: Truth) -> dict[str, NDArray[np.bool_]]:
    """Quasars and others; others by class and survey where there are several."""
    out = {"quasars": truth.quasar == 1, "quasars of known z": (truth.quasar == 1) & np.isfinite(truth.z),
           "others": truth.quasar == 0}
    kinds = sorted({str(kind) for kind in truth.kind[truth.quasar == 0]} - {""})
    out |= {name: (truth.kind == name) & (truth.quasar == 0) for name in kinds}
    for name in _several(truth.survey):
        out |= {f"quasars of {name}": (truth.survey == name) & (truth.quasar == 1),
                f"others of {name}": (truth.survey == name) & (truth.quasar == 0)}
    return {name: here for name, here in out.items() if here.any()}


def _several(words: NDArray) -> list[str]:
    names = sorted({str(word) for word in words} - {""})
    return names if len(names) > 1 else []


def _named(dv: NDArray, parts: dict[str, NDArray[np.bool_]]) -> dict[str, Any]:
    return {name: Scatter.of(dv[here]).to_dict() for name, here in parts.items() if here.any()}


def _plain(value: Any) -> Any:
    """For JSON: no NaN, no infinity, no numpy."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
