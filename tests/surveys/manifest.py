"""The manifest of the real files, row by row."""

import csv
from pathlib import Path


def rows_of(real: Path, folder: str) -> list[dict[str, str]]:
    """Entries of the manifest whose file lies in a folder, in the manifest's order."""
    with open(real / "manifest.csv", newline="") as file:
        return [row for row in csv.DictReader(file) if row["file"].startswith(folder)]
