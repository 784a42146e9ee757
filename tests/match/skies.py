"""Two catalogues with all that is hard: poles, 0 h, doubles, places that are none; and brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qsocore.match.sphere import separations

RADIUS = 3.0  # arcsec


def hard(n: int = 60, seed: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A and B: id, ra, dec; about half of A has a counterpart in B, some several."""
    rng = np.random.default_rng(seed)
    near = 2.0 / 3600
    dec = np.concatenate([rng.uniform(-80, 80, n), 90 - rng.uniform(0, near, 6), rng.uniform(0, near, 6) - 90,
                          rng.uniform(-near, near, 8)])
    ra = np.concatenate([rng.uniform(0, 360, n), rng.uniform(0, 360, 12), rng.uniform(-near, near, 8) % 360])
    ra, dec = np.append(ra, [np.nan, 10.0, 40.0, 40.0]), np.append(dec, [5.0, np.nan, 20.0, 20.0])  # the last is there twice
    keep = rng.permutation(len(ra))
    jitter = near / np.sqrt(2)
    stretch = 1 / np.maximum(np.cos(np.radians(dec)), 0.1)
    ra_b = np.concatenate([ra + rng.normal(0, jitter, len(ra)) * stretch, [200.0, 200.0, np.nan]])
    dec_b = np.concatenate([np.clip(dec + rng.normal(0, jitter, len(dec)), -90, 90), [-30.0, -30.0, 3.0]])
    twice = rng.choice(len(ra_b), 20)  # the same source listed twice
    ra_b, dec_b = np.append(ra_b, ra_b[twice]) % 360, np.append(dec_b, dec_b[twice])
    a = pd.DataFrame({"id": np.arange(len(ra)), "ra": ra[keep], "dec": dec[keep], "mag": rng.normal(20, 1, len(ra))})
    b = pd.DataFrame({"id": 1000 + np.arange(len(ra_b)), "ra": ra_b, "dec": dec_b})
    return a, b


def brute(a: pd.DataFrame, b: pd.DataFrame, radius: float, find: str = "best", symmetric: bool = False) -> set[tuple[int, int]]:
    """Pairs of ids by looking at every pair; `radius` in arcsec."""
    one, two = a[["ra", "dec"]].to_numpy(), b[["ra", "dec"]].to_numpy()
    apart = separations(one[:, :1], one[:, 1:], two[:, 0], two[:, 1]) * 3600
    apart = np.where(np.isfinite(apart), apart, np.inf)
    near = apart <= radius
    if find == "all":
        pairs = np.argwhere(near)
    else:
        pairs = [(i, apart[i].argmin()) for i in range(len(a)) if len(b) and near[i].any()]  # the first of several
        pairs = [(i, j) for i, j in pairs if not symmetric or apart[:, j].argmin() == i]
    return {(int(a["id"].iloc[i]), int(b["id"].iloc[j])) for i, j in pairs}
