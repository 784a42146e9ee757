"""Relations: what a spectrum would show (magnitudes, signal to noise) told from what the object is, without its spectrum.

A relation is learned from simulated spectra: along one quantity (a redshift, a spectral class) in bins of equal number, in each
bin linear in the features. What the features do not determine is drawn from the residuals of the same bin.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_RIDGE = 1e-3  # of the features' variance: a feature that hardly varies in a bin does not run away


class Relation(NamedTuple):
    """Outputs (n, n_out) as a function of one quantity x (n,) and features (n, n_features).

    Parameters
    ----------
    edges : ndarray, shape (n_bins - 1,)
        Inner borders of the bins in x.
    centres : ndarray, shape (n_bins, 1 + n_features)
        Mean of x and of the features in each bin.
    at_centre : ndarray, shape (n_bins, n_out)
        Outputs there.
    slopes : ndarray, shape (n_bins, 1 + n_features, n_out)
        How the outputs change with x and the features.
    residuals : ndarray, shape (n_bins, n_members, n_out)
        What was left over of the objects in each bin.
    """

    edges: NDArray[np.float32]
    centres: NDArray[np.float32]
    at_centre: NDArray[np.float32]
    slopes: NDArray[np.float32]
    residuals: NDArray[np.float32]

    @classmethod
    def learn(cls, x: ArrayLike, features: ArrayLike, outputs: ArrayLike, n_bins: int) -> Relation:
        """Learn from objects whose outputs are known; n_bins divides their number, and outputs that are unknown are NaN."""
        x, features, outputs = (np.asarray(values, np.float64) for values in (x, features, outputs))
        order = np.argsort(x, kind="stable")
        x = x[order].reshape(n_bins, -1)
        inputs = np.concatenate([x[..., None], features[order].reshape(*x.shape, -1)], axis=2)
        outputs = outputs[order].reshape(*x.shape, -1)
        centres, at_centre = inputs.mean(axis=1), outputs.mean(axis=1)
        inputs, outputs = inputs - centres[:, None], outputs - at_centre[:, None]
        products = np.einsum("bni,bnj->bij", inputs, inputs)
        variances = np.einsum("bii->bi", products)  # a view of the diagonals
        variances += _RIDGE * variances + 1e-9
        slopes = np.linalg.solve(products, np.einsum("bni,bno->bio", inputs, outputs))
        residuals = outputs - np.einsum("bni,bio->bno", inputs, slopes)
        edges = (x[1:, 0] + x[:-1, -1]) / 2
        return cls(*(values.astype(np.float32) for values in (edges, centres, at_centre, slopes, residuals)))

    def draw(self, x: NDArray, features: NDArray, rng: np.random.Generator) -> NDArray[np.float32]:
        """Outputs (n, n_out) of objects that have no spectrum."""
        bins = np.searchsorted(self.edges, x.astype(np.float32))
        inputs = np.concatenate([x[:, None], features], axis=1, dtype=np.float32)
        inputs -= self.centres[bins]
        out = self.at_centre[bins]
        for column in range(inputs.shape[1]):
            out += inputs[:, column, None] * self.slopes[bins, column]
        out += self.residuals[bins, rng.integers(self.residuals.shape[1], size=len(x))]
        return out
