"""FITS by its blocks: where each HDU lies, what its structural keywords say, and binary tables without astropy's detours.

A FITS file is a row of 2880-byte blocks; an HDU is header blocks of 80-byte cards up to END, then data blocks
(FITS standard 4.0, Pence et al. 2010, A&A 524, A42). Only structural keywords are read here, of fixed format; all others are
left to `astropy.io.fits.Header`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError

if TYPE_CHECKING:
    from astropy.io.fits import Header

_BLOCK, _CARD = 2880, 80
_END = b"END".ljust(_CARD)
_LONGEST = 4000 * _BLOCK  # of a header: 144,000 cards
_MOST_FIELDS = 999  # columns and axes that the standard allows
_CODES = {"L": "S1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8", "C": ">c8", "M": ">c16",
          "P": "V8", "Q": "V16"}


@dataclass(frozen=True)
class Block:
    """One HDU: its cards and where its data lie."""

    cards: bytes = field(repr=False)
    start: int
    size: int

    @cached_property
    def _places(self) -> dict[bytes, int]:
        """Where each keyword stands; the first of a doubled one counts."""
        return {self.cards[at:at + 8]: at for at in range(len(self.cards) - _CARD, -1, -_CARD)}

    def get(self, key: str, default=None) -> int | float | str | None:
        """Value of a fixed-format keyword: number, string, or 0 and 1 for F and T; `default` where it is absent or unclear."""
        at = self._places.get(key.encode("ascii").ljust(8))
        if at is None or self.cards[at + 8:at + 10] != b"= ":
            return default
        return _value(self.cards[at + 10:at + _CARD].decode("latin-1").strip(), default)

    def count(self, key: str, default: int = 0) -> int:
        """Value of a keyword that counts something; `default` where it is absent, -1 where it is no such number."""
        value = self.get(key, default)
        return value if isinstance(value, int) and value >= 0 else -1

    @cached_property
    def name(self) -> str:
        """EXTNAME in capitals, or ""."""
        return str(self.get("EXTNAME", "")).upper()

    @cached_property
    def columns(self) -> list[str]:
        """Column names of a table."""
        return [str(self.get(f"TTYPE{i}", "")) for i in range(1, min(self.count("TFIELDS"), _MOST_FIELDS) + 1)]


def _value(text: str, default):
    if text.startswith("'"):
        return re.match(r"'((?:[^']|'')*)", text)[1].replace("''", "'").strip()
    text = text.partition("/")[0].strip()
    if text in ("T", "F"):
        return int(text == "T")
    try:
        return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text.replace("D", "E"))
    except ValueError:
        return default


def scan(file: BinaryIO, path: Path, limit: int) -> tuple[list[Block], ReadError | None]:
    """Walk a FITS file from header to header.

    Parameters
    ----------
    file : binary file
    path : Path
        For messages.
    limit : int
        Bytes that one tile-compressed image may declare.

    Returns
    -------
    blocks : list of Block
        HDUs that are whole.
    fault : ReadError or None
        What is wrong with the rest: ``truncated``, ``damaged``, ``too-large``.
    """
    end, at, blocks = file.seek(0, 2), 0, []
    while at < end:
        where = f"{path}, HDU {len(blocks)}"
        cards = _cards(file, at)
        if cards is None:
            if blocks and _is_padding(file, at):
                break
            return blocks, ReadError("truncated", "its header has no END", where, "fetch the file again")
        block = Block(cards, at + _padded(len(cards)), _data_size(cards))
        if block.size < 0:
            return blocks, ReadError("damaged", "its header does not say how large the data are", where, "fetch the file again")
        if block.start + block.size > end:
            return blocks, ReadError("truncated", f"{block.start + block.size - end} of {block.size} bytes of data are missing",
                                     where, "fetch the file again")
        inflated = _n_values(block, "Z") * abs(block.count("ZBITPIX", 64)) // 8 if block.get("ZIMAGE") else 0
        if inflated > limit:
            return blocks, ReadError("too-large", f"its image inflates to {inflated / 1024**2:.0f} MiB", where,
                                     "inflate it yourself if you trust it")
        blocks.append(block)
        at = block.start + _padded(block.size)
    return blocks, None


def _cards(file: BinaryIO, at: int) -> bytes | None:
    """A header's cards up to and with END; None when there is no END."""
    file.seek(at)
    cards = b""
    while len(cards) < _LONGEST and len(chunk := file.read(4 * _BLOCK)) >= _CARD:
        searched, cards = len(cards), cards + chunk
        found = cards.find(_END, searched)
        while found >= 0 and found % _CARD:
            found = cards.find(_END, found + 1)
        if found >= 0:
            return cards[:found + _CARD]
    return None


def _is_padding(file: BinaryIO, at: int) -> bool:
    """Whether only zeros or blanks follow, which the standard lets readers ignore."""
    file.seek(at)
    rest = file.read(4 * _BLOCK + 1)
    return len(rest) <= 4 * _BLOCK and not rest.strip(b"\0 ")


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _data_size(cards: bytes) -> int:
    """Bytes of data that a header declares; -1 when it does not say."""
    block = Block(cards, 0, 0)
    pixels, extra, groups = _n_values(block), block.count("PCOUNT"), block.count("GCOUNT", 1)
    if min(pixels, extra, groups) < 0 or not isinstance(block.get("BITPIX"), int):
        return -1
    return abs(block.get("BITPIX")) // 8 * groups * (extra + pixels)


def _n_values(block: Block, prefix: str = "") -> int:
    """Values in the main array; -1 when the header does not say."""
    n_axes = block.count(f"{prefix}NAXIS", -1)
    axes = [block.count(f"{prefix}NAXIS{i}", -1) for i in range(1, min(n_axes, _MOST_FIELDS) + 1)]
    if n_axes < 0 or min(axes, default=0) < 0:
        return -1
    return prod(axes) if axes else 0


def image_rows(block: Block, file: BinaryIO, first: int, last: int) -> NDArray:
    """Rows (last - first, NAXIS1) of a two-dimensional image of floating-point numbers, in the machine's byte order."""
    dtype, width = np.dtype(f">f{-block.get('BITPIX') // 8}"), block.count("NAXIS1")
    file.seek(block.start + first * width * dtype.itemsize)
    read = np.frombuffer(file.read((last - first) * width * dtype.itemsize), dtype)
    return read.reshape(-1, width).astype(dtype.newbyteorder("="))


def image(block: Block, file: BinaryIO) -> NDArray:
    """A whole image that is not tile-compressed, in the machine's byte order; as numpy has it, the last axis first.

    Scaled by BSCALE and BZERO; integers that are BLANK become NaN.

    Raises
    ------
    ReadError
        ``damaged`` for a BITPIX that the standard does not know.
    """
    kind = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}.get(block.get("BITPIX"))
    if kind is None:
        raise ReadError("damaged", f"BITPIX is {block.get('BITPIX')}", f"HDU {block.name}")
    shape = [block.count(f"NAXIS{axis}") for axis in range(block.count("NAXIS"), 0, -1)]
    file.seek(block.start)
    stored = np.frombuffer(file.read(prod(shape) * np.dtype(kind).itemsize), kind).reshape(shape)
    values = stored.astype(stored.dtype.newbyteorder("="))
    scale, zero, blank = block.get("BSCALE", 1), block.get("BZERO", 0), block.get("BLANK")
    out = _scaled(values, scale, zero)
    if blank is not None and values.dtype.kind in "iu":
        out = np.where(values == blank, np.nan, out)
    return out


class Headers(Sequence):
    """Headers of a file, parsed when they are asked for."""

    def __init__(self, cards: list[bytes]):
        self._cards, self._made = cards, {}

    def __len__(self) -> int:
        return len(self._cards)

    def __getitem__(self, index: int) -> Header:
        index = range(len(self))[index]
        if index not in self._made:
            from astropy.io.fits import Header

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # cards that astropy mends by itself
                self._made[index] = Header.fromstring(self._cards[index].decode("latin-1"))
        return self._made[index]


class BinTable:
    """A binary table, or a stretch of its rows, read at once, its columns decoded when they are first asked for.

    Parameters
    ----------
    block : Block
        Its HDU.
    file : binary file
    first, last : int, optional
        Rows from the first up to, not with, the last; all by default.

    Raises
    ------
    ReadError
        ``damaged`` when its columns do not fill its rows.
    """

    def __init__(self, block: Block, file: BinaryIO, first: int = 0, last: int | None = None):
        self._block = block
        formats = [_format(str(block.get(f"TFORM{i}", ""))) for i in range(1, len(block.columns) + 1)]
        self._index = {name.lower(): i for i, name in reversed(list(enumerate(block.columns)))}
        dtype = np.dtype([(f"f{i}", *form) for i, form in enumerate(formats)])
        width, rows = block.count("NAXIS1"), block.count("NAXIS2")
        if dtype.itemsize != width:
            raise ReadError("damaged", f"columns of {dtype.itemsize} bytes do not fill rows of {width}", f"HDU {block.name}")
        rows = max(min(rows, rows if last is None else last) - first, 0)
        file.seek(block.start + width * first)
        self._rows = np.frombuffer(file.read(width * rows), dtype)
        self._decoded: dict[int, NDArray] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._index

    def __getitem__(self, name: str) -> NDArray:
        """A column in the machine's byte order, scaled by TSCAL and TZERO, strings stripped; (n_rows,) or (n_rows, repeat).

        Raises
        ------
        ReadError
            ``no-column`` when there is none of that name.
        """
        if name not in self:
            raise ReadError("no-column", f"there is no column {name}", f"HDU {self._block.name}",
                            f"it has {', '.join(self._index)}")
        number = self._index[name.lower()]
        if number not in self._decoded:
            self._decoded[number] = self._decode(number)
        return self._decoded[number]

    def _decode(self, number: int) -> NDArray:
        values = self._rows[f"f{number}"]
        if values.dtype.kind == "S":
            return np.char.strip(np.char.decode(values, "latin-1"))
        values = values.astype(values.dtype.newbyteorder("="))
        return _scaled(values, self._block.get(f"TSCAL{number + 1}", 1), self._block.get(f"TZERO{number + 1}", 0))

    def value(self, name: str, row: int = 0, default=None):
        """One value, or `default` where there is no such column."""
        return self[name][row] if name in self else default


def _scaled(values: NDArray, scale: float, zero: float) -> NDArray:
    """Stored values times TSCAL plus TZERO; the standard's way of writing unsigned integers gives unsigned integers."""
    if (scale, zero) == (1, 0):
        return values
    if scale == 1 and values.dtype.kind == "i" and zero == 2 ** (8 * values.itemsize - 1):
        unsigned = np.dtype(f"u{values.itemsize}")
        return values.view(unsigned) + unsigned.type(zero)  # wraps around, as it should
    return values * float(scale) + float(zero)


def _format(form: str) -> tuple:
    """Type and shape, for a numpy dtype, of a TFORM."""
    match = re.match(r"(\d*)([LXBIJKAEDCMPQ])", form)
    if not match:
        raise ReadError("damaged", f"{form!r} is no format of a column")
    repeat, code = int(match[1] or 1), match[2]
    if code == "A":
        return (f"S{repeat}",)
    if code == "X":
        return (f"V{-(-repeat // 8)}",)
    return (_CODES[code],) if repeat == 1 else (_CODES[code], (repeat,))
