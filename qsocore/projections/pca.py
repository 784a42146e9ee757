"""The two principal axes of the latents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.projections.base import Named, Reference


@dataclass(frozen=True)
class PCAProjection(Named):
    """Latents less their mean, along their two axes of largest variance."""

    def fit(self, latents: NDArray[np.float32], seed: int = 0) -> Reference:
        """Mean (k,) and axes (2, k); nothing is random. With one latent the second axis is zero."""
        mean = latents.mean(axis=0, dtype=np.float64)
        centred = latents - mean
        _, axes = np.linalg.eigh(centred.T @ centred)  # in rising order
        axes = axes.T[::-1][:2]
        axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
        axes = np.vstack([axes, np.zeros((2 - len(axes), latents.shape[1]))])
        return {"mean": mean.astype(np.float32), "axes": axes.astype(np.float32)}

    def place(self, latents: NDArray[np.float32], reference: Reference) -> NDArray[np.float32]:
        """Coordinates (m, 2)."""
        return ((latents - reference["mean"]) @ reference["axes"].T).astype(np.float32)


PROJECTION = PCAProjection("pca", "Principal axes of the latents", "Pearson 1901, Phil. Mag. 2, 559")
