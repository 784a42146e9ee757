"""t-SNE of the latents: a map of islands, in which the nearest neighbours count and distances between islands say nothing.

Van der Maaten & Hinton (2008), JMLR 9, 2579, by trees (van der Maaten 2014, JMLR 15, 3221), from the principal axes on, so that
the seed does not move the continents (Kobak & Berens 2019, Nature Communications 10, 5416). It is fitted on at most 5,000
objects (half a minute on one core; the time grows a little faster than their number), which become the reference; every other
object goes beside its nearest neighbours among them. t-SNE has no transform of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError
from qsocore.explore.leading import Leading
from qsocore.projections._placing import beside_neighbours
from qsocore.projections.base import Named, Reference

_COMPONENTS = 50  # principal ones that are kept before neighbours are looked for
_FEWEST = 8  # objects


@dataclass(frozen=True)
class TSNEProjection(Named):
    """See the module.

    Parameters
    ----------
    reference_size : int
        Objects at most that the map is fitted on.
    perplexity : float
        How many neighbours count, about; glq_mpia's is 10, scikit-learn's 30.
    iterations : int
        Of the layout.
    """

    reference_size: int = 5_000
    perplexity: float = 30.0
    iterations: int = 750

    def fit(self, latents: NDArray[np.float32], seed: int = 0) -> Reference:
        """Latents (n, k) and coordinates (n, 2) of the reference objects."""
        from sklearn.manifold import TSNE

        chosen = np.sort(np.random.default_rng(seed).permutation(len(latents))[: self.reference_size])
        latents = np.ascontiguousarray(latents[chosen], dtype=np.float32)
        if len(latents) < _FEWEST:
            raise ConfigError(f"a t-SNE of {len(latents)} objects has no meaning", remedy="use the pca projection")
        start = "pca" if latents.shape[1] > 1 else "random"
        layout = TSNE(perplexity=min(self.perplexity, (len(latents) - 1) / 3), init=start, learning_rate="auto",
                      max_iter=self.iterations, random_state=seed, n_jobs=1)
        places = layout.fit_transform(Leading(latents, _COMPONENTS)(latents))
        return {"latents": latents, "coordinates": places.astype(np.float32)}

    def place(self, latents: NDArray[np.float32], reference: Reference) -> NDArray[np.float32]:
        """Coordinates (m, 2): where the reference has the very same latents, their own place."""
        return beside_neighbours(latents, reference)


PROJECTION = TSNEProjection("tsne", "t-SNE of the latents", "van der Maaten & Hinton 2008, JMLR 9, 2579")
