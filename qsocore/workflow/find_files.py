"""Which files an ingest is given: sorted, each once, with what is no file and what is a store told apart."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from qsocore.archive import ASIDE
from qsocore.errors import AtlasError, ReadError
from qsocore.store import paths


@dataclass(frozen=True)
class Found:
    """One path to account for.

    Parameters
    ----------
    path : Path
        As the user would write it.
    size, changed : int
        Bytes, and nanoseconds of the last change; 0 where it could not be looked at.
    refusal : ReadError or None
        Why it is not even opened.
    n_rows : int
        Objects that it is known to hold before it is read; 0 where only reading tells.
    """

    path: Path
    size: int = 0
    changed: int = 0
    refusal: ReadError | None = None
    n_rows: int = 0


def find_files(inputs: Iterable[str | Path], apart: Iterable[Path] = ()) -> list[Found]:
    """All files under the inputs, sorted by path, each once even where inputs overlap; stores, and what a download keeps aside,
    are left out.

    Parameters
    ----------
    inputs : iterable of path
        Files and folders; links to folders are not followed.
    apart : iterable of path
        Folders to leave out, such as the store that is being written.

    Raises
    ------
    AtlasError
        When an input does not exist.
    """
    away = {os.path.abspath(folder) for folder in apart}
    found: dict[str, Found] = {}
    for given in map(Path, inputs):
        if not os.path.lexists(given):
            raise AtlasError("there is no such file or folder", given, "look at the spelling")
        for entry in _walk(given, away) if given.is_dir() else [_look(given)]:
            found.setdefault(os.path.realpath(entry.path), entry)
    return sorted(found.values(), key=lambda entry: entry.path)


def _walk(folder: Path, away: set[str]) -> Iterable[Found]:
    locked: list[Found] = []

    def unreadable(error: OSError) -> None:
        locked.append(Found(Path(error.filename), refusal=ReadError(
            "unreadable", f"the folder cannot be read: {error.strerror}", error.filename, "check its permissions")))

    for root, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if os.path.abspath(os.path.join(root, name)) not in away
                      and name != ASIDE and not _is_store(Path(root, name))]
        yield from (_look(Path(root, name)) for name in files)
    yield from locked


def _is_store(folder: Path) -> bool:
    return all(os.path.exists(folder / name) for name in (paths.MANIFEST, paths.CATALOG))  # False for a locked folder


def _look(path: Path) -> Found:
    try:
        status = path.stat()
    except OSError as error:
        return Found(path, refusal=ReadError("unreadable", f"it cannot be read: {error.strerror}", path, "see where it leads"))
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
        return Found(path, refusal=ReadError("not-a-file", "it is a pipe, a socket or a device", path, "give files"))
    return Found(path, status.st_size, status.st_mtime_ns)
