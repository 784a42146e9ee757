"""How much each pixel contributes to a number that a model makes of an object, against the object without its features.

The question is put to an object x and to a baseline b, what x would be without features: the continuum of a spectrum, the blank
sky of an image. Contributions are in units of the number, per pixel (and band); a pixel that is masked says nothing and
contributes nothing.

- *Integrated gradients* (Sundararajan, Taly & Yan 2017, arXiv:1703.01365): (x - b) times the gradient, averaged on the
  straight way from b to x. They are complete: their sum is f(x) - f(b), up to the quadrature, which is measured.
- *Occlusion* (Zeiler & Fergus 2014, arXiv:1311.2901): by how much the number falls when a window is replaced by the baseline,
  shared evenly by the window's pixels and averaged over the windows that hold a pixel. Of an image, one band at a time.

Both are captum's (Kokhlikyan et al. 2020, arXiv:2009.07896).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from qsocore.errors import ConfigError
from qsocore.explain.target import Target, bound

STEPS = 64
"""Places on the way from the baseline to the object, by Gauss and Legendre."""

_SMOOTH = 20  # the continuum is smoothed over this part of the grid
_REACH = 3  # its kernel ends at so many sigma
_AT_ONCE = 64  # objects that go through the model together
_OVERLAP = 4  # windows that hold each pixel of a spectrum
_OVERLAP_2D = 2  # along each side of an image, of which there are two, and bands


@dataclass(frozen=True)
class Attribution:
    """Contributions to one number.

    Parameters
    ----------
    pixels : ndarray of float32, shape (n_pix,) or (n_bands, H, W)
        Of each pixel, in units of the number; 0 where masked.
    value, baseline : float
        The number for the object and for its baseline.
    """

    pixels: NDArray[np.float32]
    value: float
    baseline: float

    @property
    def missing(self) -> float:
        """What the contributions' sum lacks of the number's change from the baseline to the object."""
        return self.value - self.baseline - float(self.pixels.sum(dtype=float))


def continuum(x: Tensor, w: Tensor, width: float | None = None) -> Tensor:
    """The spectrum without features: smoothed by a Gaussian, each pixel by its weight; shape (B, n_pix) as `x` and `w`.

    Parameters
    ----------
    x, w : Tensor, shape (B, n_pix)
        Normalised flux and weight.
    width : float, optional
        Sigma in pixels; a twentieth of the spectrum by default, 16,000 km/s on the atlas' grid.
    """
    sigma = width or x.shape[1] / _SMOOTH
    reach = min(math.ceil(_REACH * sigma), x.shape[1] - 1)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, dtype=x.dtype, device=x.device) / sigma) ** 2)
    summed = F.conv1d(torch.stack([x * w, w], dim=1).flatten(0, 1)[:, None], kernel[None, None], padding=reach)
    above, below = summed[:, 0].unflatten(0, (len(x), 2)).unbind(1)  # (B, n_pix) each
    return torch.where(w > 0, above / below.clamp_min(torch.finfo(x.dtype).tiny), x)


def blank(x: Tensor, w: Tensor) -> Tensor:
    """The image without its object: the sky, which is 0; masked pixels stay as they are. Shape as `x` and `w`."""
    return torch.where(w > 0, torch.zeros_like(x), x)


def baseline(x: Tensor, w: Tensor) -> Tensor:
    """`continuum` of spectra (B, n_pix), `blank` of images (B, n_bands, H, W)."""
    return continuum(x, w) if x.ndim == 2 else blank(x, w)


def integrated_gradients(target: Target, x: Tensor, w: Tensor, steps: int = STEPS) -> Attribution:
    """Contributions by integrated gradients.

    Parameters
    ----------
    target : callable
        ``target(x, w)`` gives (B,).
    x, w : Tensor, shape (1, n_pix) or (1, n_bands, H, W)
        One normalised object and its weights.
    steps : int
        Places on the way at which the gradient is taken.

    Raises
    ------
    ConfigError
        When captum is not installed.
    """
    target = bound(target, x, w)
    method = _captum().IntegratedGradients(target, multiply_by_inputs=True)
    base = baseline(x, w)
    pixels = method.attribute(x, baselines=base, additional_forward_args=(w,), n_steps=steps, internal_batch_size=_AT_ONCE)
    return _attribution(target, x, base, w, pixels)


def occlusion(target: Target, x: Tensor, w: Tensor, window: int) -> Attribution:
    """Contributions by occlusion.

    Parameters
    ----------
    target, x, w
        As for `integrated_gradients`.
    window : int
        Pixels that are hidden together, see `window_of`; of an image a square of so many on a side.

    Raises
    ------
    ConfigError
        When captum is not installed, or the window is no part of the object.
    """
    if not 1 <= window <= x.shape[-1]:
        what = "a spectrum of" if x.ndim == 2 else "an image with sides of"
        raise ConfigError(f"a window of {window} pixels is no part of {what} {x.shape[-1]}", "occlusion")
    base, sides, target = baseline(x, w), 1 if x.ndim == 2 else 2, bound(target, x, w)
    stride = max(window // (_OVERLAP if sides == 1 else _OVERLAP_2D), 1)
    alone = (1,) * (x.ndim - 1 - sides)  # one band at a time
    with torch.no_grad():
        fall = _captum().Occlusion(target).attribute(x, (*alone, *[window] * sides), strides=(*alone, *[stride] * sides),
                                                     baselines=base, additional_forward_args=(w,),
                                                     perturbations_per_eval=_AT_ONCE)
    return _attribution(target, x, base, w, fall / window**sides)


METHODS: dict[str, Callable[..., Attribution]] = {"gradients": integrated_gradients, "occlusion": occlusion}
"""Ways to share a number among the pixels, by name."""


def window_of(wave: NDArray[np.float64], angstrom: float) -> int:
    """Pixels in so many Angstrom at the middle of a grid, at least one.

    Examples
    --------
    >>> window_of(np.linspace(4000, 5000, 501), 50)
    25
    """
    middle = len(wave) // 2
    return max(round(angstrom / float(wave[middle] - wave[middle - 1])), 1)


@torch.no_grad()
def _attribution(target: Target, x: Tensor, base: Tensor, w: Tensor, pixels: Tensor) -> Attribution:
    ends = target(torch.cat([x, base]), torch.cat([w, w])).tolist()
    shared = torch.where(w > 0, pixels, 0.0)[0]
    return Attribution(shared.detach().cpu().numpy().astype(np.float32), *ends)


def _captum():
    """Captum's methods, imported when first needed."""
    try:
        import captum.attr
    except ImportError:
        raise ConfigError("attribution needs captum, which is not installed", "explain",
                          "pip install 'qso-atlas[explain]'") from None
    return captum.attr
