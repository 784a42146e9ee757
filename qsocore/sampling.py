"""What the axes of an array mean: an `ImageGrid` of cutouts, the `Bands` of photometry; `qsocore.grid` has those of spectra.

Like a `WaveGrid` they are stored with everything that is sampled on them, and a model works on that sampling alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import cached_property
from math import isfinite, nan, prod
from typing import Any

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid


@dataclass(frozen=True)
class ImageGrid:
    """Square cutouts in named bands, row 0 at the bottom: y grows to the north and x to the west.

    Parameters
    ----------
    bands : tuple of str
        Names in the order of the arrays.
    side : int
        Pixels.
    pixel_scale : float
        Arcsec per pixel, NaN when unknown.
    zero_point : float
        AB magnitude of flux 1, NaN when unknown.
    psf_fwhm : tuple of float
        Arcsec, one per band; empty when unknown.
    name : str
        What people call it.
    """

    bands: tuple[str, ...]
    side: int
    pixel_scale: float = nan
    zero_point: float = nan
    psf_fwhm: tuple[float, ...] = ()
    name: str = "cutouts"

    def __post_init__(self):
        _check_bands(self.bands)
        if self.side < 2:
            raise ConfigError(f"cutouts of {self.side} pixels", f"images {self.name}", "two pixels at least")
        if self.psf_fwhm and len(self.psf_fwhm) != len(self.bands):
            raise ConfigError(f"{len(self.psf_fwhm)} widths of the PSF for {len(self.bands)} bands", f"images {self.name}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of one object: bands, rows, columns."""
        return len(self.bands), self.side, self.side

    @property
    def n_pix(self) -> int:
        """Numbers per object."""
        return prod(self.shape)

    @cached_property
    def hash(self) -> str:
        """Twelve hexadecimal digits that name bands, size and scale, whatever they are called."""
        scale = f"{self.pixel_scale:.4f}" if isfinite(self.pixel_scale) else "?"
        return _hash(f"images {' '.join(self.bands)} {self.side} {scale}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a manifest, with the hash."""
        return {"kind": "images"} | _plain(self)


@dataclass(frozen=True)
class Bands:
    """Photometry: one flux a band.

    Parameters
    ----------
    bands : tuple of str
        Names in order.
    name : str
        What people call it.
    """

    bands: tuple[str, ...]
    name: str = "photometry"

    def __post_init__(self):
        _check_bands(self.bands)

    @property
    def shape(self) -> tuple[int]:
        """Of one object: bands."""
        return (len(self.bands),)

    @property
    def n_pix(self) -> int:
        """Numbers per object."""
        return len(self.bands)

    @cached_property
    def hash(self) -> str:
        """Twelve hexadecimal digits that name the bands."""
        return _hash(f"bands {' '.join(self.bands)}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a run, with the hash."""
        return {"kind": "bands"} | _plain(self)


Grid = WaveGrid | ImageGrid | Bands
"""What a model reads."""

_KINDS = {"images": ImageGrid, "bands": Bands}


def read_grid(values: dict[str, Any]) -> Grid:
    """Read back ``to_dict`` of any sampling.

    Raises
    ------
    ConfigError
        When its hash does not fit its numbers, or it is of no known kind.
    """
    values = dict(values)
    kind = values.pop("kind", None)
    if kind is None:
        return WaveGrid.from_dict(values)
    if kind not in _KINDS:
        raise ConfigError(f"a sampling of kind {kind!r} is not known", str(values.get("name", "")), "update QSO Atlas")
    stated = values.pop("hash", None)
    values = {name: tuple(value) if isinstance(value, list) else nan if value is None else value
              for name, value in values.items()}
    grid = _KINDS[kind](**values)
    if stated is not None and stated != grid.hash:
        raise ConfigError(f"its hash {stated} does not fit its numbers ({grid.hash})", f"{kind} {grid.name}")
    return grid


def _check_bands(bands: tuple[str, ...]) -> None:
    if not bands or not all(bands) or len(set(bands)) != len(bands):
        raise ConfigError(f"{bands!r} names no bands", remedy="one name a band, none twice")


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def _plain(grid: ImageGrid | Bands) -> dict[str, Any]:
    """Values for JSON: tuples as lists, NaN (which JSON lacks) as null."""
    values = {name: list(value) if isinstance(value, tuple) else None if value != value else value
              for name, value in asdict(grid).items()}
    return values | {"hash": grid.hash}
