"""Grades out of a store and into it: as our own tables, as DESI's visual inspection writes them, as SLED does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa

from qsocore import __version__
from qsocore.errors import ConfigError, StoreError, did_you_mean
from qsocore.inspection import Verdict
from qsocore.inspection.agreement import consensus
from qsocore.inspection.standing import standing
from qsocore.inspection.vocabulary import scale
from qsocore.store import Store, open_store
from qsocore.store.labels import Labels
from qsocore.surveys.tables import read_table
from qsocore.workflow import grades_desi, grades_sled, grades_table
from qsocore.workflow.export import InMemory, check_out, write_rows
from qsocore.workflow.grades_read import Earlier, rows_of, verdict_of
from qsocore.workflow.info import citations

_KNOWN = ("object_id", "native_id", "release", "ra", "dec", "z", "class", "expid", "night", "tileid", "deltachi2")


@dataclass(frozen=True)
class Graded:
    """What all who graded an object at one desk say of it together.

    Parameters
    ----------
    object_id, desk : str
        Which.
    verdicts : tuple of Verdict
        Those that hold, the earliest first.
    """

    object_id: str
    desk: str
    verdicts: tuple[Verdict, ...]

    @property
    def votes(self) -> dict[str, int]:
        """How often each label of the desk was given, from the worst to the best; other labels behind."""
        given = Counter(verdict.label for verdict in self.verdicts)
        return {label: given[label] for label in dict.fromkeys((*scale(self.desk), *sorted(given)))}

    @property
    def grade(self) -> float:
        """Mean of the labels' places on the desk's scale, from 0: at the lens desk A = 3, B = 2, C = 1, X = 0. Else NaN."""
        words = scale(self.desk)
        ranks = [words.index(verdict.label) for verdict in self.verdicts if verdict.label in words]
        return fmean(ranks) if ranks else float("nan")

    @property
    def label(self) -> str:
        """Median of the grades, of two in the middle the worse; where there is no scale the label given most often."""
        return consensus((verdict.label for verdict in self.verdicts), scale(self.desk)) \
            or Counter(verdict.label for verdict in self.verdicts).most_common(1)[0][0]

    @property
    def kind(self) -> str:
        """The corrected class, or what it is instead of a lens, that was said most often."""
        kinds = Counter(verdict.kind for verdict in self.verdicts if verdict.kind)
        return kinds.most_common(1)[0][0] if kinds else ""

    @property
    def z(self) -> float:
        """Median of the redshifts that were given, NaN for none."""
        given = [verdict.z for verdict in self.verdicts if verdict.z is not None]
        return median(given) if given else float("nan")

    @property
    def comment(self) -> str:
        """All comments, each once."""
        return "; ".join(dict.fromkeys(verdict.comment for verdict in self.verdicts if verdict.comment))


Catalogue = dict[str, dict[str, Any]]
"""What a catalogue knows of the graded objects: values by column, by object id."""


@dataclass(frozen=True)
class Format:
    """A way to write grades and to read them.

    Parameters
    ----------
    write : callable
        Gives the table for graded objects and what the catalogue knows of them; `each` asks for one row per verdict.
    read : callable
        Gives what was said in the rows of a table.
    """

    write: Callable[[Sequence[Graded], Catalogue, bool], pa.Table]
    read: Callable[[dict[str, Sequence[Any]]], Iterable[Earlier]]


FORMATS = MappingProxyType({"table": Format(grades_table.table, grades_table.earlier),
                            "desi": Format(grades_desi.table, grades_desi.earlier),
                            "sled": Format(grades_sled.table, grades_sled.earlier)})


def graded(verdicts: Iterable[Verdict]) -> list[Graded]:
    """Objects with what holds of them, by desk; simulated ones that were injected into a campaign are left out."""
    said: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in standing(verdicts):
        if not verdict.object_id.startswith("injected:"):
            said.setdefault((verdict.object_id, verdict.desk), []).append(verdict)
    return [Graded(*key, tuple(these)) for key, these in said.items()]


def export_grades(store_path: str | Path, out: str | Path, layout: str = "table", campaign: str = "", each: bool = False,
                  url: str = "") -> int:
    """Write the grades of a store.

    Parameters
    ----------
    store_path : path
        The store.
    out : path
        ``.csv``, ``.fits``, ``.vot`` or ``.parquet``; must not exist. Text of a CSV never begins a formula.
    layout : {"table", "desi", "sled"}
        Our own table; DESI's table of visual inspection (of the spectra desk, a row per verdict); SLED's upload (of the lens
        desk, a row per object).
    campaign : str
        Its verdicts alone.
    each : bool
        One row per verdict instead of one per object, in our own table.
    url : str
        Database of the verdicts, see `qsocore.store.labels.Labels.of`.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    ConfigError
        When the layout or the ending is unknown, or the file exists.
    StoreError
        When there is no such store or campaign, or nobody has graded.
    """
    form, out = _format(layout), Path(out)
    check_out(out)
    if out.suffix.lower() == ".txt":
        raise ConfigError("a .txt file holds object ids alone", out, "use .csv, .fits, .vot or .parquet")
    store = open_store(store_path)
    with Labels.of(store.path, url) as labels:
        if campaign:
            labels.campaign(campaign)
        found = graded(labels.verdicts(campaign=campaign or None))
    table = form.write(found, _catalogue(store, [one.object_id for one in found]), each)
    if not table.num_rows:
        raise StoreError(f"there are no grades to write as {layout}", store.path, "grade on the page Grade of 'qso serve'")
    manifest = store.manifest
    about = {"store": store.path.name, "store_fingerprint": manifest.fingerprint, "written_by": f"QSO Atlas {__version__}",
             "written": datetime.now(UTC).isoformat(timespec="seconds"), "layout": layout, "campaign": campaign or "all",
             "rows": table.num_rows, "people": sorted({v.person for one in found for v in one.verdicts}),
             "last_verdict": max(v.number for one in found for v in one.verdicts),
             "grade": "mean of the grades' places on the desk's scale: A=3, B=2, C=1, X=0; or the quality 0 to 4",
             "citation": citations(manifest)}
    source = InMemory(table)
    write_rows(out, source, list(source.columns.values()), np.arange(table.num_rows), about)
    return table.num_rows


@dataclass(frozen=True)
class Imported:
    """What came of an import.

    Parameters
    ----------
    added : int
        New verdicts.
    known : int
        Rows that were there already.
    silent : int
        Rows that say nothing that could be kept: no grade, no flag.
    unmatched : tuple of str
        How the file calls the objects that the store does not have.
    """

    added: int
    known: int
    silent: int
    unmatched: tuple[str, ...]


def import_grades(store_path: str | Path, file: str | Path, layout: str = "", person: str = "", url: str = "") -> Imported:
    """Append the verdicts of an earlier grade file; a second import of the same adds nothing.

    Objects are found by object id, else by the survey's own id, else within an arcsecond.

    Parameters
    ----------
    store_path : path
        The store.
    file : path
        CSV, FITS, VOTable or Parquet: of ours, of DESI's visual inspection, or of SLED.
    layout : str
        One of `FORMATS`; by default what the columns look like.
    person : str
        Who graded, where the file does not say.
    url : str
        Database of the verdicts.

    Raises
    ------
    ConfigError
        When the layout is unknown or cannot be told.
    ReadError
        When the file is no table.
    """
    store, table = open_store(store_path), read_table(file)
    columns = {name.strip(): table.frame[name].tolist() for name in table.frame}
    layout = layout or _guessed(columns, Path(file))
    said = list(_format(layout).read(columns))
    speaking = [one for one in said if one.label]
    rows = rows_of(store, speaking)
    ids = _ids(store, rows)
    verdicts = [verdict_of(one, object_id, person, layout, Path(file).name)
                for one, object_id in zip(speaking, ids, strict=True) if object_id]
    with Labels.of(store.path, url) as labels:
        known = {verdict.token for verdict in labels.verdicts()}
        new = {verdict.token: verdict for verdict in verdicts if verdict.token not in known}
        labels.extend(new.values())
    unmatched = tuple(dict.fromkeys(one.name for one, object_id in zip(speaking, ids, strict=True) if not object_id))
    return Imported(len(new), len(verdicts) - len(new), len(said) - len(speaking), unmatched)


def _ids(store: Store, rows) -> list[str]:
    """Object ids of rows, "" for -1."""
    there = rows >= 0
    out = np.full(len(rows), "", object)
    out[there] = store.table(["object_id"], rows[there]).column(0).to_pylist()
    return out.tolist()


def _format(layout: str) -> Format:
    if layout not in FORMATS:
        raise ConfigError(f"no layout of grades is called {layout!r}", "--format", did_you_mean(layout, FORMATS))
    return FORMATS[layout]


def _guessed(columns: dict[str, Any], file: Path) -> str:
    for layout, has in (("desi", {"VI_quality"}), ("sled", {"flag_contaminant"}), ("table", {"object_id", "label"})):
        if has <= columns.keys():
            return layout
    raise ConfigError("its columns are those of no layout of grades", file, f"say --format {', '.join(FORMATS)}")


def _catalogue(store: Store, ids: list[str]) -> Catalogue:
    """What the catalogue knows of objects, in numbers that JSON and tables take."""
    names = [name for name in store.columns if name.lower() in _KNOWN]
    rows = store.index_of(list(dict.fromkeys(ids)))
    rows = rows[rows >= 0]
    table = store.table(names, rows)
    return {row["object_id"]: {name.lower(): value for name, value in row.items()} for row in table.to_pylist()}
