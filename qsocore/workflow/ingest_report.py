"""What became of every file and every row that an ingest was given."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from qsocore.errors import AtlasError
from qsocore.store.files import write_text


@dataclass
class FileReport:
    """One file.

    Parameters
    ----------
    path : str
    size : int
        Bytes.
    surveys : dict of str to int
        Objects read, by survey.
    flagged : int
        Objects read with notes.
    doubled : int
        Objects read whose id had come before; the first stays.
    notes : dict of str to int
        Objects with each note.
    refused : list of dict
        ``reason``, ``what`` and ``where`` of each refused row, or of the file.
    """

    path: str
    size: int = 0
    surveys: dict[str, int] = field(default_factory=dict)
    flagged: int = 0
    doubled: int = 0
    notes: dict[str, int] = field(default_factory=dict)
    refused: list[dict[str, str]] = field(default_factory=list)

    @property
    def read(self) -> int:
        """Objects read."""
        return sum(self.surveys.values())

    def accept(self, survey: str, notes: Iterable[str]) -> None:
        """Count an object that was read; numbers in its notes are left out of the count."""
        self.surveys[survey] = self.surveys.get(survey, 0) + 1
        plain = {re.sub(r"\b\d[\d.]*\b", "N", note) for note in notes}
        self.flagged += bool(plain)
        for note in sorted(plain):
            self.notes[note] = self.notes.get(note, 0) + 1

    def refuse(self, reason: str, error: AtlasError) -> None:
        """Count a row, or the file, that is refused."""
        self.refused.append({"reason": reason, "what": error.what, "where": error.where or self.path})


@dataclass
class IngestReport:
    """All files of an ingest.

    Parameters
    ----------
    store : str or None
        The store that was written; None when nothing could be read.
    files : list of FileReport
        Every file that was found, in order.
    joined : dict
        Of the joined catalogue: ``path``, and how many objects it matched ``by`` what.
    """

    store: str | None
    files: list[FileReport]
    joined: dict[str, Any] = field(default_factory=dict)

    @property
    def read(self) -> int:
        """Objects read, doubles included."""
        return sum(file.read for file in self.files)

    @property
    def flagged(self) -> int:
        """Objects read with notes, doubles included."""
        return sum(file.flagged for file in self.files)

    @property
    def doubled(self) -> int:
        """Objects dropped because their id had come before."""
        return sum(file.doubled for file in self.files)

    @property
    def surveys(self) -> Counter[str]:
        """Objects read, by survey."""
        return sum((Counter(file.surveys) for file in self.files), Counter())

    @property
    def notes(self) -> Counter[str]:
        """Objects with each note; what differs from object to object in a note is left out."""
        return sum((Counter(file.notes) for file in self.files), Counter())

    @property
    def refused(self) -> Counter[str]:
        """Refused rows and files, by reason."""
        return Counter(entry["reason"] for file in self.files for entry in file.refused)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, the counts first, then every file."""
        counts = {name: dict(getattr(self, name).most_common()) for name in ("refused", "surveys", "notes")}
        return {"store": self.store, "n_files": len(self.files), "read": self.read, "flagged": self.flagged,
                "doubled": self.doubled} | counts | {"joined": self.joined, "files": [asdict(file) for file in self.files]}

    def to_json(self) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False)

    def write(self, path: str | Path) -> None:
        """Write the JSON whole or not at all."""
        write_text(Path(path), self.to_json() + "\n")

    def table(self) -> str:
        """The counts, for reading."""
        sources = sum(1 for file in self.files if file.read)
        lines = [f"{'read':10} {self.read:>9,}  from {sources:,} of {len(self.files):,} files: {_counts(self.surveys)}"]
        lines += _block("flagged", self.flagged, self.notes.most_common())
        refused = self.refused
        lines += _block("refused", sum(refused.values()), [(f"{reason}: {self._example(reason)}", count)
                                                           for reason, count in refused.most_common()])
        lines.append(f"{'doubled':10} {self.doubled:>9,}  of one id; the first was kept")
        if self.joined:
            lines.append(f"{'joined':10} {sum(self.joined['by'].values()):>9,}  with {self.joined['path']} "
                         f"by {_counts(self.joined['by'])}")
            alone = self.read - sum(self.joined["by"].values())
            lines += [f"{'':10} {alone:>9,}  have no row in it"] if alone else []
        lines.append(f"{'in store':10} {self.read - self.doubled:>9,}  {self.store or 'no store was written'}")
        return "\n".join(lines)

    def _example(self, reason: str) -> str:
        """The first refusal of a reason, with its place."""
        return next(f"{Path(file.path).name}: {entry['what']}" for file in self.files for entry in file.refused
                    if entry["reason"] == reason)


@dataclass
class Notebook:
    """What one block came to: its files, and how many of its objects a joined catalogue matched by what."""

    files: list[FileReport] = field(default_factory=list)
    joined: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Notebook:
        """Read back `to_json`."""
        values = json.loads(text)
        return cls([FileReport(**entry) for entry in values["files"]], values["joined"])


def _block(title: str, total: int, parts: list[tuple[str, int]]) -> list[str]:
    return [f"{title:10} {total:>9,}"] + [f"{'':10} {count:>9,}  {text[:110]}" for text, count in parts]


def _counts(counts: Counter[str] | dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
