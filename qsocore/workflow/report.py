"""A run as one HTML page: what it is, how it was trained, how well it does, and how to make it again."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from qsocore import __version__
from qsocore.config import to_dict
from qsocore.evaluate.tables import Table, number, percent
from qsocore.grid import WaveGrid
from qsocore.models import MODELS
from qsocore.models.load import Loaded
from qsocore.sampling import Grid, ImageGrid
from qsocore.store import RunFolder, Store, open_store, paths
from qsocore.store.runs import find_run
from qsocore.train.journal import read_journal
from qsocore.workflow import html
from qsocore.workflow.environment import environment
from qsocore.workflow.evaluate import Evaluation, keep
from qsocore.workflow.evaluate_classes import curves, quantities
from qsocore.workflow.judge import Judged, judge
from qsocore.workflow.train import sort_settings

_CONFIGS = ("config", "settings", "normalisation", "augmentation")
_LONG = ("Quasars by threshold of is_qso", "Called a quasar", "Confusion", "Top lists share", "Unlike anything")
_ABOUT = {
    "training": "Curves of the training, from its journal: training (thin, dashed) and validation (thick) by epoch; the circle "
                "is the epoch whose weights were kept.",
    "redshift": "Predicted against true redshifts, the error as a velocity beside QuasarNET's on BOSS, the error by index, and "
                "the quasars found by threshold and by redshift, with the definitions of QuasarNET's quality assessment.",
    "confusion": "Classes called against true classes: raw counts, by row and by column.",
    "classes": "Objects of each class, and how many are recognised and rightly called so, with 68 % intervals.",
    "roc": "Each class against the rest: the share of it that is found for the share of the others mistaken for it, and the "
           "corner of few mistakes enlarged.",
    "confidence": "The probability of the class that is said, and the share that is right with 68 % intervals, against "
                  "magnitude, redshift, and what makes a simulated object hard.",
    "cutouts": "Images by the class that they are called, the surest first; red where they are another.",
    "calibration": "How often what was said with a probability came true, with 68 % intervals, and the number of objects.",
    "gallery": "Objects that the run gets right and wrong, of which it is least certain, and most unlike all it knows.",
    "properties": "Properties of the objects, and the run's error against each: counts as colours, the median as a line.",
    "corner": "Latents each against each, coloured by redshift where it is known.",
    "reconstructions": "Objects with their reconstruction, from well to badly given back, and the residual in σ.",
    "traversal": "What each latent does to a spectrum, at the 1st and 16th percentile, the mean, the 84th and 99th.",
    "anomalies": "The oddest objects by isolation forest, local outlier factor, reconstruction error and latent density.",
}


def report(run_name: str, store_path: str | Path | None = None, split: str = "test", device: str = "auto") -> str:
    """Write a run's report; on a store, it is evaluated there first.

    Parameters
    ----------
    run_name : str
        A run of the store, of the user's library, of the package, or a run's folder.
    store_path : path, optional
        Where it is evaluated. By default the store that the run's folder lies in, or one of the name of the store it was
        trained on beside the working directory; without any, the page tells only of the training.
    split : {"test", "valid", "train", "all"}
        See `qsocore.workflow.judge.judge`.
    device : str
        ``auto``, ``cpu`` or ``cuda``.

    Returns
    -------
    str
        A whole HTML document that loads nothing.

    Raises
    ------
    StoreError
        When there is no such run or store, or nothing to evaluate by.
    """
    store = open_store(store_path) if store_path else None
    run = find_run(run_name, store)
    store = store or _own_store(run)
    judged = judge(str(run.path), store.path, split, device) if store else None
    evaluation = keep(judged, split) if judged else None
    style = (Path(__file__).with_name("report.css")).read_text(encoding="utf-8")
    return html.document(f"{run.name}: {run.config['model']}", style, _parts(run, store, judged, evaluation))


def _own_store(run: RunFolder) -> Store | None:
    """The store in whose folder the run lies, else the one that it was trained on if it lies in the working directory."""
    data = run.config.get("data", {})
    for path in (run.path.parent.parent, Path(data.get("store", ""))):
        if (path / paths.MANIFEST).exists():
            store = open_store(path)
            if path != Path(data.get("store", "")) or store.manifest.fingerprint == data.get("sha256"):
                return store
    return None


def _parts(run: RunFolder, store: Store | None, judged: Judged | None, evaluation: Evaluation | None) -> Iterator[str]:
    model = MODELS.get(run.config["model"])
    yield f"<header><h1>{html.escape(run.name)}</h1>"
    yield f'<p class="said">{html.escape(model.title)}. {html.escape(model.citation)}.</p></header>'
    if evaluation:
        yield f'<p class="said">{html.escape(_sentence(evaluation))}</p>'
        yield _numbers(evaluation.measures)
    yield "<h2>What it is</h2>"
    yield from _card(run, store)
    yield "<h2>Make it again</h2>"
    yield f"<pre>{html.escape(_commands(run, store, evaluation))}</pre>"
    figures = _Figures()
    if read_journal(run.journal):
        yield "<h2>Training</h2>"
        yield figures.draw("training", [run])
    if judged and evaluation:
        yield "<h2>Evaluation</h2>"
        yield from _tables(evaluation.tables())
        yield "<h2>Figures</h2>"
        for name, options in _fitting(judged):
            yield figures.draw(name, judged, **options)
    else:
        yield '<p class="said">No store was named, so the run is not evaluated here: qso report RUN --store STORE.</p>'
    yield "<h2>Written</h2>"
    yield html.definitions({"by": f"QSO Atlas {__version__}", "on": datetime.now(UTC).isoformat(timespec="seconds"),
                            "with": {name: text for name, text in environment().items() if name != "code_version"}})


class _Figures:
    """Draws figures and numbers them."""

    def __init__(self):
        self.n = 0

    def draw(self, name: str, of: Any, **options: Any) -> str:
        self.n += 1
        return html.figure(_module(name).picture(of, **options), self.n, _ABOUT[name])


@cache
def _module(name: str):
    return import_module(f"qsocore.figures.{name}")


def _fitting(judged: Judged) -> Iterator[tuple[str, dict[str, Any]]]:
    """Figures that fit what is judged, with their options."""
    from qsocore.figures._columns import properties
    from qsocore.workflow.evaluate import probabilities

    columns, truth = judged.columns, judged.truth
    several = bool(properties(judged, 1))
    if judged.has_features:
        yield from _of_a_space(judged, several)
        return
    if "class_pred" in columns and truth.has_classes:
        yield "confusion", {}
        yield "classes", {}
        if curves(judged):
            yield "roc", {}
        if any(np.isfinite(value).any() for value in quantities(judged).values()) and judged.reads == "images":
            yield "confidence", {}
    if "z_pred" in columns and truth.has_redshifts:
        yield "redshift", {}
    if probabilities(judged):
        yield "calibration", {}
    yield "gallery", {}
    if judged.reads == "images" and "class_pred" in columns and truth.has_classes:
        yield "cutouts", {}
    if "z_pred" in columns and several:
        yield "properties", {}


def _of_a_space(judged: Judged, several: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Figures of latents or features, and of what is given back from them."""
    if judged.is_latent:
        yield "reconstructions", {}
        if judged.reads == "spectra":
            yield "traversal", {}
    if judged.loaded.model.n_latent > 1:
        yield "corner", {"colour": "z" if "z" in judged.store.columns and judged.truth.has_redshifts else ""}
    if several and judged.is_latent:
        yield "properties", {}
    yield "anomalies", {}


def _sentence(evaluation: Evaluation) -> str:
    about = evaluation.about
    return f"Evaluated on {about['store']}: {about['note']}. These were neither trained on nor used to choose the weights."\
        if about["split"] == "test" else f"Evaluated on {about['store']}: {about['note']}."


def _numbers(measures: dict[str, Any]) -> str:
    """What matters most, in large type."""
    shown = [*_of_redshift(measures), *_of_classes(measures), *_of_latents(measures)]
    cells = (f"<div><b>{html.escape(value)}</b><span>{html.escape(name)}</span><i>{html.escape(note)}</i></div>"
             for value, name, note in shown)
    return f'<div class="numbers">{"".join(cells)}</div>'


def _of_redshift(measures: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    if "redshift" in measures:
        found = measures["redshift"]["all"]
        predicted = found["n"] - found["n_missing"]
        yield f"{number(found['nmad'])} km/s", "NMAD of Δv", f"median {number(found['median'])}, n {found['n']:,}"
        yield f"{number(found['std'])} km/s", "standard deviation of Δv", "QuasarNET on BOSS: 664"
        yield percent(found["beyond_6000"], predicted), "beyond 6,000 km/s", f"{found['beyond_6000']:,} of {predicted:,}"
    if "quasars" in measures:
        found = measures["quasars"]["all"]
        yield percent(found["purity"]), "purity of quasars", f"{found['predicted_good']:,} of {found['predicted']:,}"
        yield percent(found["completeness"]), "completeness", f"{found['found']:,} of {found['quasars']:,}"
    if measures.get("troughs"):
        found = measures["troughs"]["bright"]
        for name, part, whole in (("BAL recognised", "recognised", "bal"), ("non-BAL rejected", "rejected", "non_bal")):
            yield percent(found[part], found[whole]), f"{name}, S/N > 5", f"{found[part]:,} of {found[whole]:,}"


def _of_classes(measures: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    if "classes" in measures:
        found = measures["classes"]
        yield number(found["macro_recall"], 4), "macro recall", f"{len(found['names'])} classes, n {found['n']:,}"
        yield percent(found["accuracy"]), "accuracy", "as common as in this store"
        yield percent(found["weighted_precision"]), "precision", "at BOSS's prevalence"
    if "class_conf" in measures.get("calibration", {}):
        yield f"{measures['calibration']['class_conf']['error']:.4f}", "expected calibration error", "of class_conf"


def _of_latents(measures: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    if "latents" in measures:
        found = measures["latents"]["by_class"]["all"]
        yield str(measures["latents"]["n_latent"]), "latents", f"n {found['n']:,}"
        named = {"chi2_floor": "χ² per pixel, errors floored", "chi2_pix": "χ² per pixel", "mse": "mean squared error"}
        for key, name in named.items():
            if found["n"]:
                yield number(found[key]["mean"]), f"{name}, mean", f"median {number(found[key]['median'])}"


def _card(run: RunFolder, store: Store | None) -> Iterator[str]:
    """Model, data and settings."""
    config, loaded = run.config, Loaded(run)
    data, grid = config.get("data", {}), loaded.grid
    n_weights = sum(part.numel() for part in loaded.model.parameters())
    n_weights = n_weights or sum(part.numel() for part in loaded.model.state_dict().values())
    split = data.get("split", {})
    megabytes = run.weights.stat().st_size / 1e6
    identity = {"run": run.path.name, "model": config["model"], "weights": f"{n_weights:,} in {megabytes:.1f} MB",
                "trained": config.get("created"), "seed": config.get("settings", {}).get("seed"),
                "best epoch's loss": config.get("best_loss"), "code version": config.get("code_version"),
                "steps": {"best": config.get("best_step"), "of": config.get("step")}}
    read = {"store": data.get("store"), "objects": data.get("n_rows"), "split by sky object": split,
            "fingerprint": data.get("sha256"),
            "grid": _sampling(grid)}
    own = store and store.manifest.fingerprint == data.get("sha256")
    read |= {"made by": store.manifest.provenance} if own else {}
    ran = config.get("environment") or "not recorded"
    names = {"config": "Model", "settings": "Training", "normalisation": "Normalisation", "augmentation": "Augmentation"}
    yield (f'<div class="cards"><div><h3>Run</h3>{html.definitions(identity)}</div>'
           f"<div><h3>Data</h3>{html.definitions(read)}</div></div>")
    cells = (f"<div><h3>{title}</h3>{html.definitions({k: _said(v) for k, v in config.get(key, {}).items()})}</div>"
             for key, title in names.items())
    ran = html.definitions(ran if isinstance(ran, dict) else {"environment": ran})
    yield (f"<details><summary>Settings and environment</summary><div class=\"cards\">{''.join(cells)}"
           f"<div><h3>Environment of the training</h3>{ran}</div></div></details>")


def _sampling(grid: Grid) -> str:
    """What a model reads, in a line."""
    if isinstance(grid, WaveGrid):
        return f"{grid.name}: {grid.n_pix:,} pixels, {grid.wave[0]:.0f} – {grid.wave[-1]:.0f} Å in vacuum, {grid.frame} frame"
    if isinstance(grid, ImageGrid):
        scale = f", {grid.pixel_scale:g} arcsec a pixel" if np.isfinite(grid.pixel_scale) else ""
        return f"{grid.name}: {grid.side} × {grid.side} pixels in {' '.join(grid.bands)}{scale}"
    return f"{grid.name}: {' '.join(grid.bands)}"


def _said(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value


def _commands(run: RunFolder, store: Store | None, evaluation: Evaluation | None) -> str:
    """How to train the run again, and to evaluate it."""
    place = run.config.get("data", {}).get("store", "STORE")
    words = " ".join(f"--set {shlex.quote(word)}" for word in changed_settings(run))
    lines = [f"qso train {run.config['model']} {place} --run {run.name} {words}".strip()]
    if evaluation:
        lines.append(f"qso evaluate {run.name} {evaluation.about['store']} --split {evaluation.about['split']}")
    return "\n".join(lines)


def changed_settings(run: RunFolder) -> list[str]:
    """The ``key=value`` words by which a training differed from its model's defaults.

    Examples
    --------
    A run trained by ``--set epochs=40`` gives ``["epochs=40"]``.
    """
    usual = [to_dict(part) for part in sort_settings(MODELS.get(run.config["model"]), ())]
    out = []
    for key, defaults in zip(_CONFIGS, usual, strict=True):
        for name, content in run.config.get(key, {}).items():
            before = defaults.get(name, dataclasses.MISSING)
            if name in defaults and (list(before) if isinstance(before, tuple) else before) != content:
                out.append(f"{name}={','.join(map(str, content)) if isinstance(content, list) else content}")
    return out


def _tables(shown: list[Table]) -> Iterator[str]:
    for table in shown:
        text, folded = html.table(table), table.title.startswith(_LONG)
        yield f"<details><summary>{html.escape(table.title)}</summary>{text}</details>" if folded else text
