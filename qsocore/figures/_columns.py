"""Columns of numbers that belong to judged objects: the catalogue's, and what the run says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from qsocore.catalog import Column
    from qsocore.workflow.judge import Judged

PREFERRED = ("z", "snr_median", "mag_i", "m_i", "bal_prob", "bi_civ", "ai_civ", "n_hi_dla", "ebv", "ew_civ", "ew_mgii",
             "alpha_nu", "host_fraction", "teff", "d4000n", "mjd", "ra", "dec", "xmm_total_flux", "plate_sn2", "conf_dla")
"""DR16Q's properties first, by the names that they have here."""

_UNITS = {"Angstrom": "Å", "deg": "°", "km s-1": "km/s", "dex(cm-2)": "log cm⁻²"}
_FEWEST = 3  # objects without which a column says nothing


def properties(judged: Judged, most: int = 8) -> list[str]:
    """Columns of numbers worth showing: the preferred ones, then others, of which the judged objects have several values."""
    columns = judged.store.columns
    names = [name for name in PREFERRED if name in columns]
    names += [name for name, column in columns.items() if name not in names and column.dtype.startswith("float")
              and column.role in ("property", "truth", "magnitude", "quality") and name != "true_z"]
    return [name for name in names if _varies(values(judged, name))][:most]


def values(judged: Judged, name: str) -> NDArray[np.float64]:
    """A column (n,) of the run or of the catalogue, as numbers.

    Raises
    ------
    StoreError
        When there is none.
    ConfigError
        When it is text.
    """
    from qsocore.errors import ConfigError

    column = judged.columns[name] if name in judged.columns else judged.store.column(name)[judged.rows]
    if column.dtype.kind not in "fiub":
        raise ConfigError(f"column {name} holds no numbers", judged.store.path, "name another")
    return column.astype(np.float64)


def label(judged: Judged, name: str) -> str:
    """What an axis says: the column with its unit."""
    column: Column | None = judged.store.columns.get(name)
    unit = _UNITS.get(column.unit, column.unit) if column and name not in judged.columns else ""
    return f"{name} ({unit})" if unit else name


def error_of(judged: Judged) -> tuple[NDArray[np.float64], str]:
    """What the run is worst at, log10 (n,), and its name: the reconstruction's chi2 per pixel, or the redshift's |dv|."""
    from qsocore.units import velocity

    with np.errstate(divide="ignore", invalid="ignore"):
        if judged.is_latent:
            return np.log10(judged.columns["chi2_floor"].astype(np.float64)), "log χ² per pixel, errors floored"
        z_pred, z = judged.redshifts()
        return np.log10(np.maximum(np.abs(velocity(z_pred, z)), 1.0)), "log |Δv| (km/s)"


def chosen(judged: Judged, names: Sequence[str] | str | None, most: int) -> list[str]:
    """Names given with commas, else `properties`."""
    if not names:
        return properties(judged, most)
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)


def _varies(column: NDArray) -> bool:
    seen = column[np.isfinite(column)]
    return seen.size >= _FEWEST and float(seen.min()) < float(seen.max())
