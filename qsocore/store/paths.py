"""The one module that knows where things lie in a store and in a run."""

from __future__ import annotations

import os
from pathlib import Path

MANIFEST = "manifest.json"
CATALOG = "catalog.parquet"
LABELS = "labels.sqlite"


def partial(root: Path) -> Path:
    """Where a store is written until it is whole."""
    return root.with_name(root.name + ".partial")


def array_file(name: str, shard: int) -> str:
    """Path of one array's shard, relative to the store."""
    return f"arrays/{name}-{shard:05d}.npy"


def fragment(root: Path, shard: int) -> Path:
    """The catalogue rows of one shard while a store is being written; its presence says that the shard is whole."""
    return root / "fragments" / f"{shard:05d}.parquet"


def plan(root: Path) -> Path:
    """What a store in writing is to become; a resumed writer must want the same."""
    return root / "plan.json"


def runs(root: Path) -> Path:
    """Folder of the runs of a store."""
    return root / "runs"


def study(root: Path, name: str) -> Path:
    """The search for the best settings of a run of that name, an SQLite file."""
    return runs(root) / f"{name}.study.sqlite"


def images(root: Path) -> Path:
    """Where a store keeps images beside its spectra: a store of images, joined by object id."""
    return root / "images"


def columns(root: Path) -> Path:
    """Folder of the columns that a store keeps beside its catalogue."""
    return root / "columns"


def selections(root: Path) -> Path:
    """Folder of the selections kept in a store."""
    return root / "selections"


def campaigns(root: Path) -> Path:
    """Folder of what campaigns have besides the store's objects."""
    return root / "campaigns"


def injected(root: Path, campaign: str) -> Path:
    """Images of the simulated lenses that were put into a campaign: a store of images."""
    return campaigns(root) / campaign / "injected.store"


def home() -> Path:
    """The user's own folder: ``$QSO_ATLAS_HOME`` or ``~/.local/share/qso-atlas``."""
    return Path(os.environ.get("QSO_ATLAS_HOME") or Path.home() / ".local" / "share" / "qso-atlas")
