"""A redshift predictor's columns with the template step behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.redshift.candidates import candidates_from
from qsocore.redshift.refine import Settings, refine

REFINED = (
    Column("z_pred", "float64", "redshift", "", "Predicted redshift, refined by templates"),
    Column("z_err", "float32", "error", "", "Its standard error, if it is not catastrophically wrong"),
    Column("z_2nd", "float64", "redshift", "", "Redshift of the templates' second minimum"),
    Column("z_warn_pred", "int32", "flag", "", "Warning bits of the template step, as SDSS's ZWARNING; 0 is good"),
    Column("delta_chi2", "float32", "quality", "", "By how much the second minimum is worse"),
    Column("spectype_pred", "string", "label", "", "Type of the templates that fit best: QSO, GALAXY, STAR"),
    Column("z_net", "float64", "redshift", "", "Redshift before the template step"),
)
"""What the template step gives, in order."""


def refined_columns(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """A predictor's columns with `REFINED` in the place of those of the same name, the others behind them.

    Raises
    ------
    ConfigError
        When the predictor gives no redshift.
    """
    names = [column.name for column in columns]
    if "z_pred" not in names:
        raise ConfigError("this run predicts no redshifts to refine", "--refine", "take a run of a redshift model")
    ours = {column.name: column for column in REFINED}
    return (*(replace(ours[name]) if name in ours else column for name, column in zip(names, columns, strict=True)),
            *(column for column in REFINED if column.name not in names))


def refined(said: Mapping[str, NDArray], flux: NDArray, ivar: NDArray, grid: WaveGrid,
            settings: Settings | None = None) -> dict[str, NDArray]:
    """What a predictor said of spectra, refined.

    Parameters
    ----------
    said : mapping of ndarray, each (n,)
        Its columns.
    flux, ivar : ndarray, shape (n, n_pix)
        The spectra, in any unit, on `grid`.
    settings : Settings, optional
        Of `qsocore.redshift.refine.refine`.

    Returns
    -------
    dict of ndarray, each (n,)
        All columns, with those of `REFINED`. An object without a good pixel keeps what was said.
    """
    found = refine(flux, ivar, grid, candidates_from(said), settings=settings)
    network = np.asarray(said["z_pred"], np.float64)
    none = np.isnan(found.z)
    kept = {name: np.where(none, np.asarray(said.get(name, np.nan), np.float64), values)
            for name, values in (("z_pred", found.z), ("z_err", found.z_err), ("z_2nd", found.z_2nd))}
    return {**said, **kept, "z_warn_pred": found.warn, "delta_chi2": found.delta_chi2, "spectype_pred": found.spectype,
            "z_net": network}
