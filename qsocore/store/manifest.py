"""The manifest of a store: typed, versioned, checked as it is read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from qsocore.errors import StoreError
from qsocore.sampling import Grid, read_grid
from qsocore.store import paths
from qsocore.store.files import write_text

SCHEMA_VERSION = 1

ARRAYS = {"flux": "float32", "ivar": "float32", "mask": "uint8"}
"""Arrays of a store, each (rows, n_pix) of spectra or (rows, n_bands, side, side) of images."""


@dataclass(frozen=True)
class Shard:
    """One run of rows: its number in the file names, how many rows, and the SHA-256 of each array's file."""

    number: int
    rows: int
    checksums: dict[str, str]


@dataclass(frozen=True)
class Manifest:
    """What a store holds.

    Parameters
    ----------
    n_rows : int
        Objects.
    grid : WaveGrid, ImageGrid or None
        Sampling of the spectra or of the images; None for a catalogue without either.
    surveys : dict of str to int
        Objects per survey.
    shards : tuple of Shard
        In the order of the catalogue's rows; empty for a catalogue alone.
    catalog_sha256 : str
        Checksum of ``catalog.parquet``; runs name it as the data that they read.
    code_version, created : str
        By what and when it was made (UTC, ISO 8601).
    provenance : dict
        Command, inputs, citations.
    """

    n_rows: int
    grid: Grid | None
    surveys: dict[str, int]
    shards: tuple[Shard, ...]
    catalog_sha256: str
    code_version: str
    created: str
    provenance: dict[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all checksums: stores of one fingerprint hold the same data, whatever they are called."""
        content = [self.catalog_sha256] + [sorted(shard.checksums.items()) for shard in self.shards]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def write(self, root: Path) -> None:
        """Write ``manifest.json``; with it the store is whole."""
        values = asdict(self) | {"grid": self.grid.to_dict() if self.grid else None}
        write_text(root / paths.MANIFEST, json.dumps(values, indent=1, sort_keys=True) + "\n")

    @classmethod
    def read(cls, root: Path) -> Manifest:
        """Read ``manifest.json``.

        Raises
        ------
        StoreError
            When there is no store, it is unfinished, damaged, or of a newer schema.
        """
        file = root / paths.MANIFEST
        try:
            values = json.loads(file.read_text())
        except (FileNotFoundError, NotADirectoryError):
            raise _absent(root) from None
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise StoreError(f"the manifest is damaged ({error})", file, "make the store again") from None
        version = values.get("schema_version") if isinstance(values, dict) else None
        if not isinstance(version, int):
            raise StoreError("the manifest names no schema version", file, "make the store again")
        if version > SCHEMA_VERSION:
            raise StoreError(f"the store has schema {version}, this version reads up to {SCHEMA_VERSION}", file,
                             "update QSO Atlas")
        try:
            grid = read_grid(values.pop("grid")) if values.get("grid") else None
            shards = tuple(Shard(**shard) for shard in values.pop("shards"))
            values.pop("grid", None)
            manifest = cls(grid=grid, shards=shards, **values)
        except (KeyError, TypeError) as error:
            raise StoreError(f"the manifest is damaged ({error})", file, "make the store again") from None
        if shards and sum(shard.rows for shard in shards) != manifest.n_rows:
            raise StoreError("the shards do not add up to the catalogue's rows", file, "make the store again")
        return manifest


def _absent(root: Path) -> StoreError:
    if paths.partial(root).is_dir():
        return StoreError("the store is unfinished", root, "run the same command again: it resumes")
    if root.exists():
        return StoreError("this is no store (it has no manifest.json)", root)
    return StoreError("there is no such store", root, "make one with 'qso ingest' or 'qso simulate'")
