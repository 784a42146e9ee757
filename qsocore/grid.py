"""WaveGrid: a named, hashed wavelength sampling in vacuum Angstrom, stored with everything that was sampled on it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class WaveGrid:
    """Pixels equally spaced in wavelength or in its logarithm.

    Parameters
    ----------
    name : str
        Under which users know it.
    scale : {"log10", "linear"}
        In what the pixels are equally spaced.
    start, stop : float
        Centres of the first and last pixel, in log10(Angstrom) or Angstrom, vacuum.
    n_pix : int
        Number of pixels.
    frame : {"observed", "rest"}
        Whether wavelengths are as observed or divided by 1 + z.
    """

    name: str
    scale: Literal["log10", "linear"]
    start: float
    stop: float
    n_pix: int
    frame: Literal["observed", "rest"] = "observed"

    def __post_init__(self):
        first = self.start if self.scale == "linear" else 10.0**self.start
        if self.scale not in ("log10", "linear") or self.frame not in ("observed", "rest"):
            raise ConfigError(f"scale {self.scale!r} or frame {self.frame!r} is unknown", f"grid {self.name}")
        if self.n_pix < 2 or not self.stop > self.start or not first > 0:
            raise ConfigError("a grid needs at least two pixels at rising, positive wavelengths", f"grid {self.name}")

    @property
    def shape(self) -> tuple[int]:
        """Of one spectrum: its pixels."""
        return (self.n_pix,)

    @property
    def step(self) -> float:
        """Pixel spacing, in dex or Angstrom."""
        return (self.stop - self.start) / (self.n_pix - 1)

    @cached_property
    def wave(self) -> NDArray[np.float64]:
        """Pixel centres, vacuum Angstrom, shape (n_pix,), read-only."""
        return self._frozen(np.linspace(self.start, self.stop, self.n_pix))

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """Pixel borders, vacuum Angstrom, shape (n_pix + 1,), read-only."""
        half = self.step / 2
        return self._frozen(np.linspace(self.start - half, self.stop + half, self.n_pix + 1))

    def _frozen(self, coordinate: NDArray) -> NDArray:
        wave = 10.0**coordinate if self.scale == "log10" else coordinate
        wave.flags.writeable = False
        return wave

    @cached_property
    def hash(self) -> str:
        """Twelve hexadecimal digits that name the sampling, whatever it is called."""
        key = f"{self.frame} {self.scale} {self.start:.10f} {self.stop:.10f} {self.n_pix}"
        return hashlib.sha256(key.encode()).hexdigest()[:12]

    def to_dict(self) -> dict:
        """Plain values for a manifest, with the hash."""
        return asdict(self) | {"hash": self.hash}

    @classmethod
    def from_dict(cls, values: dict) -> WaveGrid:
        """Read back `to_dict`; a hash that does not fit its numbers is refused."""
        values = dict(values)
        stated = values.pop("hash", None)
        grid = cls(**values)
        if stated is not None and stated != grid.hash:
            raise ConfigError(f"its hash {stated} does not fit its numbers ({grid.hash})", f"grid {grid.name}")
        return grid


_LOG = np.log10
GRIDS = {
    grid.name: grid
    for grid in (
        WaveGrid("atlas2048", "log10", 3.5563, 4.0170, 2048),
        # QuasarNET (Busca & Balland 2018): bins of log10 from 3600 on by 1e-3, the upper end cut by int(); it names each bin by
        # its lower border, half a bin (345 km/s) short of the centres that are meant here
        WaveGrid("qnet443", "log10", float(_LOG(3600.0)) + 0.0005, float(_LOG(3600.0)) + 0.4425, 443),
        WaveGrid("mqc433", "log10", 3.56, 4.01, 433),  # mqc-nets
        WaveGrid("vae1500", "log10", float(_LOG(3625.0)), float(_LOG(9000.0)), 1500),  # Weiss & Hui's InfoVAE of DR16Q
        WaveGrid("desi7781", "linear", 3600.0, 9824.0, 7781),  # DESI's three arms joined
        WaveGrid("rest-uv1500", "log10", float(_LOG(1000.0)), float(_LOG(3500.0)), 1500, "rest"),
        WaveGrid("rest-opt1000", "log10", float(_LOG(3388.0)), float(_LOG(8318.0)), 1000, "rest"),  # Portillo et al. 2020
    )
}
DEFAULT_GRID = GRIDS["atlas2048"]


def get_grid(name: str) -> WaveGrid:
    """A grid by name, or written out as ``SCALE:START:STOP:N_PIX[:FRAME]``.

    Examples
    --------
    >>> get_grid("log10:3.55:4.02:4096").n_pix
    4096

    Raises
    ------
    ConfigError
        When the name is unknown or the numbers make no grid.
    """
    if name in GRIDS:
        return GRIDS[name]
    scale, *numbers = name.split(":")
    if scale in ("log10", "linear") and len(numbers) in (3, 4):
        try:
            return WaveGrid(name, scale, float(numbers[0]), float(numbers[1]), int(numbers[2]), *numbers[3:])
        except ValueError:
            pass
    raise ConfigError(f"no grid is called {name!r}", remedy=did_you_mean(name, GRIDS))
