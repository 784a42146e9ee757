"""Slim copies of SDSS spec files: what a reader of spectra needs and nothing else, verified before it is called a copy.

A copy has the original's primary header, of HDU 1 the columns flux, loglam, ivar and and_mask with their formats, and HDU 2,
the object's row of the catalogue, as it is. Left out are the sky, the model, the resolution, the other mask and the single
exposures. The copy is read back and compared with the original, value by value, before it takes its name.
"""

from __future__ import annotations

import bz2
import gzip
import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from qsocore.errors import AtlasError, ReadError
from qsocore.progress import Progress
from qsocore.store.files import write_whole
from qsocore.surveys import SURVEYS
from qsocore.surveys._blocks import scan
from qsocore.surveys.probe import Probe
from qsocore.workflow.find_files import Found, find_files

_BLOCK = 2880  # bytes

KEPT = ("flux", "loglam", "ivar", "and_mask")
"""Columns of HDU 1 that a copy has."""


@dataclass(frozen=True)
class Shrunk:
    """What became of one file.

    Parameters
    ----------
    path : Path
        The original.
    before, after : int
        Bytes of the original and of its copy.
    refusal : AtlasError or None
        Why there is no copy.
    """

    path: Path
    before: int
    after: int = 0
    refusal: AtlasError | None = None


def shrink(inputs: Iterable[str | Path], out: str | Path) -> list[Shrunk]:
    """Write slim copies of all spec files under the inputs; the originals are only read.

    Parameters
    ----------
    inputs : iterable of path
        Files, and folders that are searched.
    out : path
        Folder of the copies; a file of a given folder keeps its place below it. A copy that is there is made anew.

    Returns
    -------
    list of Shrunk
        One for each file, in the order of their paths.

    Raises
    ------
    AtlasError
        When an input does not exist, or two files would have the same copy.
    """
    given, out = [Path(one) for one in inputs], Path(out)
    files = find_files(given, apart=[out])
    copies = _places(files, given, out)
    done = []
    with Progress(len(files), "shrink") as progress:
        for file, copy in zip(files, copies, strict=True):
            done.append(_shrink_one(file, copy))
            progress.update(1, file.path.name)
    return done


def _places(files: list[Found], given: list[Path], out: Path) -> list[Path]:
    """Where each file's copy goes."""
    folders = sorted((one for one in given if one.is_dir()), key=lambda one: -len(one.parts))
    taken: dict[Path, Path] = {}
    for file in files:
        within = next((folder for folder in folders if file.path.is_relative_to(folder)), file.path.parent)
        copy = out / file.path.relative_to(within)
        copy = copy.with_suffix("") if copy.suffix in (".gz", ".bz2") else copy
        if copy in taken:
            raise AtlasError(f"{taken[copy]} and {file.path} would have the same copy", copy,
                             "shrink them into folders of their own")
        taken[copy] = file.path
    return list(taken)


def _shrink_one(file: Found, copy: Path) -> Shrunk:
    try:
        if file.refusal is not None:
            raise file.refusal
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)  # of cards that SDSS itself wrote
            content = slim(file.path)
            verify(file.path, content)
        write_whole(copy, lambda out: out.write(content))
        return Shrunk(file.path, file.size, copy.stat().st_size)
    except AtlasError as error:
        return Shrunk(file.path, file.size, refusal=error)


def slim(path: Path) -> bytes:
    """The slim copy of a spec file.

    Raises
    ------
    ReadError
        ``no-spec-file`` when it is not one; ``damaged``.
    """
    with Probe(path) as probe:
        if not SURVEYS.get("sdss-spec").identify(probe):
            raise probe.refusal() or ReadError("no-spec-file", "it is no spec file of SDSS", path,
                                               "give spec-PLATE-MJD-FIBER.fits")
    try:
        content = _unpacked(path)
        raw = _hdus(content, path)
        with fits.open(io.BytesIO(content)) as hdus:
            return b"".join([raw[0], _columns(hdus[1], path), *raw[2:3]])
    except (OSError, EOFError, ValueError, TypeError, KeyError, IndexError) as error:
        raise ReadError("damaged", f"it cannot be read ({error})", path, "check the file against its origin") from None


def _unpacked(path: Path) -> bytes:
    opened = {".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix, open)
    with opened(path, "rb") as file:
        return file.read()


def _hdus(content: bytes, path: Path) -> list[bytes]:
    """The HDUs of a file as they lie in it: what is not read cannot be changed."""
    blocks, refusal = scan(io.BytesIO(content), path, len(content) + 1)
    if refusal is not None:
        raise refusal
    ends = [-(-(block.start + block.size) // _BLOCK) * _BLOCK for block in blocks]
    return [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _columns(table: fits.BinTableHDU, path: Path) -> bytes:
    """HDU 1 with the columns that are kept, in their order and formats."""
    names = [name for name in table.columns.names if name.lower() in KEPT]
    columns = [fits.Column(name=name, format=table.columns[name].format, unit=table.columns[name].unit,
                           bzero=table.columns[name].bzero, array=table.data[name]) for name in names]
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns, name=table.name)]).writeto(out)
    return _hdus(out.getvalue(), path)[1]


def verify(path: Path, content: bytes) -> None:
    """Compare a copy with its original, value by value and bit by bit.

    Raises
    ------
    ReadError
        ``differs`` when anything that was to be kept is not the same.
    """
    def differs(what: str) -> ReadError:
        return ReadError("differs", f"{what} of the copy is not the original's", path,
                         "keep the original, and report this file")

    whole = _unpacked(path)
    with fits.open(io.BytesIO(whole)) as old, fits.open(io.BytesIO(content)) as new:
        for name in old[1].columns.names:
            if name.lower() in KEPT and not _same(old[1].data[name], new[1].data[name]):
                raise differs(name)
    before, after = _hdus(whole, path), _hdus(content, path)
    if before[0] != after[0] or before[2:3] != after[2:3]:
        raise differs("the header or the catalogue's row")


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()
