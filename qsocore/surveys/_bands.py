"""Names of bands: in headers, in file names, in what a user types; and their order by wavelength."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from qsocore.errors import ConfigError

KNOWN = ("FUV", "NUV", "u", "g", "r", "i", "z", "y", "Y", "J", "H", "K", "Ks", "W1", "W2", "W3", "W4")
"""Bands that are recognised in the name of a file, in the order of their wavelengths."""

_HST = re.compile(r"F\d{3,4}(W|M|N|LP|X)\d?")
_CAMERAS = re.compile(r"^(HSC|SDSS|DES|DECAM|PS1|LSST|VISTA|UKIDSS|WISE|GALEX)[-_. ]?", re.IGNORECASE)
_PIECES = re.compile(r"[A-Za-z0-9]+")


def parse_bands(text: str) -> tuple[str, ...]:
    """Bands as a user names them: ``grizY`` letter by letter, ``g,r,W1`` or ``"g r W1"`` word by word.

    Raises
    ------
    ConfigError
        When one is named twice, or none.
    """
    words = re.split(r"[,\s]+", text.strip())
    bands = tuple(words if len(words) > 1 or is_band(words[0]) else text.strip())
    if not all(bands) or not bands or len(set(bands)) != len(bands):
        raise ConfigError(f"{text!r} names no bands", remedy="name each once, as in --bands grizY or --bands g,r,W1")
    return bands


def is_band(word: str) -> bool:
    """Whether a word is a band and nothing else: one of `KNOWN`, or a filter of HST."""
    return word in KNOWN or bool(_HST.fullmatch(word))


def band_named(text: object) -> str:
    """The band that a header means: ``g DECam SDSS c0001 4720.0 1520.0`` and ``SDSS-G`` are g, ``HSC-Y`` is y; "" for none."""
    words = str(text or "").split()
    if not words:
        return ""
    plain = _CAMERAS.sub("", words[0])
    if plain in KNOWN and not (plain == "Y" and words[0].upper().startswith(("HSC", "PS1", "LSST"))):
        return plain
    return plain.lower() if plain.lower() in KNOWN else plain if re.fullmatch(r"[\w.+-]+", plain) else ""


def band_in_name(path: PurePath) -> tuple[str, str]:
    """Band in the name of a file, or of its folder where its own has none, and the path with a ``*`` in the band's place.

    Where several pieces of a name could be bands the last is.

    Returns
    -------
    band : str
        "" for none.
    others : str
        The same for all bands of one object: ``cut/17_*`` for ``cut/17_g.fits``; without a band the path less its endings.
    """
    stem = stem_of(path)
    for name, rebuilt in ((stem, path.parent / "{}"), (path.parent.name, path.parent.parent / "{}" / stem)):
        pieces = [piece for piece in _PIECES.finditer(name) if is_band(piece[0])]
        if pieces:
            last = pieces[-1]
            starred = name[:last.start()] + "*" + name[last.end():]
            return last[0], str(rebuilt).replace("{}", starred)
    return "", str(path.parent / stem)


def stem_of(path: PurePath) -> str:
    """Name of a file less the endings of its format and packing."""
    name = path.name
    for ending in (".gz", ".bz2", ".fz", ".fits", ".fit", ".npz", ".npy", ".hdf5", ".h5"):
        name = name.removesuffix(ending)
    return name


def in_order(bands: Iterable[str]) -> tuple[str, ...]:
    """Each band once: known ones by wavelength, then the others as they come."""
    once = list(dict.fromkeys(bands))
    return tuple(sorted(once, key=lambda band: KNOWN.index(band) if band in KNOWN else len(KNOWN)))
