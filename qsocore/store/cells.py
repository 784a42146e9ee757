"""Cells of CSV files that no spreadsheet takes for a formula.

Text that begins with one of ``= + - @``, a tab or a line break is executed by spreadsheets when such a file is opened
(CWE-1236). It gets an apostrophe in front, which spreadsheets read as "this is text"; reading takes it away again. Text that is
a number stays as it is, and so do numbers.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

_FORMULA = r"^'*[=+\-@\t\r\n]"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_SAFE = re.compile(rf"'(?={_FORMULA[1:]})")
_RISKY, _PLAIN = re.compile(_FORMULA), re.compile(_NUMBER)


def safe(text: str) -> str:
    """Text as it stands in a CSV file.

    Examples
    --------
    >>> safe("=1+1"), safe("-1.5"), safe("J0109")
    ("'=1+1", '-1.5', 'J0109')
    """
    return f"'{text}" if _RISKY.match(text) and not _PLAIN.fullmatch(text) else text


def unsafe(text: str) -> str:
    """Text as it was before `safe`.

    Examples
    --------
    >>> unsafe("'=1+1"), unsafe("'tis")
    ('=1+1', "'tis")
    """
    return text[1:] if _SAFE.match(text) else text


def safe_table(table: pa.Table) -> pa.Table:
    """A table whose text and names of columns are `safe`."""
    columns = [_safe_column(column) if _is_text(column.type) else column for column in table.columns]
    return pa.table(columns, names=[safe(name) for name in table.column_names])


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _safe_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    risky = pc.and_not(pc.match_substring_regex(column, _FORMULA), pc.match_substring_regex(column, _NUMBER))
    if not pc.any(risky).as_py():
        return column
    quoted = pc.binary_join_element_wise(pa.scalar("'", column.type), column, pa.scalar("", column.type))
    return pc.if_else(risky, quoted, column)
