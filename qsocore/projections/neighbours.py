"""Nearest neighbours in the space of latents: faiss where it is installed, else scikit-learn's kd-tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_EXACT = 50_000  # up to so many points every distance is computed; beyond, faiss looks into the nearest cells only


def nearest(reference: NDArray, points: NDArray, k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k points of `reference` (n, d) nearest to each of `points` (m, d).

    Returns
    -------
    index : ndarray of int64, shape (m, k)
        Nearest first; k is at most n.
    distance : ndarray of float32, shape (m, k)
        Euclidean.
    """
    reference, points = (np.ascontiguousarray(array, dtype=np.float32) for array in (reference, points))
    k = min(k, len(reference))
    try:
        import faiss
    except ImportError:
        from sklearn.neighbors import NearestNeighbors

        distance, index = NearestNeighbors(algorithm="kd_tree").fit(reference).kneighbors(points, k)
        return index.astype(np.int64), distance.astype(np.float32)
    search = faiss.IndexFlatL2(reference.shape[1])
    if len(reference) > _EXACT:
        cells = int(np.sqrt(len(reference)))
        search = faiss.IndexIVFFlat(search, reference.shape[1], cells)
        search.nprobe = max(cells // 16, 8)
        search.train(reference)
    search.add(reference)
    squared, index = search.search(points, k)
    return index.astype(np.int64), np.sqrt(np.maximum(squared, 0.0))
