"""``.npy`` files by their header: what they declare is looked at before anything is read, and nothing is unpickled."""

from __future__ import annotations

import io
import zipfile
import zlib
from math import prod
from tokenize import TokenError
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError
from qsocore.surveys.probe import Probe


def declared(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype] | None:
    """Shape, whether columns come first, and type, of an ``.npy`` file at its beginning; None when it has no such header."""
    try:
        file.seek(0)
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return read(file)
    except (ValueError, SyntaxError, TokenError):
        return None


BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, KeyError, UnicodeDecodeError)
"""What Python's zipfile raises for archives that are damaged, encrypted or of an unknown kind."""


def members(probe: Probe) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Shape and type of every array of an ``.npz``, by its name; no array is read.

    Raises
    ------
    ReadError
        ``damaged``; ``pickle`` when one of them holds Python objects.
    """
    found = {}
    probe.file.seek(0)
    try:
        with zipfile.ZipFile(probe.file) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    header = declared(member)
                if header is None:
                    raise ReadError("damaged", f"its array {name} has no sound header", probe.path, "fetch it again")
                found[name.removesuffix(".npy")] = header[0], header[2]
    except BROKEN as error:
        raise ReadError("damaged", f"the archive is damaged ({error})", probe.path, "fetch it again") from None
    for name, (_, dtype) in found.items():
        if dtype.hasobject:
            raise ReadError("pickle", f"its array {name} holds pickled Python objects, which are never loaded", probe.path,
                            "ask its author for plain arrays")
    return found


def shape_of(probe: Probe) -> tuple[int, ...]:
    """Shape of a file's array of plain floating-point numbers; () for whatever else it is."""
    found = declared(probe.file) if probe.kind == "npy" else None
    return found[0] if found and found[2].kind == "f" else ()


def mapped(probe: Probe) -> NDArray:
    """The array, on the disk until it is touched (of a compressed file: in memory already).

    Raises
    ------
    ReadError
        ``pickle`` for Python objects, ``truncated`` when bytes are missing, ``damaged`` without a sound header.
    """
    found = declared(probe.file)
    if found is None:
        raise ReadError("damaged", "its header cannot be understood", probe.path, "fetch it again")
    shape, columns_first, dtype = found
    if dtype.hasobject:
        raise pickled(probe)
    if min(shape, default=0) < 0:
        raise ReadError("damaged", f"an array cannot have the shape {shape}", probe.path, "fetch it again")
    start, end = probe.file.tell(), probe.file.seek(0, io.SEEK_END)
    if prod(shape) * dtype.itemsize > end - start:
        raise ReadError("truncated", f"an array {shape} of {dtype} needs {prod(shape) * dtype.itemsize:,} bytes, it has "
                        f"{end - start:,}", probe.path, "fetch it again")
    order = "F" if columns_first else "C"
    if isinstance(probe.file, io.BytesIO):
        return np.frombuffer(probe.file.getbuffer(), dtype, prod(shape), start).reshape(shape, order=order)
    return np.memmap(probe.path, dtype, "r", start, shape, order)


def pickled(probe: Probe) -> ReadError:
    """Why an array of Python objects is not read."""
    return ReadError("pickle", "its array holds pickled Python objects, which can run any code when they are opened",
                     probe.path, "ask its author for plain numbers: with allow_pickle=False np.save refuses objects")
