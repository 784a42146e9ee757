"""A run beside the truth of a store: what its figures, its evaluation and its report are made from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore.config import from_dict
from qsocore.embed import features as kept_features
from qsocore.embed.decoder import Decoder, Encoder, open_encoder
from qsocore.embed.stream import BLOCK, MOST_LATENTS
from qsocore.errors import ConfigError, StoreError
from qsocore.evaluate.latents import fidelity
from qsocore.evaluate.truth import Truth, need_classes, need_redshifts, truth_of, words_of
from qsocore.models.base import FeatureModel, LatentModel
from qsocore.models.labels import KINDS
from qsocore.models.load import Loaded
from qsocore.preprocess.prepare import Block, Source, prepared_for
from qsocore.progress import Progress
from qsocore.store import RunFolder, Store, find_run, open_store, paths
from qsocore.store.columns import to_numpy
from qsocore.store.parquet import ParquetTable
from qsocore.store.runs import ROW_ORDER
from qsocore.train.loop import TrainSettings
from qsocore.workflow.predict import NAME as PREDICTIONS
from qsocore.workflow.predict import predict_blocks
from qsocore.workflow.train import split_store

Side = Literal["test", "valid", "train", "all"]
SIDES: tuple[str, ...] = get_args(Side)


@dataclass(frozen=True)
class Judged:
    """What a run says of some objects of a store, and what is true of them.

    Parameters
    ----------
    store, run, loaded
        Opened.
    split : str
        Side of the split that the objects are of, "all" where the run knows of none.
    rows : ndarray of int64, shape (n,)
        Of the store, rising.
    truth : Truth
        Of these rows.
    columns : dict of ndarray, (n,) each
        Of a predictor: its columns. Of a run with latents: ``latent_0`` ... and, where it gives objects back,
        `qsocore.evaluate.latents.MEASURES`.
    note : str
        How the rows were chosen and where the columns are from.
    features : ndarray of float32, shape (n, k), optional
        Of a run with more latents than columns, whose ``latent_0`` ... are the leading components of them.
    """

    store: Store
    run: RunFolder
    loaded: Loaded
    split: str
    rows: NDArray[np.int64]
    truth: Truth
    columns: dict[str, NDArray]
    note: str
    features: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def reads(self) -> str:
        """What of the store the run's model looks at: "spectra", "images" or "photometry"."""
        return self.loaded.reads

    @property
    def is_latent(self) -> bool:
        """Whether the run has latents and gives objects back from them."""
        return isinstance(self.loaded.model, LatentModel)

    @property
    def has_features(self) -> bool:
        """Whether the run has latents, few or many; else it is a predictor."""
        return isinstance(self.loaded.model, FeatureModel)

    @cached_property
    def latents(self) -> NDArray[np.float32]:
        """Latents (n, k) of a run that has them; of many the leading components."""
        self.need("latent_0", "latents", "name a run of a latent model (infovae, pca, nmf ...)")
        n = sum(name.startswith("latent_") for name in self.columns)
        return np.stack([self.columns[f"latent_{k}"] for k in range(n)], axis=1)

    @property
    def space(self) -> NDArray[np.float32]:
        """Latents (n, k), all of them: what neighbours are found by."""
        return self.latents if self.features is None else self.features

    @cached_property
    def prepared(self) -> Source:
        """Reads the objects as the model is given them."""
        return prepared_for(self.reads, self.store, self.loaded.grid, self.loaded.normalisation)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes: those that a classifier knows; else all thirteen of spectra, or the store's own."""
        return class_names(self.loaded) or (KINDS if self.reads == "spectra" else words_of(self.store))

    @property
    def title(self) -> str:
        """The run and the objects, for a figure's heading."""
        side = "" if self.split == "all" else f", {self.split} split"
        return f"{self.run.name} on {self.store.path.name}{side} ({len(self):,} objects)"

    def among(self, rows: NDArray[np.int64]) -> Judged:
        """The judged objects that are among these rows of the store."""
        here = np.flatnonzero(np.isin(self.rows, rows))
        return replace(self, rows=self.rows[here], truth=self.truth.take(here),
                       columns={name: column[here] for name, column in self.columns.items()},
                       features=None if self.features is None else self.features[here])

    def need(self, name: str, meant: str, remedy: str) -> NDArray:
        """A column, or a `ConfigError` that says that this run has none."""
        if name not in self.columns:
            raise ConfigError(f"the run {self.run.name} is a {self.loaded.run.config['model']} and gives no {meant}",
                              self.run.path, remedy)
        return self.columns[name]

    def redshifts(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Predicted and true redshift (n,), NaN where missing; refuses runs and stores without."""
        predicted = self.need("z_pred", "redshifts", "name a run of a redshift model")
        need_redshifts(self.truth, self.store.path)
        return predicted, self.truth.z

    def kinds(self) -> tuple[NDArray, NDArray]:
        """Predicted and true class (n,), "" where missing; refuses runs and stores without."""
        predicted = self.need("class_pred", "classes", "name a run of a classifier")
        need_classes(self.truth, self.store.path)
        return predicted.astype(object), self.truth.kind


def judge(run_name: str, store_path: str | Path, split: str = "test", device: str = "auto") -> Judged:
    """Ask a run about the objects of a store.

    Parameters
    ----------
    run_name : str
        A run of the store, of the user's library, of the package, or a run's folder.
    store_path : path
        A store of what the run reads.
    split : {"test", "valid", "train", "all"}
        Side of the run's own split, where the store is the one that it was trained on; of any other store all objects are
        taken, which the note says.
    device : str
        ``auto``, ``cpu`` or ``cuda``.

    Raises
    ------
    ConfigError
        For an unknown split, or a store that cannot be brought to the run's grid.
    StoreError
        When there is no such store or run, the run was not trained to its end or has no model, or no object is on that side.
    """
    if split not in SIDES:
        raise ConfigError(f"no split is called {split!r}", remedy=f"known: {', '.join(SIDES)}")
    store = open_store(store_path)
    run = find_run(run_name, store)
    loaded = Loaded(run)
    side, rows, note = rows_of(store, run, split)
    known = prepared_for(loaded.reads, store, loaded.grid, loaded.normalisation).known
    if known is not None and not known[rows].all():
        rows = rows[known[rows]]
        note += f"; {len(rows):,} of them with {loaded.reads}"
    if not len(rows):
        raise StoreError(f"no object is in the {side} split", store.path, "take another split, or a larger store")
    features = None
    if isinstance(loaded.model, FeatureModel):
        (columns, features), made = _latents(store, loaded, rows, device), "latents computed for them"
    else:
        columns = _kept(store, run, rows)
        made = "predictions kept in the store" if columns else "predictions made for them"
        columns = columns or _predicted(store, loaded, rows, device)
    truth = truth_of(store, class_entries(loaded), loaded.reads == "spectra").take(rows)
    return Judged(store, run, loaded, side, rows, truth, columns, f"{note}; {made}", features)


def rows_of(store: Store, run: RunFolder, split: str) -> tuple[str, NDArray[np.int64], str]:
    """Side, rows and a line that says how they were chosen."""
    everything = np.arange(store.n_rows)
    own = run.config.get("data", {}).get("sha256") == store.manifest.fingerprint
    if not own:
        return "all", everything, f"all {store.n_rows:,} objects, for the run was not trained on this store"
    if split == "all":
        return "all", everything, f"all {store.n_rows:,} objects, those that the run was trained on among them"
    rows = getattr(split_store(store, from_dict(TrainSettings, run.config["settings"])), split)
    return split, rows, f"{len(rows):,} of {store.n_rows:,} objects: the {split} split of the run's own training"


def training_rows(judged: Judged) -> NDArray[np.int64]:
    """Rows of the store that the judged run learnt from, see `learnt_from`."""
    return learnt_from(judged.run, judged.prepared)


def learnt_from(run: RunFolder, prepared: Source) -> NDArray[np.int64]:
    """Rows of a store that a run learnt from, where that is the store.

    Parameters
    ----------
    run : RunFolder
        Finished.
    prepared : Source
        Reads the store as the run's model does.

    Raises
    ------
    ConfigError
        When the run was trained on another.
    """
    config, store, known = run.config, prepared.store, prepared.known
    if config.get("data", {}).get("sha256") != store.manifest.fingerprint:
        raise ConfigError(f"the run {run.name} was trained on another store", store.path,
                          f"name that one: {config.get('data', {}).get('store', 'not recorded')}")
    rows = split_store(store, from_dict(TrainSettings, config["settings"])).train
    return rows if known is None else rows[known[rows]]


def class_names(loaded: Loaded) -> tuple[str, ...]:
    """Classes that a classifier gives probabilities of, in order; none of any other run."""
    if isinstance(loaded.model, FeatureModel):
        return ()
    names = [column.name for column in loaded.model.columns()]
    return tuple(name.removeprefix("p_") for name in names if name.startswith("p_")) if "class_pred" in names else ()


def class_entries(loaded: Loaded) -> tuple[str, ...]:
    """The classes of a classifier as its configuration has them, which may say what they stand for; none of any other run."""
    written_out = getattr(loaded.config, "entries", None) or getattr(loaded.config, "classes", ())
    return tuple(written_out) if class_names(loaded) else ()


def _kept(store: Store, run: RunFolder, rows: NDArray[np.int64]) -> dict[str, NDArray]:
    """Columns that `qso predict` left under the run in the store; none where there are none of these objects."""
    file = RunFolder(paths.runs(store.path) / run.path.name).column_file(PREDICTIONS)
    if not file.exists():
        return {}
    table = ParquetTable(file)
    says = (table.schema.metadata or {}).get(ROW_ORDER.encode(), b"").decode()
    if says != store.manifest.fingerprint or table.n_rows != store.n_rows:
        return {}
    names = [name for name in table.schema.names if name != "object_id"]
    read: pa.Table = table.read(names, rows)
    return {name: to_numpy(read.column(name)) for name in names}


def _predicted(store: Store, loaded: Loaded, rows: NDArray[np.int64], device: str) -> dict[str, NDArray]:
    parts = [*predict_blocks(store, loaded, rows, device)]
    return {column.name: np.concatenate([part[column.name] for part in parts]) for column in loaded.model.columns()}


def _latents(store: Store, loaded: Loaded, rows: NDArray[np.int64],
             device: str) -> tuple[dict[str, NDArray], NDArray[np.float32] | None]:
    """Columns, and the latents themselves where they are too many for columns."""
    encoder, parts, latents = open_encoder(loaded.run, device=device), [], []
    prepared = prepared_for(loaded.reads, store, encoder.grid, encoder.normalisation)
    beside = encoder.photometry_beside(store)
    with Progress(len(rows), "encode") as progress:
        for block in prepared.stream(rows, BLOCK):
            each, measured = _measured(encoder, block, beside and beside.read(block.rows))
            each[measured["n_pix_good"] == 0] = np.nan
            latents.append(each)
            parts.append(measured)
            progress.update(len(block.rows))
    found = np.concatenate(latents)
    shown = found if found.shape[1] <= MOST_LATENTS else kept_features.components(found)
    columns = {f"latent_{k}": column for k, column in enumerate(np.ascontiguousarray(shown.T))}
    columns |= {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return columns, None if shown is found else found


def _measured(encoder: Encoder, block: Block, beside: Block | None) -> tuple[NDArray[np.float32], dict[str, NDArray]]:
    """Latents (n, k) of prepared objects, with photometry where the run has learnt it, and how well they are given back."""
    latents, seen = encoder.encode(block.x, block.w, beside), encoder.model.seen.cpu().numpy()
    if isinstance(encoder, Decoder):
        return latents, fidelity(block.x, block.w * seen, block.precision * seen, encoder.decode(latents))
    return latents, {"n_pix_good": (block.ivar > 0).reshape(len(block.rows), -1).sum(axis=1).astype(np.int32)}
