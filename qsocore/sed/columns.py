"""What fits say of every object, as catalogue columns: the same names whatever did the fitting."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.sed.fit import BOTH, KINDS, FitTable
from qsocore.store.columns import to_field

SHORT = MappingProxyType({"star": "star", "galaxy": "gal", "quasar": "qso", BOTH: "qso_gal"})
"""Names of the kinds in those of columns."""

COLUMNS = (
    *(Column(f"chi2_{short}", "float64", "quality", "", f"Chi2 of the best {kind} over the bands")
      for kind, short in SHORT.items()),
    *(Column(f"bic_{short}", "float64", "quality", "", f"Bayesian information criterion of the best {kind}, k ln n - 2 ln L "
             "with fluxes in jansky; less is better") for kind, short in SHORT.items()),
    *(Column(f"k_{short}", "int16", "property", "", f"Parameters of the model of a {kind}") for kind, short in SHORT.items()),
    Column("n_bands", "int16", "property", "", "Bands that took part, upper limits among them"),
    Column("sed_kind", "string", "label", "", "Kind with the least BIC: star, galaxy, quasar or quasar+galaxy"),
    Column("sed_template", "string", "label", "", "Template of the kind with the least BIC"),
    Column("z_phot", "float32", "redshift", "", "Redshift of the kind with the least BIC, of a pair that of the quasar"),
    Column("z_phot_low", "float32", "error", "", "16th percentile of its marginal likelihood"),
    Column("z_phot_high", "float32", "error", "", "84th percentile of its marginal likelihood"),
    Column("z_phot_qso", "float32", "redshift", "", "Redshift as a quasar, whatever it is"),
    Column("z_phot_gal", "float32", "redshift", "", "Redshift as a galaxy, whatever it is"),
    Column("z_phot_lens", "float32", "redshift", "", "Redshift of the galaxy in the best quasar+galaxy"),
    Column("m_1450", "float32", "magnitude", "mag", "Apparent AB magnitude at rest 1450 Angstrom as a quasar"),
    Column("ebv_qso", "float32", "property", "mag", "E(B-V) of the dust at the quasar (SMC), as a quasar"),
    Column("ebv_gal", "float32", "property", "mag", "E(B-V) of the dust in the galaxy (Calzetti), as a galaxy"),
    Column("delta_bic_lens", "float64", "quality", "", "Evidence for a lens, bic_qso - bic_qso_gal: above 10 a galaxy beside "
           "the quasar is very strongly preferred (Kass & Raftery 1995, JASA 90, 773)"),
)
"""All columns; a back end that does not know one leaves it out."""


def columns_of(table: FitTable) -> dict[str, NDArray]:
    """Columns of our own fits by name, (n,) each; NaN and "" where nothing is known."""
    out: dict[str, NDArray] = {"n_bands": table.fluxes.n}
    for kind in table.kinds:
        short, any_band = SHORT[kind], table.fluxes.n > 0
        out[f"chi2_{short}"] = np.where(any_band, table.found[kind].chi2, np.nan)
        out[f"bic_{short}"] = table.bic(kind)
        out[f"k_{short}"] = np.full(len(table.fluxes), table.k(kind))
    best = table.preferred()
    choose = {f"z_phot{end}": [getattr(table.found[kind], f"z{end}") for kind in table.kinds] for end in ("", "_low", "_high")}
    choose["sed_template"] = [table.templates(kind) for kind in table.kinds]
    out["sed_kind"] = _chosen([np.full(len(best), kind, object) for kind in table.kinds], best)
    out |= {name: _chosen(options, best) for name, options in choose.items()}
    if "quasar" in table.kinds:
        at = table.parameters("quasar")
        out |= {"z_phot_qso": table.found["quasar"].z, "m_1450": at["m_1450"], "ebv_qso": at["ebv"]}
    if "galaxy" in table.kinds:
        out |= {"z_phot_gal": table.found["galaxy"].z, "ebv_gal": table.parameters("galaxy")["ebv_galaxy"]}
    if BOTH in table.kinds:
        at = table.parameters(BOTH)
        out["z_phot_lens"] = np.where(at["amplitude"] > 0, at["z_galaxy"], np.nan)
    return out | lens_evidence(out)


def lens_evidence(columns: dict[str, NDArray]) -> dict[str, NDArray]:
    """``delta_bic_lens`` where both its BICs are known."""
    known = {"bic_qso", "bic_qso_gal"} <= columns.keys()
    return {"delta_bic_lens": columns["bic_qso"] - columns["bic_qso_gal"]} if known else {}


def preferred_kind(columns: dict[str, NDArray]) -> NDArray[np.object_]:
    """``sed_kind`` (n,) by the BICs that are known, "" where one of them is not."""
    kinds = [kind for kind in KINDS if f"bic_{SHORT[kind]}" in columns]
    bic = np.stack([columns[f"bic_{SHORT[kind]}"] for kind in kinds], axis=1)
    known = np.isfinite(bic).all(axis=1)
    return np.where(known, np.array(kinds, object)[np.argmin(np.where(known[:, None], bic, 0.0), axis=1)], "")


def to_arrow(columns: dict[str, NDArray]) -> pa.Table:
    """Columns as an Arrow table in the order of `COLUMNS`, their meaning in the fields; NaN, infinities and "" are null."""
    meant = [column for column in COLUMNS if column.name in columns]
    return pa.table([_array(column, columns[column.name]) for column in meant], schema=pa.schema(list(map(to_field, meant))))


def _array(column: Column, values: NDArray) -> pa.Array:
    if column.dtype == "string":
        return pa.array([value or None for value in values], pa.string())
    values = np.asarray(values).astype(column.dtype)
    return pa.array(values, mask=~np.isfinite(values) if values.dtype.kind == "f" else None)


def _chosen(options: list[NDArray], best: NDArray[np.int64]) -> NDArray:
    """Of each object the value of its best kind; "" or NaN where there is none."""
    stacked = np.stack(options, axis=1)
    values = stacked[np.arange(len(best)), np.maximum(best, 0)]
    return np.where(best >= 0, values, "" if stacked.dtype.kind == "O" else np.nan)
