"""Trust in a map, object by object: how many of its neighbours in the space of latents are its neighbours on the map too.

With N(i) the k objects of the reference nearest to object i in the full space of latents and M(i) those on the map,

    trust(i) = |N(i) and M(i)| / k,        k = 30,

from 0 (the map puts strangers around it) to 1. Its mean is Q_NX(k) of Lee & Verleysen (2009), Neurocomputing 72, 1431, who
unite the trustworthiness and continuity of Venna & Kaski (2001), ICANN, 485. By chance alone it is k / (size of the reference).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 30


def shared(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float32]:
    """Share of numbers that two lists have in common, row by row.

    Parameters
    ----------
    one, other : ndarray of int64, shape (m, k)
        No number twice in a row.

    Returns
    -------
    ndarray of float32, shape (m,)
    """
    both = np.sort(np.concatenate([one, other], axis=1).astype(np.int32), axis=1)
    return ((both[:, 1:] == both[:, :-1]).sum(axis=1) / max(one.shape[1], 1)).astype(np.float32)
