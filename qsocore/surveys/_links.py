"""Pages about a position or an object that several surveys point to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def legacy_viewer(row: Mapping[str, Any]) -> dict[str, str]:
    """The DESI Legacy Imaging Surveys' viewer at the row's position; nothing for a row without one."""
    try:
        ra, dec = float(row["ra"]), float(row["dec"])
    except (KeyError, TypeError, ValueError):
        return {}
    if not (np.isfinite(ra) and np.isfinite(dec)):
        return {}
    place = f"ra={ra:.6f}&dec={dec:.6f}&layer=ls-dr10&zoom=16&mark={ra:.6f},{dec:.6f}"
    return {"Legacy Surveys": f"https://www.legacysurvey.org/viewer?{place}"}
