"""Columns that follow from others row by row and are stored nowhere: how far a predicted redshift is from the catalogue's."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.store.columns import to_numpy
from qsocore.units import velocity


@dataclass(frozen=True)
class Derived:
    """A column that is computed when it is asked for.

    Parameters
    ----------
    column : Column
        What it means.
    needs : tuple of str
        The columns that it follows from.
    make : callable
        ``make(*values)`` gives it, shape (n,), from theirs, shape (n,) each, NaN where missing.
    """

    column: Column
    needs: tuple[str, ...]
    make: Callable[..., NDArray]

    def of(self, table: pa.Table) -> pa.Array:
        """The column of some rows, null where one of the needed values is missing."""
        values = np.asarray(self.make(*(to_numpy(table.column(name)).astype(float) for name in self.needs)), self.column.dtype)
        return pa.array(values, mask=~np.isfinite(values))


_BOTH = ("z_pred", "z")
DERIVED = (
    Derived(Column("dv", "float32", "error", "km s-1", "Predicted minus catalogue redshift as a velocity, "
                   "c (z_pred - z) / (1 + z)"), _BOTH, velocity),
    Derived(Column("dv_abs", "float32", "error", "km s-1", "Size of the predicted redshift's error, |dv|"), _BOTH,
            lambda z_pred, z: np.abs(velocity(z_pred, z))),
)
"""All there are."""

SIGNED = frozenset({"dv"})
"""Those of them whose zero is the middle of a scale."""


def derived_from(columns: Container[str]) -> dict[str, Derived]:
    """Those that can be computed where these columns are, and are not among them, by name."""
    return {one.column.name: one for one in DERIVED
            if one.column.name not in columns and all(name in columns for name in one.needs)}
