"""Runs on the disk: one folder ``TIME-NAME`` per training, in a store or in the user's library of runs."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qsocore.errors import ConfigError, StoreError, did_you_mean
from qsocore.store import paths

if TYPE_CHECKING:
    from qsocore.store.reader import Store

_FOLDER = re.compile(r"\d{8}T\d{6}-([\w.-]+)")
ROW_ORDER = "store"
"""Key of the metadata by which a file of a run says of which store it has the rows, see `in_row_order`."""

PREDICTIONS = "predictions"
"""The file of columns in which a store keeps what a run says of its objects."""

_PUBLISHED = ("run.json", "weights.safetensors", "journal.jsonl", "projections")


@dataclass(frozen=True)
class RunFolder:
    """One training's folder; a run is finished once it has weights.

    Parameters
    ----------
    path : Path
        ``.../runs/20270131T120000-NAME``.
    """

    path: Path

    @property
    def name(self) -> str:
        """The name users gave it."""
        found = _FOLDER.fullmatch(self.path.name)
        return found[1] if found else self.path.name

    @cached_property
    def config(self) -> dict[str, Any]:
        """Model, settings, grid, normalisation, data hash, code version: what ``run.json`` says.

        Raises
        ------
        StoreError
            When ``run.json`` is absent or damaged.
        """
        file = self.path / "run.json"
        try:
            return json.loads(file.read_text())
        except (OSError, json.JSONDecodeError) as error:
            raise StoreError(f"the run cannot be read ({error})", file, "train it again") from None

    @property
    def has_model(self) -> bool:
        """Whether a model is trained in it; the latents of a catalogue that is simulated without spectra have none."""
        return self.config.get("model") is not None

    @property
    def weights(self) -> Path:
        """Weights of the best step."""
        return self.path / "weights.safetensors"

    @property
    def journal(self) -> Path:
        """One JSON line per logged step."""
        return self.path / "journal.jsonl"

    @property
    def latents(self) -> Path:
        """Latents and reconstruction errors of the store's objects, by object id."""
        return self.path / "latents.parquet"

    @property
    def features(self) -> Path:
        """The features themselves of a run that has too many for columns, an array in the order of `latents`."""
        return self.path / "features.npy"

    @property
    def finished(self) -> bool:
        """Whether it can be used."""
        return self.weights.exists() and (self.path / "run.json").exists()

    def projection(self, name: str) -> Path:
        """Coordinates of the store's objects under a projection, by object id."""
        return self.path / "projections" / f"{name}.parquet"

    def reference(self, name: str) -> Path:
        """The latents and coordinates by which new objects find their place on the same map."""
        return self.path / "projections" / f"{name}.safetensors"

    def column_file(self, name: str) -> Path:
        """Further columns of the store's objects under this run, by object id."""
        return self.path / "columns" / f"{name}.parquet"

    def columns(self) -> list[str]:
        """Names of the files of further columns that are there."""
        return sorted(file.stem for file in (self.path / "columns").glob("*.parquet"))

    def projections(self) -> list[str]:
        """Names of the projections whose coordinates are there."""
        return sorted(file.stem for file in (self.path / "projections").glob("*.parquet"))


def in_row_order(store: Store) -> dict[str, str]:
    """Schema metadata of a run's file whose rows are the store's, one to one: it need not be joined by object id.

    A reader trusts it only where the numbers of rows are equal too.
    """
    return {ROW_ORDER: store.manifest.fingerprint}


def list_runs(folder: Path) -> list[RunFolder]:
    """Runs in a folder, the oldest first."""
    if not folder.is_dir():
        return []
    return [RunFolder(path) for path in sorted(folder.iterdir()) if path.is_dir() and _FOLDER.fullmatch(path.name)]


def name_run(folder: Path, name: str) -> RunFolder:
    """Where a run that begins now will lie.

    Raises
    ------
    ConfigError
        When the name would not do as part of a folder's name.
    """
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name):
        raise ConfigError(f"{name!r} is no name for a run", remedy="letters, digits, '.', '_' and '-'")
    return RunFolder(folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{name}")


def new_run(folder: Path, name: str) -> RunFolder:
    """Make the folder of a new run; see `name_run`."""
    run = name_run(folder, name)
    run.path.mkdir(parents=True, exist_ok=False)
    return run


def library() -> Path:
    """Folder of the user's library of runs, where a finished training is found by every store."""
    return paths.home() / "runs"


def shipped() -> Path:
    """Folder of the runs that come with the package, trained on simulations; `qso defaults` makes them again."""
    return Path(__file__).parents[1] / "runs"


def predicting(store: Store) -> list[RunFolder]:
    """The runs of a store that keep predictions for its objects, the newest first: of one column the first one's hold."""
    return [run for run in reversed(store.runs()) if run.column_file(PREDICTIONS).exists()]


def find_run(name: str, store: Store | None = None) -> RunFolder:
    """A finished run by name: in the store, then in the user's library, then of the package; or by the path of its folder.

    Raises
    ------
    StoreError
        When there is none; the message names the runs there are.
    """
    runs = [*list_runs(shipped()), *list_runs(library()), *(store.runs() if store else [])]
    finished = [run for run in runs if run.finished]
    for run in reversed(finished):
        if name in (run.name, run.path.name):
            return run
    if RunFolder(Path(name)).finished:
        return RunFolder(Path(name))
    begun = [run for run in (*runs, RunFolder(Path(name))) if name in (run.name, run.path.name, str(run.path))]
    for run in reversed(begun):
        if (run.path / "run.json").exists():
            raise _without_weights(run)
    known = {run.name for run in finished}
    remedy = did_you_mean(name, known) if known else "train one: qso train infovae STORE --run NAME"
    raise StoreError(f"no finished run is called {name!r}", store.path if store else library(), remedy)


def _without_weights(run: RunFolder) -> StoreError:
    """Why a run that is there cannot be used."""
    if not run.has_model:
        return StoreError(f"the run {run.name} has latents of no model", run.path, "take a run that was trained")
    return StoreError(f"the training of {run.name!r} is not finished: it has no weights", run.path,
                      f"call 'qso train {run.config['model']} STORE --run {run.name}' with the same settings: it goes on where "
                      "it was")


def copy_run(run: RunFolder, folder: Path) -> RunFolder:
    """Copy what makes a run usable elsewhere: configuration, weights, journal and the projections' references.

    Used both to publish a run to the library and to adopt one into a store; a copy that is there already is kept.
    """
    target = RunFolder(folder / run.path.name)
    if target.finished:
        return target
    aside = folder / f".{run.path.name}.partial"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for name in _PUBLISHED:
        source = run.path / name
        if source.is_dir():
            (aside / name).mkdir()
            for file in source.glob("*.safetensors"):
                shutil.copy2(file, aside / name)
        elif source.exists():
            shutil.copy2(source, aside)
    shutil.rmtree(target.path, ignore_errors=True)
    aside.rename(target.path)
    return target
