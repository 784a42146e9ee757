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
from qsocore.embed.decoder import Decoder
from qsocore.embed.stream import BLOCK
from qsocore.errors import ConfigError, StoreError
from qsocore.evaluate.latents import fidelity
from qsocore.evaluate.truth import Truth, need_classes, need_redshifts, truth_of
from qsocore.models.base import LatentModel
from qsocore.models.labels import KINDS
from qsocore.models.load import Loaded
from qsocore.preprocess.prepare import Prepared
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
        Of a predictor: its columns. Of a run with latents: ``latent_0`` ... and `qsocore.evaluate.latents.MEASURES`.
    note : str
        How the rows were chosen and where the columns are from.
    """

    store: Store
    run: RunFolder
    loaded: Loaded
    split: str
    rows: NDArray[np.int64]
    truth: Truth
    columns: dict[str, NDArray]
    note: str

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_latent(self) -> bool:
        """Whether the run has latents; else it is a predictor."""
        return isinstance(self.loaded.model, LatentModel)

    @cached_property
    def latents(self) -> NDArray[np.float32]:
        """Latents (n, k) of a run that has them."""
        self.need("latent_0", "latents", "name a run of a latent model (infovae, pca, nmf ...)")
        return np.stack([self.columns[f"latent_{k}"] for k in range(self.loaded.model.n_latent)], axis=1)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes: those that a classifier knows, else all thirteen."""
        return class_names(self.loaded) or KINDS

    @property
    def title(self) -> str:
        """The run and the objects, for a figure's heading."""
        side = "" if self.split == "all" else f", {self.split} split"
        return f"{self.run.name} on {self.store.path.name}{side} ({len(self):,} objects)"

    def among(self, rows: NDArray[np.int64]) -> Judged:
        """The judged objects that are among these rows of the store."""
        here = np.flatnonzero(np.isin(self.rows, rows))
        return replace(self, rows=self.rows[here], truth=self.truth.take(here),
                       columns={name: column[here] for name, column in self.columns.items()})

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
        A store of spectra.
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
    if not len(rows):
        raise StoreError(f"no object is in the {side} split", store.path, "take another split, or a larger store")
    if isinstance(loaded.model, LatentModel):
        columns, made = _latents(store, run, rows, device), "latents computed for them"
    else:
        columns = _kept(store, run, rows)
        made = "predictions kept in the store" if columns else "predictions made for them"
        columns = columns or _predicted(store, loaded, rows, device)
    truth = truth_of(store, class_names(loaded) or KINDS).take(rows)
    return Judged(store, run, loaded, side, rows, truth, columns, f"{note}; {made}")


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


def class_names(loaded: Loaded) -> tuple[str, ...]:
    """Classes that a classifier gives probabilities of, in order; none of any other run."""
    if isinstance(loaded.model, LatentModel):
        return ()
    names = [column.name for column in loaded.model.columns()]
    return tuple(name.removeprefix("p_") for name in names if name.startswith("p_")) if "class_pred" in names else ()


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


def _latents(store: Store, run: RunFolder, rows: NDArray[np.int64], device: str) -> dict[str, NDArray]:
    decoder, parts = Decoder(run, device=device), []
    prepared = Prepared(store, decoder.grid, decoder.normalisation)
    seen = decoder.model.seen.cpu().numpy()
    with Progress(len(rows), "encode") as progress:
        for block in prepared.stream(rows, BLOCK):
            latents = decoder.encode(block.x, block.w)
            precision = block.ivar * (block.scale**2)[:, None] * seen
            measured = fidelity(block.x, block.w * seen, precision, decoder.decode(latents))
            latents[measured["n_pix_good"] == 0] = np.nan
            parts.append({f"latent_{k}": latents[:, k] for k in range(decoder.n_latent)} | measured)
            progress.update(len(block.rows))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
