"""Predictions as a FITS table of the kind that QuasarNET and redrock write, which other tools take for a redshift catalogue.

Columns of QuasarNET's ``qn_export`` (Busca & Balland 2018): ZBEST, IS_QSO, C_LINES, Z_LINES (one value a line, the header's
LINE_0 ... say which), C_LINES_BAL; of redrock's ZBEST table: TARGETID, ZERR, ZWARN, SPECTYPE; besides OBJECT_ID, RA, DEC, and
what SDSS calls a spectrum (PLATE, MJD, FIBERID, THING_ID) where objects have such names, -1 for the others.
"""

from __future__ import annotations

import re
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore.errors import ConfigError
from qsocore.store import Store
from qsocore.store.columns import to_numpy

_QUASAR = 0.5  # probability from which IS_QSO is 1
_SDSS = re.compile(r"(\d{1,5})-(\d{5})-(\d{1,4})")
_UNKNOWN = -1
_COMMENTS = {"TARGETID": "DESI's id, or SDSS's THING_ID; -1 where unknown", "ZWARN": "0 is good",
             "C_LINES": "confidence of each line", "Z_LINES": "redshift by each line", "C_LINES_BAL": "BAL probability",
             "IS_QSO": f"1 where P_QSO is at least {_QUASAR}", "P_QSO": "probability", "SPECTYPE": "blank where not told"}


def write_zbest(table: pa.Table, store: Store, file: BinaryIO) -> None:
    """Write predictions, one row for each object of the store, in its order.

    Parameters
    ----------
    table : pyarrow.Table
        What `qsocore.workflow.predict.predict_table` gives; needs ``z_pred``.
    store : Store
        Whose objects they are.
    file : binary file
        Open for writing.

    Raises
    ------
    ConfigError
        When there are no redshifts among the predictions.
    """
    from astropy.io import fits

    from qsocore.models.redshift import LINES

    if "z_pred" not in table.column_names:
        raise ConfigError("a ZBEST table holds redshifts, and this run predicts none", "zbest",
                          "take a run of a redshift model, or leave --format out")
    lines = [name for name in LINES if f"c_{name}" in table.column_names]
    columns = names_of(store) | _places(store) | _redshifts(table, lines)
    hdu = fits.BinTableHDU.from_columns([_column(name, values) for name, values in columns.items()], name="ZBEST")
    for number, name in enumerate(columns, start=1):
        if name in _COMMENTS:
            hdu.header.comments[f"TTYPE{number}"] = _COMMENTS[name]
    if "C_LINES" in columns:
        hdu.header.extend([(f"LINE_{number}", round(wave, 4), name) for number, (name, wave) in enumerate(LINES.items())])
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file)


def names_of(store: Store, rows: NDArray[np.int64] | None = None) -> dict[str, NDArray]:
    """OBJECT_ID, TARGETID, and PLATE, MJD, FIBERID where objects have them, of some rows of a store (all by default)."""
    table = store.table([name for name in ("object_id", "thing_id", "targetid") if name in store.columns], rows)
    out = {"OBJECT_ID": np.array(table["object_id"].to_pylist(), str)}
    native = [text.split(":", 2)[-1] for text in out["OBJECT_ID"].tolist()]
    told = next((name for name in ("targetid", "thing_id") if name in table.column_names
                 and pa.types.is_integer(table[name].type)), None)
    if told:
        out["TARGETID"] = table[told].fill_null(_UNKNOWN).to_numpy().astype(np.int64)
    else:
        out["TARGETID"] = np.array([_whole(text) for text in native], np.int64)
    spectra = [_SDSS.fullmatch(text) for text in native]
    if any(spectra):
        numbers = np.array([found.groups() if found else [_UNKNOWN] * 3 for found in spectra], np.int32).T
        out |= dict(zip(("PLATE", "MJD", "FIBERID"), numbers, strict=True))
        if "thing_id" in table.column_names:
            out["THING_ID"] = out["TARGETID"]
    return out


def _whole(text: str) -> int:
    """The number that a native id is, as DESI's TARGETID; -1 for what is none that 64 bits hold."""
    return int(text) if text.isascii() and text.isdigit() and int(text) < 2**63 else _UNKNOWN


def _places(store: Store) -> dict[str, NDArray]:
    missing = np.full(store.n_rows, np.nan)
    return {name.upper(): store.column(name) if name in store.columns else missing for name in ("ra", "dec")}


def _redshifts(table: pa.Table, lines: list[str]) -> dict[str, NDArray]:
    def column(name: str, default: float = np.nan) -> NDArray:
        return to_numpy(table[name]) if name in table.column_names else np.full(table.num_rows, default)

    quasar = column("is_qso")
    out = {"ZBEST": column("z_pred").astype(np.float64), "ZERR": column("z_err").astype(np.float64),
           "ZWARN": column("z_warn_pred", 0).astype(np.int64), "SPECTYPE": _types(table, quasar),
           "IS_QSO": (quasar >= _QUASAR).astype(np.int64), "P_QSO": quasar.astype(np.float32)}
    if lines:
        out["C_LINES"] = np.stack([column(f"c_{name}") for name in lines], axis=1).astype(np.float32)  # (n, 6)
        out["Z_LINES"] = np.stack([column(f"z_{name}") for name in lines], axis=1).astype(np.float64)
    if "bal_prob_pred" in table.column_names:
        out["C_LINES_BAL"] = column("bal_prob_pred").astype(np.float32)[:, None]
    return out


def _types(table: pa.Table, quasar: NDArray) -> NDArray:
    """QSO, GALAXY, STAR as redrock says, by the predicted class where there is one; blank where nothing tells."""
    if "class_pred" in table.column_names:
        kinds = {"QSO": "QSO", "BAL": "QSO", "GAL": "GALAXY", "GALAXY": "GALAXY", "": ""}
        return np.array([kinds.get(name or "", "STAR") for name in table["class_pred"].to_pylist()], "U6")
    return np.where(quasar >= _QUASAR, "QSO", "").astype("U6")


def _column(name: str, values: NDArray):
    from astropy.io import fits

    kind = {"f4": "E", "f8": "D", "i4": "J", "i8": "K"}.get(values.dtype.str[1:])
    if kind is None:
        return fits.Column(name, f"{max(values.dtype.itemsize // 4, 1)}A", array=values)
    unit = "deg" if name in ("RA", "DEC") else None
    width = str(values.shape[1]) if values.ndim == 2 else ""
    return fits.Column(name, f"{width}{kind}", unit, array=values)
