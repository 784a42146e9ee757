"""Arrays that are made once, lie on the disk, and are memory-mapped by every session and every later server.

A catalogue that is small stays in memory. What lies on the shelf can always be made again, so it is thrown away when it has
not been used for long.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore.store import paths
from qsocore.store.files import write_whole

BIG = 2_000_000
"""Rows from which arrays are laid on the disk."""
_MOST_BYTES = 30e9


class Shelf:
    """A folder of arrays for one catalogue.

    Parameters
    ----------
    folder : path, optional
        None keeps everything in memory.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "used").touch()

    @classmethod
    def of(cls, fingerprint: str, n_rows: int) -> Shelf:
        """The shelf of a catalogue, told by its content; in the user's folder when it is big."""
        if n_rows < BIG:
            return cls()
        folder = paths.home() / "cache"
        _tidy(folder, keep=fingerprint[:16])
        return cls(folder / fingerprint[:16])

    def array(self, name: str, make: Callable[[], NDArray]) -> NDArray:
        """The array of that name, read-only; made and laid down at the first call."""
        if self.folder is None:
            made = make()
            made.flags.writeable = False
            return made
        file = self.folder / f"{_short(name)}.npy"
        try:
            return np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            made = make()
            write_whole(file, lambda out: np.save(out, made, allow_pickle=False))
            return np.load(file, mmap_mode="r", allow_pickle=False)

    def text(self, name: str, make: Callable[[], Iterable[pa.Array]]) -> pa.ChunkedArray:
        """A column of text, memory-mapped; made and laid down at the first call."""
        if self.folder is None:
            return _chunked(make())
        file = self.folder / f"{_short(name)}.arrow"
        try:
            return pa.ipc.open_file(pa.memory_map(str(file))).read_all().column(0)
        except (OSError, pa.ArrowInvalid):
            write_whole(file, lambda out: _write(out, make()))
            return pa.ipc.open_file(pa.memory_map(str(file))).read_all().column(0)


def _short(name: str) -> str:
    """A file's name for anything that a column may be called."""
    return f"{''.join(sign if sign.isalnum() else '-' for sign in name)[:60]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _chunked(pieces: Iterable[pa.Array]) -> pa.ChunkedArray:
    return pa.chunked_array([piece.cast(pa.string()) for piece in pieces], pa.string())


def _write(out, pieces: Iterable[pa.Array]) -> None:
    schema = pa.schema([("text", pa.string())])
    with pa.ipc.new_file(out, schema) as writer:
        for piece in pieces:
            writer.write_batch(pa.record_batch([piece.cast(pa.string())], schema=schema))


def _tidy(folder: Path, keep: str) -> None:
    """Throw away the shelves that were not used for longest while all of them take more than their share of the disk."""
    if not folder.is_dir():
        return
    shelves = [path for path in folder.iterdir() if (path / "used").exists()]
    shelves.sort(key=lambda path: (path / "used").stat().st_mtime)
    sizes = {path: sum(file.stat().st_size for file in path.iterdir()) for path in shelves}
    for path in shelves:
        if sum(sizes.values()) < _MOST_BYTES:
            return
        if path.name != keep:
            shutil.rmtree(path, ignore_errors=True)
            del sizes[path]
