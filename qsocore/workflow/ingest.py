"""Ingest: survey files to a store, block by block, in as many processes as there are processors.

Spectra are read file by file; images by a plan (`ingest_images`) that says which files are read together.

Files are sorted and cut into blocks of about equal bytes; a block is read by one process and becomes one shard, or several
where its rows are many. What a block's files came to is written before its last shard, so that a repeated call skips whole
blocks and still accounts for every file. The cut depends on the files alone: any number of workers gives the same store.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.errors import AtlasError, ConfigError, ReadError
from qsocore.grid import DEFAULT_GRID, WaveGrid
from qsocore.progress import Progress
from qsocore.records import ImageCube, Spectrum
from qsocore.sampling import ImageGrid
from qsocore.store import SHARD_ROWS, StoreWriter, open_store, paths
from qsocore.store.files import write_text
from qsocore.surveys import SURVEYS, read_file, recognise
from qsocore.surveys.probe import Probe
from qsocore.surveys.tables import CatalogTable, joined, match, read_table
from qsocore.workflow.find_files import Found, find_files
from qsocore.workflow.image_sources import Wish
from qsocore.workflow.ingest_catalogue import ingest_catalogue
from qsocore.workflow.ingest_images import plan_images, provenance
from qsocore.workflow.ingest_report import FileReport, IngestReport, Notebook
from qsocore.workflow.processes import shared
from qsocore.workflow.rows import ASIDE, Rows, fill_gaps

_LEAST_BLOCK, _MOST_BLOCK, _BLOCKS = 8 << 20, 512 << 20, 32  # bytes, bytes, and how many blocks are meant between the two
_ROW_BYTES = 1024  # fewest bytes of a file that hold a spectrum (433 numbers); sets how many shards a block may spill into
_WORTH_A_WORKER = 128 << 20  # bytes that are read in the time in which an interpreter starts and imports, twice over
_ROWS, _SHARD_BYTES = 16_384, 302 << 20  # rows, and bytes of arrays, after which a block goes on with another shard


@dataclass(frozen=True)
class Block:
    """Files that one process reads, and the numbers of the shards that are theirs."""

    files: tuple[Found, ...]
    shards: range


class Version(NamedTuple):
    """A table to join, as it is now: path, bytes, nanoseconds of the last change."""

    path: str
    size: int
    changed: int


class Reader(Protocol):
    """Reads files into rows."""

    def rows(self) -> Rows:
        """Room for a shard's objects."""

    def read(self, file: Found) -> Iterator[Spectrum | ImageCube | ReadError]:
        """A file's objects; for one that is refused, the reason in its place."""


@dataclass(frozen=True)
class SpectrumReader:
    """Reads spectra, each file by itself."""

    grid: WaveGrid
    survey: str | None

    def rows(self) -> Rows:
        """Room for a shard's spectra."""
        return Rows(self.grid)

    def read(self, file: Found) -> Iterator[Spectrum | ReadError]:
        """A file's spectra; a file of images is refused unread."""
        with Probe(file.path) as probe:
            if recognise(probe, self.survey).holds == "images":
                raise ReadError("image", "it holds images, not spectra", file.path, ASIDE)
        yield from read_file(file.path, self.survey)


@dataclass(frozen=True)
class Job:
    """What every block needs."""

    writer: StoreWriter
    reader: Reader
    catalog: Version | None
    most: int  # rows after which a block goes on with another shard

    def notebook(self, block: Block) -> Path:
        """Where the block's reports lie until the store is whole."""
        return paths.fragment(self.writer.root, block.shards[-1]).with_suffix(".json")

    def done(self, block: Block) -> bool:
        """Whether an earlier call finished this block."""
        return all(self.writer.has(shard) for shard in block.shards)


def ingest(inputs: Iterable[str | Path], out: str | Path | None = None, *, survey: str | None = None,
           grid: WaveGrid = DEFAULT_GRID, catalog: str | Path | None = None, report: str | Path | None = None,
           workers: int | None = None, images: Wish | None = None) -> IngestReport:
    """Read survey files into a store of spectra, of images, or of a catalogue alone.

    Parameters
    ----------
    inputs : iterable of path
        Files, and folders that are searched for files.
    out : path, optional
        The store to be; an interrupted call that is repeated goes on where it was. Images that are put into a store of spectra
        (`Wish.into`) go to its folder ``images``.
    survey : str, optional
        Reader for all files; recognised file by file unless stated. ``catalogue`` makes a store of a table alone.
    grid : WaveGrid
        Sampling of a store of spectra.
    catalog : path, optional
        A table whose columns are joined onto the objects, by id where it has their ids, else by position within 1 arcsec. It
        also fills gaps in ra, dec, z, class and subclass. Of images the table of positions, unless stated.
    report : path, optional
        JSON file for the report.
    workers : int, optional
        Processes; one per processor unless stated, fewer where there is little to read.
    images : Wish, optional
        What is said of images; with it, or where the files hold images and no spectra, a store of images is made.

    Returns
    -------
    IngestReport
        Accounts for every file and every row. When nothing could be read its `store` is None and nothing is written.

    Raises
    ------
    AtlasError
        When an input is absent, the survey is unknown, `out` exists, or a worker is killed.
    OSError
        When the disk is full or `out` cannot be written; what is whole is kept for a repeated call.
    """
    out = _out(out, images)
    holds = SURVEYS.get(survey).holds if survey else ""  # an unknown name is refused before anything is written
    if holds == "catalogue":
        if catalog or images:
            raise ConfigError("a table alone is not joined with another, nor does it hold images", survey,
                              "give --catalog or what is said of images to an ingest of spectra or images")
        return ingest_catalogue(inputs, out, report)
    files = find_files(inputs, apart=(out, paths.partial(out)))
    others: list[FileReport] = []
    if images or (holds or _holds(files)) == "images":
        images = images or Wish()
        catalog = catalog or images.positions
        files, reader, others = plan_images(files, images, survey)
        said = provenance(images)
    else:
        reader, said = SpectrumReader(grid, survey), {}
    joining = _version(Path(catalog)) if catalog else None
    if joining:
        _table(joining)  # a table that cannot be read is refused before anything is written
    most = _most(reader.grid)
    blocks = _blocks(files, most)
    writer = StoreWriter(out, reader.grid, _provenance(blocks, survey, joining) | said,
                         sum(len(block.shards) for block in blocks))
    job = Job(writer, reader, joining, most)
    _run(job, blocks, workers or _worthwhile(blocks))
    books = [Notebook.from_json(job.notebook(block).read_text()) for block in blocks]
    result = IngestReport(str(out), [file for book in books for file in book.files] + others)
    if catalog:
        result.joined = {"path": str(catalog), "by": _total(book.joined for book in books)}
    if result.read:
        _count_doubles(writer, result.files)
        writer.provenance = writer.provenance | _citation(result.files, survey)
        writer.finish()
    else:
        shutil.rmtree(writer.root)
        result.store = None
    if report:
        result.write(report)
    return result


def _out(out: str | Path | None, images: Wish | None) -> Path:
    """Where the store goes; images that are put into a store of spectra have their place there."""
    into = images.into if images else None
    if (out is None) == (into is None):
        raise ConfigError("an ingest writes to one place", remedy="give --out STORE, or --into STORE for images beside spectra")
    if into is None:
        return Path(out)
    if open_store(into).image_grid:
        raise ConfigError("it is a store of images itself", into, "give --out for a store of its own")
    return paths.images(Path(into))


def _holds(files: list[Found]) -> str:
    """What files hold: spectra if any of them does, else images if any does."""
    found = ""
    for file in files:
        try:
            if file.refusal:
                raise file.refusal
            with Probe(file.path) as probe:
                holds = recognise(probe).holds
        except ReadError:
            continue
        if holds == "spectra":
            return holds
        found = holds
    return found


def _most(grid: WaveGrid | ImageGrid) -> int:
    """Rows after which a block goes on with another shard."""
    return max(1, min(_ROWS, _SHARD_BYTES // (9 * grid.n_pix)))


def _blocks(files: list[Found], most: int) -> list[Block]:
    """Cut sorted files into blocks; a block of many bytes, or of more than so many rows, owns more shards."""
    target = int(np.clip(sum(file.size for file in files) / _BLOCKS, _LEAST_BLOCK, _MOST_BLOCK))
    groups: list[list[Found]] = [[]]
    size = 0
    for file in files:
        if groups[-1] and size + file.size > target:
            groups.append([])
            size = 0
        groups[-1].append(file)
        size += file.size
    blocks, first = [], 0
    for group in groups:
        known, size = sum(file.n_rows for file in group), sum(file.size for file in group)
        shards = range(first, first + 1 + (known // most if known else size // (_ROWS * _ROW_BYTES)))
        blocks.append(Block(tuple(group), shards))
        first = shards.stop
    return blocks


def _provenance(blocks: list[Block], survey: str | None, catalog: Version | None) -> dict:
    """What is ingested: a changed file makes another plan."""
    digest = hashlib.sha256()
    for block in blocks:
        for file in block.files:
            digest.update(f"{file.path}\0{file.size}\0{file.changed}\n".encode())
    return {"command": "ingest", "n_files": sum(len(block.files) for block in blocks), "files_sha256": digest.hexdigest(),
            "survey": survey, "catalog": list(catalog) if catalog else None}


def _worthwhile(blocks: list[Block]) -> int:
    """Processes that earn their start."""
    return min(os.cpu_count() or 1, 1 + sum(file.size for block in blocks for file in block.files) // _WORTH_A_WORKER)


def _run(job: Job, blocks: list[Block], workers: int) -> None:
    todo = [block for block in blocks if not job.done(block)]
    with Progress(sum(len(block.files) for block in todo), "ingest") as progress:
        for n_files in shared(partial(read_block, job), todo, workers):
            progress.update(n_files)


def read_block(job: Job, block: Block) -> int:
    """Read one block's files, write its shards and then its reports; returns the number of files."""
    left, rows, notebook = list(block.shards), job.reader.rows(), Notebook()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that astropy mends by itself, once a file
        for file in block.files:
            notebook.files.append(FileReport(str(file.path), file.size))
            for _ in _read(job, file, rows, notebook.files[-1]):
                if len(rows) >= job.most and len(left) > 1:
                    _write(job, left.pop(0), rows, notebook)
                    rows.clear()  # and no new ones: the file goes on to be read into these
    for shard in left[1:]:
        _write(job, shard, job.reader.rows(), notebook)
    values = _catalog(job, rows, notebook)
    write_text(job.notebook(block), notebook.to_json())  # before the last shard, whose presence says that all is there
    job.writer.write_shard(left[0], *rows.arrays(), *values)
    return len(block.files)


def _read(job: Job, file: Found, rows: Rows, report: FileReport) -> Iterator[None]:
    """Read a file's objects into rows, stopping after each; every refusal goes into the report."""
    try:
        if file.refusal:
            raise file.refusal
        for item in job.reader.read(file):
            try:
                notes = _add(rows, item, str(file.path))
            except ReadError as error:
                report.refuse(error.reason, error)
                continue
            report.accept(item.object_id.survey, notes)
            yield
    except ReadError as error:
        report.refuse(error.reason, error)
    except Exception as error:  # noqa: BLE001 - a defect met in one file must not cost the others
        report.refuse("defect", AtlasError(f"{type(error).__name__}: {error}", file.path))


def _add(rows: Rows, item: Spectrum | ImageCube | ReadError, source: str) -> tuple[str, ...]:
    if isinstance(item, ReadError):
        raise item
    if len(rows) >= SHARD_ROWS:
        raise ReadError("too-many", f"more than {SHARD_ROWS} objects for its size", source, "split the file")
    return rows.add(item, source)


def _write(job: Job, shard: int, rows: Rows, notebook: Notebook) -> None:
    job.writer.write_shard(shard, *rows.arrays(), *_catalog(job, rows, notebook))


def _catalog(job: Job, rows: Rows, notebook: Notebook) -> tuple[dict[str, NDArray], list[Column]]:
    """Catalogue values of the rows, with those of the joined table."""
    values, columns = rows.catalog()
    if job.catalog is None or not len(rows):
        return values, columns
    table = _table(job.catalog)
    ids = {name: values[name] for name in ("object_id", "native_id", "target") if name in values}
    found = match(table, ids, values["ra"], values["dec"])
    notebook.joined = _total([notebook.joined, found.by])
    more, meant = joined(table, found, set(values))
    return fill_gaps(values, more, table, found.rows) | more, columns + meant


def _version(path: Path) -> Version:
    try:
        status = path.stat()
    except OSError as error:
        raise ReadError("unreadable", f"it cannot be read: {error.strerror}", path, "look at the spelling") from None
    return Version(str(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1)
def _table(version: Version) -> CatalogTable:
    """The table, read once a process; a file that has changed is another version."""
    return read_table(version.path)


def _count_doubles(writer: StoreWriter, files: list[FileReport]) -> None:
    """Note at each file how many of its objects had come before; the writer drops them by the same rule."""
    parts = [pq.read_table(paths.fragment(writer.root, shard), columns=["object_id", "source_file"])
             for shard in range(writer.n_shards)]
    frame = pa.concat_tables(parts).to_pandas()
    again = Counter(frame["source_file"][frame["object_id"].duplicated()])
    for file in files:
        file.doubled = again.get(file.path, 0)


def _total(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(total)


def _citation(files: list[FileReport], survey: str | None) -> dict[str, str]:
    """What to cite for objects whose survey is not called like its reader, by the reader of the first file of each."""
    first = {name: file.path for file in reversed(files) for name in file.surveys if name not in SURVEYS}
    cited = set()
    for path in first.values():
        with Probe(path) as probe:
            reader = recognise(probe, survey)
        cited |= set() if reader.general else {reader.citation}
    return {"citation": "; ".join(sorted(cited))} if cited else {}
