"""What the intergalactic medium does to a spectrum on its way, by either of two laws."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore.simulate import igm
from qsocore.simulate.forest import LYMAN_ALPHA, LYMAN_LIMIT, SERIES

_LEAST = 1.45  # redshift below which Becker's formula is not positive
_SERIES = ((LYMAN_ALPHA, 1.0), (SERIES[0][0], 0.16), (SERIES[1][0], 0.056))


def becker(wave: NDArray, z: NDArray, opacity: ArrayLike = 1.0) -> NDArray[np.float32]:
    """Transmission as the published fits of quasars at z = 6 had it: the law of Becker et al. (2013) at every redshift.

    It was measured to z = 5 and is too transparent beyond (Bosman et al. 2022): a sight line as clear as this would be rare.
    Parameters as `qsocore.simulate.igm.transmission`.
    """
    z = np.asarray(z, np.float64)[:, None]
    tau = np.zeros((len(z), wave.size))
    for line, strength in _SERIES:
        at = wave / line - 1  # redshift of the gas that absorbs here in this line
        depth = np.where(at > _LEAST, np.maximum(0.751 * ((1 + np.maximum(at, 0)) / 4.5) ** 2.90 - 0.132, 0.0), 0.0)
        tau += np.where(at < z, strength * depth, 0.0)
    tau *= np.broadcast_to(np.asarray(opacity, np.float64), z.shape[:1])[:, None]
    return np.where(wave < LYMAN_LIMIT * (1 + z), 0.0, np.exp(-tau)).astype(np.float32)


FORESTS = MappingProxyType({"bosman": igm.transmission, "becker": becker})
"""Transmission (n, n_wave) by law, from observed wavelengths (n_wave,), redshifts and factors on the optical depth (n,):
``bosman`` is the measured one, `qsocore.simulate.igm.transmission`."""
