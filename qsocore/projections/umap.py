"""UMAP of the latents: a map in which neighbours in the space of latents stay neighbours (McInnes, Healy & Melville 2018).

It is fitted on at most 20,000 objects, which become the reference; every other object goes beside its nearest neighbours among
them (`qsocore.projections._placing`). That is as faithful as umap-learn's own ``transform``, an order of magnitude faster, and
needs no pickle.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError
from qsocore.projections._placing import NEIGHBOURS, beside_neighbours
from qsocore.projections.base import Named, Reference
from qsocore.projections.neighbours import nearest


@dataclass(frozen=True)
class UMAPProjection(Named):
    """See the module.

    Parameters
    ----------
    reference_size : int
        Objects at most that the map is fitted on.
    min_dist : float
        Least distance of points on the map, see umap-learn.
    epochs : int
        Rounds of the layout.
    """

    reference_size: int = 20_000
    min_dist: float = 0.1
    epochs: int = 200

    def fit(self, latents: NDArray[np.float32], seed: int = 0) -> Reference:
        """Latents (n, k) and coordinates (n, 2) of the reference objects."""
        from umap import UMAP

        chosen = np.sort(np.random.default_rng(seed).permutation(len(latents))[: self.reference_size])
        latents = np.ascontiguousarray(latents[chosen], dtype=np.float32)
        if len(latents) < 4:
            raise ConfigError(f"a UMAP of {len(latents)} objects has no meaning", remedy="use the pca projection")
        k = min(NEIGHBOURS, len(latents) - 1)
        index, distance = nearest(latents, latents, k)
        start = "pca" if latents.shape[1] > 1 else "random"
        layout = UMAP(n_neighbors=k, min_dist=self.min_dist, n_epochs=self.epochs, init=start, random_state=seed, n_jobs=1,
                      precomputed_knn=(index.astype(np.int32), distance, None))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="umap")  # it says that a precomputed graph allows no transform
            places = layout.fit_transform(latents)
        return {"latents": latents, "coordinates": places.astype(np.float32)}

    def place(self, latents: NDArray[np.float32], reference: Reference) -> NDArray[np.float32]:
        """Coordinates (m, 2): where the reference has the very same latents, their own place."""
        return beside_neighbours(latents, reference)


PROJECTION = UMAPProjection("umap", "UMAP of the latents", "McInnes, Healy & Melville 2018, arXiv:1802.03426")
