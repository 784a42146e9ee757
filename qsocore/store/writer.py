"""Write a store: shard by shard, each whole or absent, the manifest last; an interrupted writer resumes."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from qsocore import __version__
from qsocore.catalog import Column
from qsocore.errors import StoreError
from qsocore.sampling import Grid
from qsocore.store import paths
from qsocore.store.columns import conform, encoding, to_table, unify
from qsocore.store.doubles import came_before, texts_at
from qsocore.store.files import write_text, write_whole
from qsocore.store.manifest import ARRAYS, Manifest, Shard
from qsocore.store.parquet import read_ahead
from qsocore.store.reader import Store, open_store

SHARD_ROWS = 65_536
"""Most rows of one shard."""

_GROUP_ROWS = 16_384  # a tapped object's row is read by its row group
_CHECKSUMS = b"qso_atlas_checksums"


class StoreWriter:
    """Writes ``OUT.partial`` and renames it to ``OUT`` when everything is there.

    Any process may write any shard, each shard once; only one calls `finish`. A second writer of the same plan finds the
    shards that are whole (`has`) and goes on with the others.

    Parameters
    ----------
    out : path
        The store to be.
    grid : WaveGrid, ImageGrid or None
        Sampling of the spectra or of the images; None for a catalogue alone.
    provenance : dict
        JSON-able: command, inputs, citations. It is part of the plan, so it holds nothing that changes between two calls.
    n_shards : int
        How many shards there will be; a shard may be empty.

    Raises
    ------
    StoreError
        When `out` exists, or an unfinished store of another plan lies there.
    """

    def __init__(self, out: str | Path, grid: Grid | None, provenance: dict[str, Any], n_shards: int):
        self.out, self.grid, self.provenance, self.n_shards = Path(out), grid, provenance, n_shards
        self.root = paths.partial(self.out)
        self.doubled: list[str] = []
        if self.out.exists():
            raise StoreError("it exists already", self.out, "delete it, or choose another --out")
        plan = {"grid": grid.to_dict() if grid else None, "provenance": provenance, "n_shards": n_shards}
        file = paths.plan(self.root)
        if not file.exists():
            write_text(file, json.dumps(plan, sort_keys=True))
        elif json.loads(file.read_text()) != json.loads(json.dumps(plan)):
            raise StoreError("an unfinished store of other inputs or settings lies there", self.root,
                             "delete that folder, or repeat the command that began it")

    def has(self, shard: int) -> bool:
        """Whether this shard is whole on the disk."""
        return paths.fragment(self.root, shard).exists()

    def write_shard(self, shard: int, flux: ArrayLike | None, ivar: ArrayLike | None, mask: ArrayLike | None,
                    catalog: Mapping[str, Any], columns: Iterable[Column] = ()) -> None:
        """Write one shard: arrays first, then its catalogue rows, whose presence says that it is whole.

        Parameters
        ----------
        shard : int
            0 to n_shards - 1.
        flux, ivar, mask : array_like, shape (rows, *grid.shape), or None
            float32, float32, uint8; None in a store of a catalogue alone.
        catalog : mapping of str to array_like, or DataFrame
            One value per row; ``object_id`` and ``survey`` are required.
        columns : iterable of Column
            Meaning of columns that are not standard.

        Raises
        ------
        StoreError
            When shapes do not fit, the shard is too large or its number is not in the plan.
        """
        table = to_table(catalog, columns)
        arrays = self._arrays(shard, table, flux, ivar, mask)
        if not 0 <= shard < self.n_shards:
            raise StoreError(f"shard {shard} is not among the {self.n_shards} planned", self.root)
        checksums = {name: write_whole(self.root / paths.array_file(name, shard), lambda file, a=array: np.save(file, a))
                     for name, array in arrays.items() if table.num_rows}
        table = table.replace_schema_metadata({_CHECKSUMS: json.dumps(checksums).encode()})
        write_whole(paths.fragment(self.root, shard), lambda file: pq.write_table(table, file, **encoding(table.schema)))

    def _arrays(self, shard: int, table: pa.Table, *arrays: ArrayLike | None) -> dict[str, NDArray]:
        for name in ("object_id", "survey"):
            if name not in table.column_names or table.column(name).null_count:
                raise StoreError(f"the catalogue needs a {name} in every row", f"shard {shard}")
        if self.grid is None:
            return {}
        if table.num_rows > SHARD_ROWS:
            raise StoreError(f"{table.num_rows} rows are more than a shard's {SHARD_ROWS}", f"shard {shard}")
        shape = (table.num_rows, *self.grid.shape)
        out = {name: np.ascontiguousarray(array, dtype) for (name, dtype), array in zip(ARRAYS.items(), arrays, strict=True)}
        for name, array in out.items():
            if array.shape != shape:
                raise StoreError(f"{name} has shape {array.shape} where {shape} is meant", f"shard {shard}")
        return out

    def finish(self, distinct: bool = False) -> Store:
        """Drop doubled objects, write the catalogue and the manifest, and put the store in its place.

        Parameters
        ----------
        distinct : bool
            Whether no object can have come twice, as of a simulator that numbers them: then nobody looks for it.

        Returns
        -------
        Store
            Open, read-only. `doubled` then lists the object ids that came more than once; the first was kept.

        Raises
        ------
        StoreError
            When a shard is missing or no object is left.
        """
        missing = [shard for shard in range(self.n_shards) if not self.has(shard)]
        if missing:
            raise StoreError(f"{len(missing)} of {self.n_shards} shards are not written", self.root, "resume the writing")
        keep = [None] * self.n_shards if distinct else self._first_of_each()
        n_rows = sum(pq.read_metadata(paths.fragment(self.root, shard)).num_rows if rows is None else int(rows.sum())
                     for shard, rows in enumerate(keep))
        if not n_rows:
            raise StoreError("no object was read", self.out)
        surveys, shards, checksum = self._write_catalog(keep)
        Manifest(
            n_rows=n_rows, grid=self.grid, surveys=dict(sorted(surveys.items())),
            shards=tuple(shards) if self.grid else (), catalog_sha256=checksum, code_version=__version__,
            created=datetime.now(UTC).isoformat(timespec="seconds"), provenance=self.provenance,
        ).write(self.root)
        shutil.rmtree(self.root / "fragments")
        for stray in self.root.rglob(".*.tmp"):  # left by a writer that was killed in the middle of a file
            stray.unlink()
        paths.plan(self.root).unlink()
        os.replace(self.root, self.out)
        return open_store(self.out)

    def _first_of_each(self) -> list[NDArray[np.bool_]]:
        """Per shard, which rows stay: of several with one object id the first."""
        def ids() -> Iterator[pa.Array]:
            for shard in range(self.n_shards):
                yield from pq.read_table(paths.fragment(self.root, shard), columns=["object_id"]).column(0).chunks

        again = came_before(ids)
        self.doubled = list(texts_at(ids(), np.flatnonzero(again)))
        lengths = [pq.read_metadata(paths.fragment(self.root, shard)).num_rows for shard in range(self.n_shards)]
        return np.split(~again, np.cumsum(lengths)[:-1])

    def _write_catalog(self, keep: list[NDArray[np.bool_] | None]) -> tuple[Counter, list[Shard], str]:
        """Put the fragments together, less the rows that do not stay; None keeps all."""
        schema = unify(pq.read_schema(paths.fragment(self.root, shard)) for shard in range(self.n_shards))
        surveys: Counter = Counter()
        shards: list[Shard] = []

        def write(file) -> None:
            with pq.ParquetWriter(file, schema, **encoding(schema)) as writer:
                fragments = read_ahead(paths.fragment(self.root, number) for number in range(self.n_shards))
                for number, (rows, table) in enumerate(zip(keep, fragments, strict=True)):
                    checksums = json.loads(table.schema.metadata[_CHECKSUMS])
                    if rows is not None and not rows.all():
                        table = table.filter(pa.array(rows))
                        checksums = self._compact(number, rows)
                    if table.num_rows:
                        writer.write_table(conform(table, schema), row_group_size=_GROUP_ROWS)
                        surveys.update({entry["values"]: entry["counts"] for entry in
                                        table.column("survey").value_counts().to_pylist()})
                        shards.append(Shard(number, table.num_rows, checksums))

        checksum = write_whole(self.root / paths.CATALOG, write)
        return surveys, shards, checksum

    def _compact(self, shard: int, rows: NDArray[np.bool_]) -> dict[str, str]:
        """Rewrite a shard's arrays without the doubled rows; the fragment keeps its rows, so this can be repeated.

        The compacted file has its own row count, by which a repetition after a crash knows what is already done.
        """
        checksums = {}
        for name in ARRAYS if self.grid else ():
            file = self.root / paths.array_file(name, shard)
            if not file.exists():
                continue
            array = np.load(file, mmap_mode="r", allow_pickle=False)
            kept = array[rows] if len(array) == len(rows) else np.asarray(array)
            if len(kept):
                checksums[name] = write_whole(file, lambda out, a=kept: np.save(out, a))
            else:
                file.unlink()
        return checksums
