"""The models of images: on simulated cutouts of seeds that nothing was trained or chosen by, and on real data used only here.

Test sets are put together from stores of one or more classes, so that rare objects are drawn many times over and a number is
not the luck of thirteen of them. What is trained here and the stores it is trained on lie in $QSO_ATLAS_BENCH_WORK (a
temporary folder unless stated), where what is whole is used again.
"""

from __future__ import annotations

import csv
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qsocore.embed.decoder import open_encoder
from qsocore.evaluate import anomaly, rare
from qsocore.evaluate.neighbours import unmoved
from qsocore.models import MODELS
from qsocore.models._contrast import nt_xent
from qsocore.models.contrastive import Contrastive
from qsocore.preprocess.normalise_images import ImageNormalisation
from qsocore.preprocess.prepare import prepared_for
from qsocore.simulate.images.kinds import ImageSample, parse_mixture
from qsocore.store import RunFolder, Store, open_store
from qsocore.workflow.defaults import trained_on
from qsocore.workflow.evaluate import measure
from qsocore.workflow.ingest import ingest
from qsocore.workflow.judge import judge
from qsocore.workflow.simulate import simulate_images
from tests.bench import Row
from tests.bench.peer_augment import loader
from tests.conftest import REAL


@dataclass(frozen=True)
class Cutouts:
    """A simulated store: as the words of ``qso simulate --survey des``."""

    name: str
    n: int
    seed: int
    mixture: str
    selection: str = "none"
    label_noise: float = 0.0

    def store(self, work: Path) -> Store:
        """Opened; simulated where the folder has it not yet."""
        path = work / f"{self.name}-{self.n}-{self.seed}.store"
        if not path.exists():
            simulate_images(path, self.n, self.seed, mixture=parse_mixture(self.mixture.split()),
                            sample=ImageSample(self.selection, self.label_noise))
        return open_store(path)

    @property
    def command(self) -> str:
        """The command line that comes to the same."""
        words = [f"qso simulate --survey des --out {self.name}.store --n {self.n} --seed {self.seed} --mixture {self.mixture}"]
        words += [f"--selection {self.selection}"] if self.selection != "none" else []
        words += [f"--label-noise {self.label_noise:g}"] if self.label_noise else []
        return " ".join(words)


@dataclass(frozen=True)
class Training:
    """A run: model, what it is trained on, and its settings beside the defaults."""

    name: str
    model: str
    on: Cutouts
    words: tuple[str, ...] = ()

    def run(self, work: Path) -> RunFolder:
        """Finished; trained where the store has none of these settings."""
        return trained_on(self.on.store(work), self.model, self.name, self.words)


_OTHERS = "M=0.765 PASSIVE=0.15 BLEND=0.035 L=0.042 T=0.006"
KINDS = Cutouts("kinds", 20_000, 71, "M=0.4 PASSIVE=0.2 BLEND=0.15 L=0.1 T=0.05 QSO=0.1", "glq")
"""What a search for quasars at z = 6 looks at, rare kinds more than there are, and no lens among them."""
SHAPES = Cutouts("shapes", 30_000, 72, "morphology", label_noise=0.05)
OTHERS = Cutouts("others", 7_000, 81, _OTHERS, "glq")
QUASARS = Cutouts("quasars", 400, 82, "QSO=1", "glq")
LENSES = Cutouts("lenses", 700, 83, "LENS=1", "glq")
GALAXIES = Cutouts("galaxies", 8_000, 84, "morphology", label_noise=0.05)
"""Test sets; of these the labels that are wrong are not what is asked for, but the truth."""

FEATURES = Training("features", "contrastive", KINDS, ("loss=supcon", "photometry=0.5"))
IMAGES = Training("images", "contrastive", KINDS, ("loss=ntxent",))
"""As glq_mpia: without tags, and without photometry."""
CLASSES = Training("shapes", "morphology", SHAPES)
PHOTOMETRY = Training("colours", "photometric", KINDS, ("loss=supcon",))

N_QUASARS, N_LENSES, DRAWS = 13, 70, 20
Z_CONFIRMED = 5.7, 6.55
"""Redshifts of the 13 confirmed quasars in the real table: 5.72 to 6.53."""
NEW_QUASARS = ("1143273115", "1599741416", "1695974542")
"""Confirmed by Pollock et al. (glq_mpia, MNRAS 2024), beside those of its ``known_hzqs.csv``."""
BATCH, TIMED = 256, 12_288
"""Cutouts of a step, and those by which the training is timed."""
_K = 10


def rows() -> Iterator[Row]:
    """Measure."""
    given = os.environ.get("QSO_ATLAS_BENCH_WORK")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(given or folder)
        work.mkdir(parents=True, exist_ok=True)
        yield from _search(work)
        yield from _morphology(work)
        yield from _photometry(work)
        yield from _stamps(work)
        yield from _speed(work)


# ---- rare objects


def _search(work: Path) -> Iterator[Row]:
    tags = "tags of the simulated kinds, no lens among them, and photometry joined; images alone, without tags (NT-Xent): "
    ours, plain = (_Search(training.run(work), work) for training in (FEATURES, IMAGES))
    yield Row(f"z~6 quasars, {N_QUASARS} of {ours.n:,} with the table's cuts and redshifts, {len(ours.sets)} draws: rank by "
              "leave-one-out distance to the rest, median / within the first 1 %", ours.ranked(),
              f"at most 2 / at least 90 %; glq_mpia 12 of 13 within rank 2 (tuned on them); {tags}{plain.ranked()}; "
              f"`{KINDS.command}`")
    for how, least in (("examples", "at least 60 / 90 %"), ("oddness", "at least 40 / 70 %")):
        yield Row(f"lensed quasars, {N_LENSES} of {ours.n + N_LENSES:,}, {len(ours.draws)} draws: recall in the first 1 % / 5 "
                  f"%, {_HOW[how]}", getattr(ours, how)(), f"{least}; {tags}{getattr(plain, how)()}")


_HOW = {"examples": f"by kNN to {rare.EXAMPLES} examples, for how dense it is around each object",
        "oddness": "with no examples, by anomaly (distance from the kinds of the training, or density where it had no tags)"}


class _Search:
    """The features of a run for what a search looks at, and what of the rare is found among them."""

    def __init__(self, run: RunFolder, work: Path):
        others, quasars, self.lenses = (features(run, part.store(work)) for part in (OTHERS, QUASARS, LENSES))
        z, rng = QUASARS.store(work).column("true_z"), np.random.default_rng(0)
        self.sets = draws(rng, quasars[(z > Z_CONFIRMED[0]) & (z < Z_CONFIRMED[1])], N_QUASARS)
        self.draws = draws(rng, self.lenses, N_LENSES)
        self.others, self.all = others, np.concatenate([others, self.sets[0]])
        self.n, self.known = len(others) + N_QUASARS, None
        if run.config["config"]["loss"] == "supcon":
            self.known = anomaly.Known(features(run, KINDS.store(work)), KINDS.store(work).column("class").astype(str))

    def ranked(self) -> str:
        """Ranks of quasars."""
        ranks = np.concatenate([rare.leave_one_out(*joined(self.others, some)) for some in self.sets])
        return f"{np.median(ranks):g} / {_share(int((ranks <= 0.01 * self.n).sum()), len(ranks))}"

    def examples(self) -> str:
        """Lenses by examples."""
        return _summed([rare.by_examples(*joined(self.all, some), draws=5) for some in self.draws])

    def oddness(self) -> str:
        """Lenses by how odd they are."""
        found = []
        for some in self.draws:
            together, here = joined(self.all, some)
            odd = self.known.score(together) if self.known else anomaly.scores(together)["density"]
            found.append(rare.recall(odd, here))
        return _summed(found)


def _summed(found: list[dict]) -> str:
    whole = sum(each["rare"] for each in found)
    return " / ".join(_share(sum(each["first"][place]["found"] for each in found), whole) for place in range(len(rare.SHARES)))


def draws(rng: np.random.Generator, those: NDArray, k: int) -> NDArray:
    """Disjoint sets (m, k, ...) of k of some objects, at most `DRAWS`."""
    some = rng.permutation(len(those))[: len(those) // k * k].reshape(-1, k)
    return those[some[:DRAWS]]


def joined(others: NDArray, some: NDArray) -> tuple[NDArray, NDArray[np.bool_]]:
    """Features of all, and which of them are the rare ones, which stand last."""
    return np.concatenate([others, some]), np.arange(len(others) + len(some)) >= len(others)


def features(run: RunFolder, store: Store, turns: int | None = None) -> NDArray[np.float32]:
    """Features (n, k) of a store's objects; where turns are named of images alone, turned so often by 90 degrees."""
    encoder = open_encoder(run)
    beside = encoder.photometry_beside(store) if turns is None else None
    prepared, parts = prepared_for(encoder.reads, store, encoder.grid, encoder.normalisation), []
    for block in prepared.stream(np.arange(store.n_rows), 512):
        x, w = ((np.ascontiguousarray(np.rot90(part, turns, (2, 3))) for part in (block.x, block.w)) if turns else
                (block.x, block.w))
        found = encoder.encode(x, w, beside and beside.read(block.rows))
        found[~(block.w > 0).reshape(len(found), -1).any(axis=1)] = np.nan
        parts.append(found)
    return np.concatenate(parts)


# ---- shapes


def _morphology(work: Path) -> Iterator[Row]:
    found = measure(judge(str(CLASSES.run(work).path), GALAXIES.store(work).path, "all"))
    parts = [found["hardness"][name] for name in ("confident", "hard")]
    yield Row(f"five shapes of galaxies, {found['classes']['n']:,} test cutouts: accuracy of confident / hard cases",
              " / ".join(f"{_right(part) / part['n']:.3f} ({_right(part)} of {part['n']})" for part in parts),
              "at least 0.96 / 0.83; GZ2_project 0.959 / 0.73, its first version 0.87; 5 % of the labels it learnt from are "
              f"wrong; `{SHAPES.command}`")
    areas = ", ".join(f"{name} {part['area']:.4f}" for name, part in found["curves"]["by_class"].items())
    error = found["calibration"]["class_conf"]["error"]
    yield Row("the same: area under the ROC of each class against the rest / calibration error", f"{areas} / {error:.3f}",
              "GZ2_project 0.9947, spiral against elliptical")


def _right(part: dict) -> int:
    return int(np.trace(np.array(part["counts"])))


# ---- real


def _photometry(work: Path) -> Iterator[Row]:
    path = work / "glq.store"
    if not path.exists():
        ingest([REAL / "catalogues" / "glq_mpia" / "cut_crossmatched_objects.csv"], path, survey="catalogue")
    store = open_store(path)
    found = features(PHOTOMETRY.run(work), store)
    here = np.isin(native_ids(store), list(confirmed()))
    near = rare.share_of_neighbours(found, here, _K)
    yield Row(f"real photometry of glq_mpia, nine bands, {store.n_rows:,} objects: share of the {_K} nearest of {here.sum()} "
              "confirmed quasars that are such", f"{np.nanmean(near):.2f}",
              "at least 0.5; glq_mpia's colours 0.33, its images 0.71; trained on simulated photometry with tags; "
              f"`{KINDS.command}`")
    ranks = rare.leave_one_out(found, here)
    yield Row("the same: rank by leave-one-out distance to the rest, median / within the first 1 %",
              f"{np.median(ranks):g} / {_share(int((ranks <= 0.01 * store.n_rows).sum()), len(ranks))}", "")


def confirmed() -> set[str]:
    """DES ids of the confirmed quasars at z = 6: those known before, and those of glq_mpia."""
    with (REAL / "catalogues" / "glq_mpia" / "known_hzqs.csv").open(newline="") as file:
        return {row["COADD_OBJECT_ID"] for row in csv.DictReader(file)} | set(NEW_QUASARS)


def native_ids(store: Store) -> NDArray[np.str_]:
    """The survey's own ids, the last part of the object ids."""
    return np.array([name.rpartition(":")[2] for name in store.column("object_id").tolist()])


def _stamps(work: Path) -> Iterator[Row]:
    path = work / "stamps.store"
    if not path.exists():
        ingest([REAL / "images" / "deeplenstronomy"], path)
    store = open_store(path)
    run = FEATURES.run(work)
    same = [unmoved(features(run, store, 0), features(run, store, times), 5) for times in (1, 2, 3)]
    yield Row(f"{store.n_rows} real DES stamps of galaxies: the same 5 nearest when one is turned by 90 / 180 / 270 degrees",
              " / ".join(f"{100 * np.nanmean(each):.1f} %" for each in same), "at least 80 %")


# ---- speed


def _speed(work: Path) -> Iterator[Row]:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        store, network = KINDS.store(work), MODELS.get("contrastive")
        block = prepared_for("images", store, store.image_grid, ImageNormalisation()).read(np.arange(TIMED))
        x, w = torch.from_numpy(block.x), torch.from_numpy(block.w)
        made = network.build(network.Config(), store.image_grid)
        made.initialise(x[:512], w[:512])
        ours = steps_per_second(made, ours_of(made, x, w))
        peers = {workers: steps_per_second(made, theirs_of(made, x, w, workers)) for workers in (0, 2)}
    finally:
        torch.set_num_threads(threads)
    said = ", ".join(f"{peer:,.0f} {_WHERE[workers]} ({ours / peer:.1f} times slower)" for workers, peer in peers.items())
    yield Row("training of the contrastive network, augmentation included, two threads", f"{ours:,.0f} cutouts/s",
              f"at least 3 times the same network behind a loop that augments cutout by cutout: {said}")


_WHERE = {0: "in its own thread", 2: "by two worker processes"}


def ours_of(network: Contrastive, x: Tensor, w: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Pairs of views of a batch one after the other, as `Contrastive.loss` makes them."""
    draw = torch.Generator().manual_seed(0)
    for batch in zip(x.split(BATCH), w.split(BATCH), strict=True):
        yield tuple(torch.cat(parts) for parts in zip(*(network.view(*batch, draw) for _ in range(2)), strict=True))


def theirs_of(network: Contrastive, x: Tensor, w: Tensor, workers: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The same, augmented cutout by cutout."""
    for views in loader(x, w, network.config.crop, BATCH, workers):
        both = torch.cat(views)
        yield both, torch.full_like(both, 1e4)


def steps_per_second(network: Contrastive, batches: Iterator[tuple[Tensor, Tensor]]) -> float:
    """Cutouts that go through steps of the training in a second, after two that warm up."""
    adam, seen, began = torch.optim.Adam(network.parameters(), 1e-3), 0, 0.0
    for number, (x, w) in enumerate(batches):
        if number == 2:
            seen, began = 0, time.perf_counter()
        adam.zero_grad()
        nt_xent(*network.projector(network(x, w)).chunk(2), network.config.temperature).backward()
        adam.step()
        seen += len(x) // 2
    return seen / (time.perf_counter() - began)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.1f} % ({part} of {whole})"
