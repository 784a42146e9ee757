"""No CSV that leaves the project has a cell that a spreadsheet executes; numbers stay numbers; reading undoes it."""

import csv

import numpy as np
import pyarrow as pa
import pytest

from qsocore.store.cells import safe, safe_table, unsafe
from qsocore.surveys.tables import read_table
from qsocore.workflow import export, tablefile

TEXTS = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx", "'=1", "plain", "-1.5", "+3e-4", "a=b", None]
NUMBERS = [-1.5, 2.0, None] * 4


def _rows(file):
    with open(file, newline="", encoding="utf-8") as lines:
        return list(csv.reader(lines))


@pytest.mark.parametrize("writer", ["export", "tablefile"])
def test_every_writer_of_csv(tmp_path, writer):
    table = pa.table({"=name": TEXTS, "number": pa.array(NUMBERS, pa.float64())})
    out = tmp_path / "t.csv"
    if writer == "export":
        source = export.InMemory(table)
        export.write_rows(out, source, list(source.columns.values()), np.arange(len(TEXTS)), {})
    else:
        tablefile.write_table(table, out)
    head, *rows = _rows(out)
    assert head == ["'=name", "number"]
    for (text, number), was, value in zip(rows, TEXTS, NUMBERS, strict=True):
        assert not text.startswith(("=", "@", "\t", "\r")) and (text[:1] not in ("+", "-") or np.isfinite(float(text)))
        assert unsafe(text) == (was or "") and number == ("" if value is None else f"{value:g}")
    read = read_table(out).frame
    assert [text for text in read["=name"] if not text.startswith(("\r", "-1.5"))] == \
        [text or "" for text in TEXTS if text is None or not text.startswith(("\r", "-1.5"))]


def test_a_table_without_risks_is_passed_on_as_it_is():
    table = pa.table({"a": ["x", "-2"], "b": [1, 2]})
    assert safe_table(table).equals(table)
    assert safe_table(pa.table({"a": pa.array(["=1"], pa.large_string())})).column("a").to_pylist() == [safe("=1")] == ["'=1"]
