"""The models of spectra: on test splits that no training saw, and on real spectra that nothing was tuned on.

What is trained here and the stores it is trained on lie in $QSO_ATLAS_BENCH_WORK (a temporary folder unless stated), where
what is whole is used again; `qso defaults --work` of the same folder leaves the stores of the default runs there. The default
runs themselves are those that come with the package.
"""

from __future__ import annotations

import csv
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from qsocore.embed.decoder import Decoder
from qsocore.evaluate.latents import fidelity
from qsocore.evaluate.redshift import Scatter
from qsocore.models.load import Loaded
from qsocore.preprocess.prepare import Prepared
from qsocore.store import RunFolder, Store, find_run, open_store
from qsocore.units import velocity
from qsocore.workflow.defaults import RECIPES, Recipe, stored, trained_on
from qsocore.workflow.evaluate import measure
from qsocore.workflow.ingest import ingest
from qsocore.workflow.judge import judge
from qsocore.workflow.predict import predict_blocks
from qsocore.workflow.train import split_store
from tests.bench import Row
from tests.conftest import REAL

DESI = Recipe("redshift", 40_000, 21, "QSO=1", survey="desi", quasars="dr16q", redshift=(1.8, 3.8),
              words=("epochs=12", "noisier=0.3", "gapped=0.2", "bent=0", "armless=0", "shortened=0", "skyed=0", "blurred=0"))
QUASARS = Recipe("infovae", 30_000, 41, "QSO=1", quasars="dr16q", redshift=(0.1, 4.3))
"""Quasars on which autoencoders and linear models are held to each other."""
LATENTS = (3, 6, 9, 12, 15)
VAE_WORDS = ("epochs=30", "refine=1")
LINEAR_WORDS = {"pca": ("epochs=20",), "nmf": ("epochs=6",)}
GRID = "vae1500"
SPECTRA = 512  # whose prediction is timed


def rows() -> Iterator[Row]:
    """Measure."""
    given = os.environ.get("QSO_ATLAS_BENCH_WORK")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(given or folder)
        work.mkdir(parents=True, exist_ok=True)
        yield from _desi(work)
        yield from _classes(work)
        yield from _real(work)
        yield from _latents(work)
        yield from _speed(work)


# ---- simulated


def _desi(work: Path) -> Iterator[Row]:
    store = stored(DESI, work)
    trained = trained_on(store, "redshift", "desi", DESI.words)
    test = split_store(store, _settings(trained)).test
    z = store.column("true_z")[test]
    for refine, name in ((False, "network alone"), (True, "with `--refine`")):
        dv = velocity(_predicted(store, trained, test, refine)["z_pred"], z)
        yield Row(f"{DESI.n:,} simulated DESI quasars, 1.8 < z < 3.8, {name}: std / NMAD of dv / beyond 6,000 km/s, "
                  f"{len(test):,} test spectra", _scatter(Scatter.of(dv)),
                  "the same network" if refine else
                  f"at most 664 / 150 km/s / 0.2 %; DeepRedshift 2,582 km/s std; {_commands(DESI, 'desi')}")


def _classes(work: Path) -> Iterator[Row]:
    recipe = RECIPES["classifier"]
    store = stored(recipe, work)
    judged = judge(str(find_run("classifier").path), store.path)
    measures = measure(judged)
    yield Row(f"13 classes, 5 % of the labels of O, B, C wrong, {len(judged):,} test spectra: macro recall of the true class",
              f"{measures['classes']['macro_recall']:.3f}", "at least 0.90; mqc-nets 0.788; `qso defaults --only classifier`")
    yield Row("the same: broad absorption recognised / its absence, S/N > 5", _troughs(measures["troughs"]["bright"]),
              "at least 98 / 97 %; QuasarNET 98.0 / 97.0 %")
    recipe = RECIPES["redshift"]
    judged = judge(str(find_run("redshift").path), stored(recipe, work).path)
    measures = measure(judged)
    yield Row(f"broad absorption by the redshift network, {len(judged):,} test spectra, S/N > 5",
              _troughs(measures["troughs"]["bright"]), "at least 98 / 97 %; `qso defaults --only redshift`")
    yield Row("its quasars, 0.05 < z < 5.2, all S/N: std / NMAD of dv / beyond 6,000 km/s", _scatter(Scatter(**{
        key: value for key, value in measures["redshift"]["all"].items() if not key.startswith("share")})), "before `--refine`")


def _troughs(found: dict[str, int]) -> str:
    return (f"{_share(found['recognised'], found['bal'])} / {_share(found['rejected'], found['non_bal'])}")


# ---- real


def _real(work: Path) -> Iterator[Row]:
    store = _ingested(work)
    truth = _manifest(store)
    everything = np.arange(store.n_rows)
    red, kind = (_predicted(store, find_run(name), everything, name == "redshift") for name in ("redshift", "classifier"))
    boss = _chosen(truth, lambda row: row["file"].startswith("boss/") and row["class"] == "QSO"
                   and float(row["zwarning"] or 1) == 0)
    dv = velocity(red["z_pred"][boss], np.array([float(truth[row]["z"]) for row in boss]))
    called = {"redshift": red["is_qso"] >= 0.5, "classifier": np.isin(kind["class_pred"], ("QSO", "BAL"))}
    scatter = Scatter.of(dv)
    yield Row("real BOSS quasars without a warning, called quasars by classifier / redshift network",
              " / ".join(_share(int(called[name][boss].sum()), len(boss)) for name in ("classifier", "redshift")),
              "at least 97 %; QuasarNP, trained on real ones, 67 of 67")
    yield Row("their redshift with `--refine`: beyond 6,000 km/s / NMAD / median", f"{scatter.beyond_6000} of {len(boss)} / "
              f"{scatter.nmad:.0f} km/s / {scatter.median:+.0f} km/s", "at most 1 in 60 / 400 km/s; QuasarNP 0, 953 km/s")
    others = _chosen(truth, lambda row: row["class"] in ("STAR", "GALAXY")
                     and row["file"].split("/")[0] in ("lamost", "sdss", "boss", "6dfgs"))
    yield Row("real stars and galaxies (LAMOST, SDSS, BOSS, 6dFGS) called quasars by classifier / redshift network",
              " / ".join(_share(int(called[name][others].sum()), len(others)) for name in ("classifier", "redshift")),
              "at most 3 %")


def _ingested(work: Path) -> Store:
    path = work / "real.store"
    if not path.exists():
        ingest([REAL], path)
    return open_store(path)


def _manifest(store: Store) -> dict[int, dict[str, str]]:
    """What the manifest says of each row of the store that it knows; repeats of a spectrum are left out."""
    with (REAL / "manifest.csv").open(newline="") as file:
        known = {(row["file"], int(float(row["row"] or 0))): row for row in csv.DictReader(file)}
    files, numbers = store.column("source_file").astype(str), store.column("source_row")
    places = (Path(name).resolve().relative_to(REAL.resolve()).as_posix() for name in files)
    found = {index: known.get((place, int(number))) for index, (place, number) in enumerate(zip(places, numbers, strict=True))}
    return {index: row for index, row in found.items() if row and not row["duplicate_of"]}


def _chosen(truth: dict[int, dict[str, str]], wanted: Callable[[dict[str, str]], bool]) -> NDArray[np.int64]:
    return np.array([index for index, row in truth.items() if wanted(row)], np.int64)


# ---- latents


def _latents(work: Path) -> Iterator[Row]:
    store, real = stored(QUASARS, work), _ingested(work)
    quasars = np.flatnonzero((real.column("class").astype(str) == "QSO") & ~(real.column("z_warn") > 0))
    for n in LATENTS:
        found = {}
        for model, words in (("infovae", VAE_WORDS), *LINEAR_WORDS.items()):
            run = trained_on(store, model, f"{model}-{n}", (f"latents={n}", f"grid={GRID}", *words))
            test = split_store(store, _settings(run)).test
            found[model] = [float(np.nanmedian(_chi2(source, run, rows))) for source, rows in ((store, test), (real, quasars))]
        yield Row(f"{n} latents, {GRID}: median chi2 per pixel of {len(test):,} simulated test / {len(quasars)} real quasars",
                  "InfoVAE " + _pair(found["infovae"]), f"PCA {_pair(found['pca'])}, NMF {_pair(found['nmf'])}")


def _chi2(store: Store, run: RunFolder, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean weighted square deviation over the good pixels of each spectrum, with the weights that the models are trained by."""
    decoder, out = Decoder(run), []
    seen = decoder.model.seen.numpy()
    for block in Prepared(store, decoder.grid, decoder.normalisation).stream(rows, 1024):
        model = decoder.decode(decoder.encode(block.x, block.w))
        out.append(fidelity(block.x, block.w * seen, block.ivar * (block.scale**2)[:, None] * seen, model)["chi2_floor"])
    return np.concatenate(out)


def _pair(values: list[float]) -> str:
    return " / ".join(f"{value:.3f}" for value in values)


# ---- speed


def _speed(work: Path) -> Iterator[Row]:
    store = stored(RECIPES["redshift"], work)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        run = find_run("redshift")
        alone, refined = (_least(3, lambda refine=refine: _predicted(store, run, np.arange(SPECTRA), refine))
                          for refine in (False, True))
        loaded = Loaded(run)
        block = Prepared(store, loaded.grid, loaded.normalisation).read(np.arange(SPECTRA))
        x, w = torch.from_numpy(block.x), torch.from_numpy(block.w)
        network = _least(3, lambda: loaded.model.predict(x, w))
    finally:
        torch.set_num_threads(threads)
    yield Row("time per spectrum, one thread: redshift network / reading and normalising too / with `--refine`",
              " / ".join(f"{1e3 * seconds / SPECTRA:.2f} ms" for seconds in (network, alone, refined)),
              "at most 0.3 / 5 ms; QuasarNP 0.24 ms, redrock 410 ms")


def _least(times: int, work: Callable[[], object]) -> float:
    """Least wall time after one call that warms up, seconds."""
    work()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


# ---- shared


def _settings(run: RunFolder):
    from qsocore.config import from_dict
    from qsocore.train.loop import TrainSettings

    return from_dict(TrainSettings, run.config["settings"])


def _predicted(store: Store, run: RunFolder, rows: NDArray[np.int64], refine: bool) -> dict[str, NDArray]:
    parts = [*predict_blocks(store, Loaded(run), rows, refine=refine)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _commands(recipe: Recipe, run: str) -> str:
    simulated, trained = recipe.commands
    return f"`{simulated}`, `{trained.replace('--run redshift', f'--run {run}')}`"


def _scatter(scatter: Scatter) -> str:
    return (f"{scatter.std:,.0f} / {scatter.nmad:.0f} km/s / {_share(scatter.beyond_6000, scatter.n - scatter.n_missing)} "
            f"(median {scatter.median:+.0f} km/s)")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.2f} % ({part} of {whole})"
