"""Template sets: the mean spectrum of a kind of object at rest, and the components in which its members differ.

A component is stored times the standard deviation of its coefficient, so that a spectrum of mean amplitude a is
``a (mean + sum of c_k component_k)`` with c_k drawn from a unit normal distribution. What the components leave out is the
set's scatter, a fraction of the mean in each pixel: large in the Lyman-alpha forest, small elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from scipy.interpolate import CubicSpline

from qsocore.errors import StoreError
from qsocore.store.files import write_whole

FINEST = 45.0 / 299_792.458 / np.log(10)
"""Templates are sampled this finely (dex; 45 km/s) for interpolation, or finer."""


@dataclass(frozen=True)
class TemplateSet:
    """Eigenspectra of one kind of object.

    Parameters
    ----------
    name : str
        As ``QSO-HIZ``; what stands before the hyphen is the spectral type.
    start, step : float
        log10 of the first rest wavelength (vacuum Angstrom), and the spacing, dex.
    mean, scatter : ndarray of float32, shape (n_rest,)
        Mean spectrum, about 1, and the fraction of it that the components leave out.
    components : ndarray of float32, shape (k, n_rest)
        Times the standard deviation of their coefficients, in falling order of variance.
    z_range : (float, float)
        Redshifts at which it is meant.
    z_error : (float, float)
        Factor on the curvature's error, and the error (km/s) added in quadrature, from simulated spectra.
    """

    name: str
    start: float
    step: float
    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    scatter: NDArray[np.float32]
    z_range: tuple[float, float]
    z_error: tuple[float, float] = (1.0, 0.0)

    @property
    def spectype(self) -> str:
        """QSO, GALAXY or STAR."""
        return self.name.partition("-")[0]

    @cached_property
    def wave(self) -> NDArray[np.float64]:
        """Rest wavelengths, vacuum Angstrom, shape (n_rest,)."""
        return 10 ** (self.start + self.step * np.arange(self.mean.size))

    def sampled(self, pixel: float, most: int | None = None) -> Sampled:
        """The set as pixels of a width of `pixel` dex see it, with at most `most` components."""
        return _sampled(self, pixel, len(self.components) if most is None else min(most, len(self.components)))

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


@dataclass(frozen=True)
class Sampled:
    """Mean, components and scatter (times the mean) averaged over pixels and sampled `phases` times a pixel.

    Parameters
    ----------
    start, step : float
        log10 wavelength of the first sample, and the spacing of samples, dex.
    rows : ndarray of float32, shape (phases, 2 + k, n)
        Sample ``i * phases + p`` is ``rows[p, :, i]``, so that one spectrum's pixels are neighbours; the last row is the
        scatter.
    """

    start: float
    step: float
    rows: NDArray[np.float32]


@cache
def _sampled(of: TemplateSet, pixel: float, k: int) -> Sampled:
    phases = max(int(np.ceil(pixel / FINEST)), 1)
    step, half = pixel / phases, np.sqrt(max(pixel**2 - of.step**2, 0)) / 2  # stored pixels are means over their own width
    stored = of.start + of.step * np.arange(of.mean.size)
    n = int((stored[-1] - stored[0] - 2 * half) / step / phases)
    at = stored[0] + half + step * np.arange(n * phases)
    scatter = np.sqrt((of.scatter * of.mean) ** 2 + (of.components[k:] ** 2).sum(axis=0))  # what is not fitted is scatter
    spectra = np.concatenate([of.mean[None], of.components[:k], scatter[None]]).astype(np.float64)
    curve = CubicSpline(stored, spectra, axis=1)
    if half > step / 4:
        integral = curve.antiderivative()
        seen = (integral(at + half) - integral(at - half)) / (2 * half)  # (2 + k, n phases)
    else:
        seen = curve(at)
    rows = np.ascontiguousarray(seen.astype(np.float32).reshape(k + 2, n, phases).transpose(2, 0, 1))
    return Sampled(at[0], step, rows)


@cache
def default_templates() -> tuple[TemplateSet, ...]:
    """The sets that ship with the package."""
    with as_file(files("qsocore.redshift").joinpath("templates.safetensors")) as path:
        return read_templates(path)


def read_templates(path: str | Path) -> tuple[TemplateSet, ...]:
    """Sets from a file of `write_templates`.

    Raises
    ------
    StoreError
        When the file is absent or holds something else.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            told = json.loads(file.metadata()["sets"])
            return tuple(TemplateSet(name, one["start"], one["step"],
                                     *(file.get_tensor(f"{name}.{part}").astype(np.float32) for part in PARTS),
                                     tuple(one["z_range"]), tuple(one["z_error"])) for name, one in told.items())
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"the templates cannot be read ({error})", path, "make them again: qso templates --out FILE") from None


PARTS = ("mean", "components", "scatter")


def write_templates(path: str | Path, sets: tuple[TemplateSet, ...], made: dict[str, object]) -> None:
    """Write sets as halves to one safetensors file, with how they were made in its metadata."""
    told = {one.name: {"start": one.start, "step": one.step, "z_range": one.z_range, "z_error": one.z_error} for one in sets}
    tensors = {f"{one.name}.{part}": getattr(one, part).astype(np.float16) for one in sets for part in PARTS}
    data = save(tensors, {"sets": json.dumps(told), "made": json.dumps(made)})
    write_whole(Path(path), lambda file: file.write(data))
