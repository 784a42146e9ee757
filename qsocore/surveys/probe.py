"""Probe: a look at a file that costs little, from which surveys recognise theirs and read it."""

from __future__ import annotations

import bz2
import gzip
import io
import warnings
import zipfile
import zlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from qsocore.errors import ReadError
from qsocore.surveys._blocks import BinTable, Block, Headers, image, image_rows, scan

if TYPE_CHECKING:
    from astropy.io.fits import HDUList
    from numpy.typing import NDArray

LIMIT = 2 * 1024**3
"""Bytes to which a file may inflate; a gzip of 1 MB can hold 1 GB."""

_MAGIC = (
    (b"SIMPLE  =", "fits"), (b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"PAR1", "parquet"), (b"\x93NUMPY", "npy"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"), (b"PK\x03\x04", "zip"), (b"\x80\x02", "pickle"), (b"\x80\x03", "pickle"),
    (b"\x80\x04", "pickle"), (b"\x80\x05", "pickle"),
)
_PICKLE_NAMES = (".pkl", ".pickle", ".p")  # protocols 0 and 1 have no magic
_HEAD = 2048  # bytes by which a kind is told
_CHUNK = 1 << 20
_GZIP_LEAST = 18  # bytes of header and trailer
_DEFLATE_MOST = 1032  # to one, by which deflate can shrink at most


class Probe:
    """One file, opened once.

    Parameters
    ----------
    path : str or Path
        The file; gzip and bzip2 are inflated, other kinds are read where they are touched.
    limit : int
        Bytes to which a compressed file or image may inflate.

    Attributes
    ----------
    path : Path
    kind : str
        What the first bytes say, after inflating: "fits", "csv", "parquet", "votable", "npz", "npy", "hdf5", "zip", "pickle",
        "empty" or "unknown".

    Raises
    ------
    ReadError
        ``unreadable`` (absent, a folder, no permission), ``too-large``, ``truncated`` (compressed stream broken off),
        ``damaged`` (no such stream).
    """

    def __init__(self, path: str | Path, limit: int = LIMIT):
        self.path, self.limit = Path(path), limit
        try:
            self.file: BinaryIO = open(self.path, "rb")  # noqa: SIM115 - closed by close()
            head = self.file.read(_HEAD)
            if _kind(head, self.path) in ("gzip", "bzip2"):
                self.file = self._inflated(_kind(head, self.path))
                head = self.file.read(_HEAD)
        except OSError as error:
            raise ReadError("unreadable", f"it cannot be read: {error.strerror or error}", self.path,
                            "check the path and its permissions") from error
        self.kind = _kind(head, self.path)
        if self.kind == "zip":
            self.kind = self._kind_of_zip()

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; arrays that were read stay."""
        self.file.close()

    def _inflated(self, kind: str) -> BinaryIO:
        size = self.path.stat().st_size
        with self.file as packed:
            if kind == "gzip" and size >= _GZIP_LEAST:
                packed.seek(-4, io.SEEK_END)
                declared = int.from_bytes(packed.read(4), "little")  # modulo 2^32
                if declared <= size * _DEFLATE_MOST:  # else it is no size: the file breaks off
                    self._hold_to_limit(declared)
            packed.seek(0)
            stream = gzip.GzipFile(fileobj=packed) if kind == "gzip" else bz2.BZ2File(packed)
            out = io.BytesIO()
            try:
                while chunk := stream.read(_CHUNK):
                    self._hold_to_limit(out.tell() + len(chunk))
                    out.write(chunk)
            except EOFError as error:
                raise ReadError("truncated", f"the {kind} stream breaks off after {out.tell()} bytes", self.path,
                                "fetch it again") from error
            except (zlib.error, OSError) as error:
                raise ReadError("damaged", f"the {kind} stream is damaged ({error})", self.path, "fetch it again") from error
        out.seek(0)
        return out

    def _hold_to_limit(self, size: int) -> None:
        if size > self.limit:
            raise ReadError("too-large", f"it inflates to {size / 1024**2:.0f} MiB or more, over the limit of "
                            f"{self.limit / 1024**2:.0f} MiB", self.path, "inflate it yourself if you trust it")

    def _kind_of_zip(self) -> str:
        try:
            names = zipfile.ZipFile(self.file).namelist()
        except zipfile.BadZipFile:
            return "unknown"
        if any(name.endswith(_PICKLE_NAMES) for name in names):
            return "pickle"
        return "npz" if names and all(name.endswith(".npy") for name in names) else "zip"

    @cached_property
    def _scan(self) -> tuple[list[Block], ReadError | None]:
        """HDUs that are whole, and what is wrong after them."""
        if self.kind != "fits":
            return [], None
        return scan(self.file, self.path, self.limit)

    @cached_property
    def headers(self) -> Headers:
        """Headers of all HDUs that are whole, as `astropy.io.fits.Header`, made when they are asked for; none if not FITS."""
        return Headers([block.cards for block in self._scan[0]])

    @cached_property
    def hdu_names(self) -> list[str]:
        """Name of every HDU in capitals, "PRIMARY" for a nameless first and "" for others without one."""
        return [block.name or ("" if number else "PRIMARY") for number, block in enumerate(self._scan[0])]

    def keyword(self, key: str, default=None, hdu: int = 0) -> int | float | str | None:
        """A keyword of fixed format (0 and 1 for F and T) without the cost of parsing the header; `default` where absent."""
        return self._scan[0][hdu].get(key, default) if hdu < len(self._scan[0]) else default

    def cards(self, hdu: int) -> bytes:
        """The 80-byte cards of an HDU's header, up to and with END."""
        return self._scan[0][hdu].cards

    def columns(self, hdu: int | str) -> list[str]:
        """Column names of a table, as written; none when there is no such HDU or it is no table."""
        number = self._number(hdu)
        return [] if number is None else self._scan[0][number].columns

    def table(self, hdu: int | str, first: int = 0, last: int | None = None) -> BinTable:
        """A binary table (or its rows from first up to last), its columns decoded when they are asked for; twenty times faster
        than astropy for wide ones.

        Raises
        ------
        ReadError
            ``truncated`` and others when the file is damaged; ``wrong-hdu`` when there is no such table.
        """
        self._hold_whole()
        number = self._number(hdu)
        if number is None or self._scan[0][number].get("XTENSION") != "BINTABLE":
            raise ReadError("wrong-hdu", f"HDU {hdu} is not there or no binary table", self.path)
        return BinTable(self._scan[0][number], self.file, first, last)

    def image_rows(self, hdu: int, first: int, last: int) -> NDArray:
        """Rows from first up to last of an image of floating-point numbers, (last - first, NAXIS1), as `_blocks.image_rows`."""
        self._hold_whole()
        return image_rows(self._scan[0][hdu], self.file, first, last)

    def image(self, hdu: int) -> NDArray:
        """A whole image, as numpy has it; fifty times faster than astropy for small ones that are not tile-compressed.

        Raises
        ------
        ReadError
            ``truncated`` and others when the file is damaged.
        """
        self._hold_whole()
        block = self._scan[0][hdu]
        return np.asarray(self.hdus()[hdu].data) if block.get("ZIMAGE") else image(block, self.file)

    def hdus(self) -> HDUList:
        """The file as astropy opens it.

        Raises
        ------
        ReadError
            ``not-fits``, ``truncated``, ``damaged``, ``too-large``.
        """
        self._hold_whole()
        return self._hdus

    @cached_property
    def _hdus(self) -> HDUList:
        from astropy.io import fits
        from astropy.io.fits.verify import VerifyError

        self.file.seek(0)
        source = self.file if isinstance(self.file, io.BytesIO) else self.path
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # headers that astropy mends by itself
                hdus = fits.open(source, memmap=False, lazy_load_hdus=False)
        except (OSError, ValueError, TypeError, KeyError, IndexError, VerifyError) as error:
            raise ReadError("damaged", f"astropy cannot open it ({error})", self.path, "check it against its origin") from error
        if len(hdus) != len(self._scan[0]):  # a header whose END is damaged runs on into the next
            raise ReadError("damaged", f"astropy finds {len(hdus)} HDUs where {len(self._scan[0])} headers end", self.path,
                            "fetch it again")
        return hdus

    def forget(self) -> None:
        """Let go of what astropy has in memory; it is opened again when it is asked for."""
        self.__dict__.pop("_hdus", None)

    def _number(self, hdu: int | str) -> int | None:
        if isinstance(hdu, int):
            return hdu if 0 <= hdu < len(self._scan[0]) else None
        return self.hdu_names.index(hdu.upper()) if hdu.upper() in self.hdu_names else None

    def _hold_whole(self) -> None:
        if refusal := self.refusal():
            raise refusal
        if self.kind != "fits":
            raise ReadError("not-fits", f"it is no FITS file but {self.summary()}", self.path)

    def refusal(self) -> ReadError | None:
        """Why no survey can read this file, as far as its first bytes and its headers tell; None when they tell nothing."""
        if self.kind == "empty":
            return ReadError("empty", "it is empty", self.path, "fetch it again")
        if self.kind == "pickle":
            return ReadError("pickle", "it holds a pickle, which can run any code when it is opened", self.path,
                             "ask its author for FITS, HDF5, npy, Parquet or CSV")
        if self.kind == "unknown":
            return ReadError("unknown-format", "its first bytes are of no known format", self.path,
                             "give FITS, HDF5, npy, Parquet, CSV, VOTable or npz")
        return self._scan[1]

    def summary(self) -> str:
        """The file in a few words, for messages."""
        if self.kind != "fits":
            return f"{self.kind} file"
        return f"FITS file with HDUs {', '.join(name or str(i) for i, name in enumerate(self.hdu_names[:8]))}"


def _kind(head: bytes, path: Path) -> str:
    if not head:
        return "empty"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if path.suffix.lower() in _PICKLE_NAMES:
        return "pickle"
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith(b"<") and b"<VOTABLE" in head.upper():
        return "votable"
    return "csv" if _is_text(head) and any(mark in head for mark in b",;\t|") else "unknown"


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        head[:-4].decode("utf-8")  # the last character may be cut
    except UnicodeDecodeError as error:
        return error.start > len(head) - 8
    return True
