"""Catalogue columns: each has a role, a unit, and a sentinel that means "missing"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Role = Literal["id", "coordinate", "redshift", "label", "flag", "quality", "magnitude", "flux", "error", "limit", "truth",
               "latent", "provenance", "property"]


_RARE = ("ucd", "system")  # which few columns have: they are written only then


@dataclass(frozen=True)
class Column:
    """What one catalogue column means.

    Parameters
    ----------
    name : str
        Fixed name.
    dtype : str
        "string", "float32", "float64", "int16", "int32", "int64" or "bool".
    role : str
        What it is for; see `Role`.
    unit : str
        Unit in astropy's writing, "" for none.
    description : str
        One line a user reads as a tooltip.
    sentinels : tuple of float
        Values that mean "missing" in the source; in a store they are missing values.
    ucd : str
        Unified Content Descriptor of the Virtual Observatory, where the source states one.
    system : str
        Magnitude system, "AB" or "Vega", "" where the source does not say.
    """

    name: str
    dtype: str
    role: Role
    unit: str = ""
    description: str = ""
    sentinels: tuple[float, ...] = ()
    ucd: str = ""
    system: str = ""

    def to_metadata(self) -> dict[str, str]:
        """Strings for a Parquet field's metadata."""
        return {key: ",".join(map(str, value)) if key == "sentinels" else str(value)
                for key, value in asdict(self).items() if key not in ("name", "dtype") and (value or key not in _RARE)}

    @classmethod
    def from_metadata(cls, name: str, dtype: str, metadata: dict[str, str]) -> Column:
        """Read back `to_metadata`; what is not there gets defaults."""
        sentinels = tuple(float(word) for word in metadata.get("sentinels", "").split(",") if word)
        return cls(name, dtype, metadata.get("role", "property"), metadata.get("unit", ""),
                   metadata.get("description", ""), sentinels, metadata.get("ucd", ""), metadata.get("system", ""))


STANDARD = (
    Column("object_id", "string", "id", "", "survey:release:native"),
    Column("survey", "string", "label", "", "Survey"),
    Column("release", "string", "provenance", "", "Data release or pipeline version"),
    Column("native_id", "string", "id", "", "The survey's own id"),
    Column("ra", "float64", "coordinate", "deg", "Right ascension, ICRS"),
    Column("dec", "float64", "coordinate", "deg", "Declination, ICRS"),
    Column("z", "float64", "redshift", "", "Catalogue redshift", (-9999.0,)),
    Column("z_err", "float32", "error", "", "Redshift error", (-1.0, -9999.0)),
    Column("z_warn", "int64", "flag", "", "Redshift warning bits of the survey's pipeline; 0 is good"),
    Column("class", "string", "label", "", "Class"),
    Column("subclass", "string", "label", "", "Subclass"),
    Column("snr_median", "float32", "quality", "", "Median signal to noise per pixel over good pixels"),
    Column("calibrated", "bool", "flag", "", "Flux is in 1e-17 erg/s/cm2/Angstrom"),
    Column("notes", "string", "provenance", "", "What was odd in the file and mended"),
    Column("source_file", "string", "provenance", "", "File it was read from"),
    Column("source_row", "int64", "provenance", "", "Row or fibre in that file"),
)
"""Columns that every store of spectra has, in this order."""

STANDARD_BY_NAME = {column.name: column for column in STANDARD}

_FILL = {"string": "", "float32": np.nan, "float64": np.nan}


def is_missing(values: NDArray, sentinels: Iterable[float] = ()) -> NDArray[np.bool_]:
    """True where a value is NaN, None, an empty string or one of the sentinels; shape as `values`."""
    values = np.asarray(values)
    if values.dtype.kind == "f":
        missing = np.isnan(values)
        for sentinel in sentinels:
            missing |= values == values.dtype.type(sentinel)
        return missing
    if values.dtype.kind in "OUT":
        return np.array([value is None or value == "" or value != value for value in values.ravel()]).reshape(values.shape)
    missing = np.zeros(values.shape, bool)
    for sentinel in sentinels:
        missing |= values == sentinel
    return missing


def column_for(name: str, values: NDArray) -> Column:
    """The standard column of that name, or one whose type is read off the values."""
    if name in STANDARD_BY_NAME:
        return STANDARD_BY_NAME[name]
    kind = np.asarray(values).dtype
    floating = "float32" if kind.itemsize <= 4 else "float64"
    dtype = {"f": floating, "b": "bool", "i": "int64", "u": "int64"}.get(kind.kind, "string")
    return Column(name, dtype, "label" if dtype == "string" else "property")
