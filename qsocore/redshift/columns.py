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
from qsocore.redshift.refine import Settings, Warn, refine
from qsocore.units import velocity

REFINED = (
    Column("z_pred", "float64", "redshift", "", "Predicted redshift, refined by templates"),
    Column("z_err", "float32", "error", "", "Its standard error, if it is not catastrophically wrong"),
    Column("z_2nd", "float64", "redshift", "", "Redshift of the templates' second minimum"),
    Column("z_warn_pred", "int32", "flag", "", "Warning bits: SDSS's ZWARNING, and 11 where the network was kept"),
    Column("delta_chi2", "float32", "quality", "", "How much worse the second fits; negative where overruled"),
    Column("spectype_pred", "string", "label", "", "Type of the templates that fit best: QSO, GALAXY, STAR"),
    Column("z_net", "float64", "redshift", "", "Redshift before the template step"),
)
"""What the template step gives, in order."""

CERTAIN = 0.99
"""Confidence of a network from which templates may sharpen its redshift but not choose another.

Broad troughs fit no template, and the misfit then decides: of 3,912 validation spectra of the simulated DESI quasars the
templates moved 13 by more than 6,000 km/s, 11 of them with troughs, all of them wrongly, and the network had been certain of
each.
"""
_FAR = 6000.0  # km/s


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
        All columns, with those of `REFINED`. An object without a good pixel keeps what was said; one whose redshift the
        templates would change although the network is `CERTAIN` of it keeps that, with theirs as the second and a warning.
    """
    found = refine(flux, ivar, grid, candidates_from(said), settings=settings)
    network = np.asarray(said["z_pred"], np.float64)
    none = np.isnan(found.z)
    with np.errstate(invalid="ignore"):
        overruled = (np.asarray(said.get("z_conf", none), np.float64) >= CERTAIN) & (np.abs(velocity(found.z, network)) > _FAR)
    second = np.where(overruled, found.z, found.z_2nd)
    kept = {name: np.where(keep, np.asarray(said.get(name, np.nan), np.float64), values)
            for name, keep, values in (("z_pred", none | overruled, found.z), ("z_err", none | overruled, found.z_err),
                                       ("z_2nd", none, second))}
    warn = np.where(overruled, found.warn | np.int32(Warn.OVERRULED), found.warn).astype(np.int32)
    return {**said, **kept, "z_warn_pred": warn, "delta_chi2": np.where(overruled, -1, 1) * found.delta_chi2,
            "spectype_pred": found.spectype, "z_net": network}
