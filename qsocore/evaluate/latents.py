"""How well latents give the spectra back: chi2 per pixel and mean squared error, by class.

Two kinds of chi2 per pixel are kept apart. In ``chi2_pix`` every pixel counts by its own error, so that a mean is carried by
the few brightest spectra, whose errors are far below anything that a few latents can follow: look at the median. In
``chi2_floor`` errors are those that the training weighs by (see `qsocore.preprocess.normalise`), which bounds the bright;
its mean is what a training lowers, and the number to compare models by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MEASURES = {"chi2_floor": "χ²/pixel, floored", "chi2_pix": "χ²/pixel", "mse": "MSE"}
"""Columns, and what they are called."""


def fidelity(x: NDArray, w: NDArray, precision: NDArray, model: NDArray) -> dict[str, NDArray[np.float32]]:
    """How well `model` gives normalised objects back, each of them.

    Parameters
    ----------
    x, w, precision, model : ndarray, shape (n, *shape)
        Normalised flux, the weight that training gives it, its plain inverse variance (both 0 where nothing is known), and
        the reconstruction.

    Returns
    -------
    dict of ndarray, shape (n,)
        `MEASURES`, NaN for an object without a good pixel, infinite where the reconstruction is not finite, and
        ``n_pix_good``.
    """
    x, w, precision, model = (part.reshape(len(part), -1) for part in (x, w, precision, model))
    good = precision > 0
    n = good.sum(axis=1)
    square = np.where(good, x - model, 0.0) ** 2
    square[np.isnan(square)] = np.inf
    count = np.where(n > 0, n, np.nan)
    sums = {"chi2_floor": (square * w).sum(axis=1), "chi2_pix": (square * precision).sum(axis=1), "mse": square.sum(axis=1)}
    return {name: (total / count).astype(np.float32) for name, total in sums.items()} | {"n_pix_good": n.astype(np.int32)}


def summary(columns: Mapping[str, ArrayLike]) -> dict[str, Any]:
    """Mean and median of each measure over the spectra that have it, and how many there are; NaN of none.

    A reconstruction that is not finite makes the mean infinite: it is not left out.
    """
    values = {name: np.asarray(columns[name], np.float64) for name in MEASURES}
    known = ~np.isnan(values["mse"])
    out: dict[str, Any] = {"n": int(known.sum()), "n_missing": int((~known).sum())}
    for name, column in values.items():
        seen = column[known]
        mean, median = (float(seen.mean()), float(np.median(seen))) if seen.size else (np.nan, np.nan)
        out[name] = {"mean": mean, "median": median}
    return out


def by_class(columns: Mapping[str, ArrayLike], classes: ArrayLike, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """`summary` of each class that has objects, and of ``all``."""
    classes = np.asarray(classes)
    parts = {name: classes == name for name in names}
    out = {"all": summary(columns)}
    for name, here in parts.items():
        if here.any():
            out[name] = summary({key: np.asarray(column)[here] for key, column in columns.items()})
    return out
