"""What became of a download: counts, and what failed and why."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from qsocore.archive import SOURCES

_SHOWN = 20  # failures that the table lists; the report has all


@dataclass(frozen=True)
class Failure:
    """What could not be fetched.

    Parameters
    ----------
    object_ids : tuple of str
        Who misses it.
    where : str
        Its URL, else the object.
    why : str
        What, and what to do next.
    lasting : bool
        Whether the next call passes it over.
    """

    object_ids: tuple[str, ...]
    where: str
    why: str
    lasting: bool = False


@dataclass
class Downloaded:
    """What became of a download.

    Parameters
    ----------
    source : str
    out : Path
    n_objects : int
        Asked for.
    n_files : int
        That they need.
    present : int
        Of these, fetched by an earlier call and still there.
    fetched, n_bytes : int
        Fetched now, and their bytes; in a dry run the files that would be, and the bytes that are known of them.
    unknown : int
        In a dry run, files whose size the server does not say; those with an estimate are counted in `n_bytes`.
    failures : list of Failure
    dry : bool
        Whether nothing was fetched.
    """

    source: str
    out: Path
    n_objects: int
    n_files: int = 0
    present: int = 0
    fetched: int = 0
    n_bytes: int = 0
    unknown: int = 0
    failures: list[Failure] = field(default_factory=list)
    dry: bool = False

    def table(self) -> str:
        """Counts in words, then what failed and why."""
        did = f"{self.fetched:,} to fetch" if self.dry else f"{self.fetched:,} fetched"
        size = for_people(self.n_bytes) + (f" and {self.unknown:,} of unknown size" if self.unknown else "")
        lines = [f"{self.out}: {self.n_objects:,} objects, {self.n_files:,} files: {did} ({size}), "
                 f"{self.present:,} there already, {len(self.failures):,} failed"]
        lines += [f"  {_whose(failure)}{failure.why}" for failure in self.failures[:_SHOWN]]
        if len(self.failures) > _SHOWN:
            lines.append(f"  and {len(self.failures) - _SHOWN:,} more; --report FILE.json lists all")
        return "\n".join(lines)

    def to_json(self) -> str:
        """All of it, as JSON."""
        values = dataclasses.asdict(self) | {"out": str(self.out), "citation": SOURCES.get(self.source).citation}
        return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def _whose(failure: Failure) -> str:
    """The objects of a failure that names a URL."""
    if failure.where in failure.object_ids:
        return ""
    more = f" and {len(failure.object_ids) - 1:,} more" if len(failure.object_ids) > 1 else ""
    return f"{failure.object_ids[0]}{more}: " if failure.object_ids else ""


def for_people(n: int) -> str:
    """A number of bytes for people, decimal units.

    Examples
    --------
    >>> for_people(999), for_people(1_200_000)
    ('999 B', '1.2 MB')
    """
    size, unit = float(n), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{n} B" if unit == "B" else f"{size:.1f} {unit}"
