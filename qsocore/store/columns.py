"""Between numpy and Arrow: catalogue columns with their role, unit, description and sentinels kept beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore.catalog import STANDARD, STANDARD_BY_NAME, Column, column_for, is_missing

_TYPES = {"string": pa.string(), "float32": pa.float32(), "float64": pa.float64(), "int16": pa.int16(),
          "int32": pa.int32(), "int64": pa.int64(), "bool": pa.bool_()}


def to_table(catalog: Mapping[str, Any], columns: Iterable[Column] = ()) -> pa.Table:
    """Catalogue values as an Arrow table; missing values and sentinels become nulls.

    Parameters
    ----------
    catalog : mapping of str to array_like or pyarrow.Array, or DataFrame
        One array per column, all of one length.
    columns : iterable of Column
        What the columns mean; standard names need none, others are read off their values.
    """
    known = STANDARD_BY_NAME | {column.name: column for column in columns}
    meant = {name: known.get(name) or column_for(name, np.asarray(catalog[name])) for name in catalog}
    order = [column.name for column in STANDARD if column.name in meant] + [name for name in meant if name not in
                                                                            {column.name for column in STANDARD}]
    return pa.table([_to_arrow(catalog[name], meant[name]) for name in order],
                    schema=pa.schema([to_field(meant[name]) for name in order]))


def to_field(column: Column) -> pa.Field:
    """The Arrow field of a column, its meaning in the metadata."""
    return pa.field(column.name, _TYPES[column.dtype], metadata=column.to_metadata())


def from_field(field: pa.Field) -> Column:
    """Read back `to_field`; a field without metadata is a plain property."""
    metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    dtype = next((name for name, kind in _TYPES.items() if kind == field.type), "string")
    return Column.from_metadata(field.name, dtype, metadata)


def _to_arrow(values: Any, column: Column) -> pa.Array:
    if isinstance(values, pa.Array):  # missing values are nulls already
        return values.cast(_TYPES[column.dtype])
    values = np.asarray(values)
    missing = is_missing(values, column.sentinels)
    if column.dtype == "string":
        return pa.array([None if gone else str(value) for value, gone in zip(values, missing, strict=True)], pa.string())
    target = np.dtype(column.dtype)
    if values.dtype != target:
        whole = np.zeros(values.shape, target)
        whole[~missing] = values[~missing].astype(target)
        values = whole
    return pa.array(values, _TYPES[column.dtype], mask=missing)


def to_numpy(values: pa.ChunkedArray | pa.Array) -> NDArray:
    """A column as numpy: missing strings are "", missing numbers NaN (integers with gaps become float64)."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(pa.string())
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return values.fill_null("").to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else \
            values.fill_null("").to_numpy()
    if values.null_count and (pa.types.is_integer(values.type) or pa.types.is_boolean(values.type)):
        values = values.cast(pa.float64())
    return values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else values.to_numpy()


def unify(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """One schema that holds every column of all, the first to name a column saying what it means.

    A column of several types gets one that holds them: text where one is text or an id, else floating point.
    """
    fields: dict[str, pa.Field] = {}
    for schema in schemas:
        for field in schema:
            known = fields.setdefault(field.name, field)
            if known.type != field.type:
                fields[field.name] = known.with_type(_wider(known, field))
    return pa.schema(list(fields.values()))


def _wider(one: pa.Field, other: pa.Field) -> pa.DataType:
    if pa.string() in (one.type, other.type) or "id" in (from_field(one).role, from_field(other).role):
        return pa.string()
    whole = all(pa.types.is_integer(field.type) for field in (one, other))
    return pa.int64() if whole else pa.float64()


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The table under another schema: absent columns are all missing."""
    arrays = [table.column(field.name).cast(field.type) if field.name in table.column_names
              else pa.nulls(table.num_rows, field.type) for field in schema]
    return pa.table(arrays, schema=schema)


def encoding(schema: pa.Schema) -> dict[str, Any]:
    """How a table is written to Parquet so that it is read fast: lz4, and codes for text of which rows share few values.

    Codes for anything else would only be tried and given up; statistics of row groups in no order help nobody and are half
    of the footer that opening reads.
    """
    shared = [field.name for field in schema if pa.types.is_string(field.type) and from_field(field).role != "id"
              and field.name not in ("object_id", "native_id", "source_file")]
    return {"compression": "lz4", "use_dictionary": shared or False, "write_statistics": False}
