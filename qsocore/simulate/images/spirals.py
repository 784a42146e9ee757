"""Spiral arms and bars: a disc whose light is gathered into logarithmic spirals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import ifftshift, rfft2

from qsocore.simulate.images import sersic

_OVER = 2  # samples per pixel: arms are wider


def brightness(x: NDArray, y: NDArray, index: float, r_e: float, q: float, angle: float, arms: NDArray) -> NDArray[np.float64]:
    """Surface brightness of a disc with arms and a bar, of total flux near 1.

    Parameters
    ----------
    x, y : ndarray, shape (...)
        Arcsec from its centre.
    index, r_e, q, angle
        Of the smooth disc; see `qsocore.simulate.images.scene.Scene`.
    arms : ndarray, shape (5,)
        Number, contrast, pitch and phase (radian), and share of light in a bar.
    """
    number, contrast, pitch, phase, bar = arms
    along = x * np.cos(angle) + y * np.sin(angle)
    across = (y * np.cos(angle) - x * np.sin(angle)) / q
    radius = np.hypot(along, across) / r_e
    light = sersic.profile(radius, index) / (r_e**2 * q)
    winding = np.log(np.maximum(radius, 1e-3)) / np.tan(pitch)
    wave = np.cos(number * (np.arctan2(across, along) - winding) + phase)
    outside = radius**2 / (radius**2 + 0.35**2)  # arms start outside the bulge
    # Arms are narrower than the gaps: the exponential of a cosine, of mean 1 around the disc
    sharp = 1.8 * contrast
    arm = np.exp(sharp * wave) / np.i0(sharp)
    light = light * (1 - outside + outside * arm)
    if bar > 0:
        turn = -phase / number
        length, width = along * np.cos(turn) + across * np.sin(turn), across * np.cos(turn) - along * np.sin(turn)
        shape = np.exp(-((length / (0.7 * r_e)) ** 4) - (width / (0.22 * r_e)) ** 2)
        area = 0.7 * 0.22 * r_e**2 * q * 2 * 0.9064 * np.sqrt(np.pi)  # 2 Gamma(5/4) of the quartic, sqrt(pi) of the Gaussian
        light = (1 - bar) * light + bar * shape / area
    return light


def transform(index: float, r_e: float, q: float, angle: float, arms: NDArray, size: int,
              scale: float) -> NDArray[np.complex64]:
    """Fourier transform of such a disc about its centre, shape (size, size // 2 + 1), 1 at k = 0.

    Parameters
    ----------
    index, r_e, q, angle, arms
        As for `brightness`.
    size : int
        Pixels of the canvas.
    scale : float
        Arcsec per pixel.
    """
    fine = size * _OVER
    axis = (np.arange(fine) - fine // 2) * scale / _OVER
    x, y = np.meshgrid(axis, axis)
    image = brightness(x, y, index, r_e, q, angle, arms)
    spectrum = rfft2(ifftshift(image))
    half = size // 2
    rows = np.r_[0:half, fine - half:fine] if size % 2 == 0 else np.r_[0:half + 1, fine - half:fine]
    kept = spectrum[rows, :half + 1]
    return (kept / kept[0, 0].real).astype(np.complex64)
