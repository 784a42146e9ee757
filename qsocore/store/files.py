"""Files that are whole or absent: written aside, flushed to the disk, renamed into place; and their checksums."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, write: Callable[[BinaryIO], object], mode: int = 0o666) -> str:
    """Write a file so that a crash at any moment leaves the old one or the new one.

    Parameters
    ----------
    path : Path
        Where it will be; its folder is made.
    write : callable
        Writes the content to the open file it is given.
    mode : int
        Who may read it, from its first byte on; less what the process's umask takes away.

    Returns
    -------
    str
        SHA-256 of the content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(aside, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        digest = sha256(aside)
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return digest


def write_text(path: Path, text: str, mode: int = 0o666) -> str:
    """Write a small text file whole; returns its SHA-256."""
    return write_whole(path, lambda file: file.write(text.encode()), mode)


def flush(path: Path) -> None:
    """Return once a file's content is on the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def sha256(path: Path) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
