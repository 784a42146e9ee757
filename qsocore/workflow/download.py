"""Download: files of objects out of an archive into a folder, ready for ``qso ingest``; a second call fetches what is missing.

The road of a file: objects of a store or table -> source (`qsocore.archive`) -> request -> ledger -> fetcher -> verified -> its
place. What goes wrong with one object stops no other; it stands in the report, with what to do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from qsocore.archive import SOURCES, Source
from qsocore.archive.address import Guard
from qsocore.archive.client import Client
from qsocore.archive.fetch import Fault, Fetcher, Folder, Manners, measured
from qsocore.archive.ledger import Entry
from qsocore.archive.retry import Silence
from qsocore.archive.turns import Crew, work_in_turns
from qsocore.archive.verify import Sums
from qsocore.config import from_words, to_dict
from qsocore.errors import ConfigError
from qsocore.store.files import write_text
from qsocore.workflow.download_find import Finder, host_of
from qsocore.workflow.download_objects import select_objects
from qsocore.workflow.download_report import Downloaded, Failure, for_people


def download(source: str, table: str | Path, out: str | Path, *, settings: Iterable[str] = (), url: str = "",
             ids: Sequence[str] | None = None, where: str = "", run: str | None = None, checksums: Sequence[str | Path] = (),
             allow: Iterable[str] = (), manners: Manners | None = None, retry_failed: bool = False, dry_run: bool = False,
             report: str | Path | None = None) -> Downloaded:
    """Fetch what an archive has of objects.

    Parameters
    ----------
    source : str
        A member of `qsocore.archive.SOURCES`.
    table : path
        A store, a table, or a text file with an id or a URL a line.
    out : path
        Folder of the files, flat; made when absent. Its ledger lies in ``.qso-download`` within.
    settings : iterable of str
        ``key=value`` of the source's Config.
    url : str
        Service or template, for sources that have such a setting.
    ids : sequence of str, optional
        Only these objects: ids, or one text file of ids.
    where : str
        Only objects that a selection such as ``z > 6 & class == "QSO"`` holds for.
    run : str, optional
        Run of the store whose columns `where` may use.
    checksums : sequence of path
        Lists as ``sha256sum`` writes them; what stands in them is verified.
    allow : iterable of str
        HOST or HOST:PORT that may be of this machine or its network, besides those in the settings.
    manners : Manners, optional
        Limits and patience.
    retry_failed : bool
        Ask again for files that the archive said it does not have or give (4xx), and for objects of which it had nothing.
    dry_run : bool
        Fetch nothing; ask how much there is. Services are asked where files lie, which the ledger keeps.
    report : path, optional
        Where what became of it is written, as JSON.

    Returns
    -------
    Downloaded

    Raises
    ------
    ConfigError
        When source, settings, selection or table do not fit, or nothing is selected.
    AtlasError
        When another download works in the folder.
    """
    member: Source = SOURCES.get(source)
    config = _config(member, settings, url)
    objects = select_objects(table, ids, where, run)
    member.check(objects, config)
    manners, sums = manners or Manners(), Sums(map(Path, checksums))
    guard = Guard([*(text for text in to_dict(config).values() if isinstance(text, str) and "://" in text), *allow])
    done = Downloaded(member.name, Path(out), len(objects), dry=dry_run)
    with Folder(Path(out)) as folder, Client(guard, manners.per_host, (manners.connect, manners.read)) as client:
        finder = Finder(member, objects, config, client, folder, manners, sums)
        urls = finder.find(retry_failed)
        done.failures += finder.failures
        missing = _missing(urls, folder, retry_failed, done)
        crew = _Measuring(client, folder, done) if dry_run else _Fetching(client, folder, done, manners)
        work_in_turns([(host_of(entry.url), entry) for entry in missing], crew, manners.per_host, manners.workers,
                      "look" if dry_run else "download")
    done.failures.sort(key=lambda failure: (failure.object_ids, failure.where))
    if report:
        write_text(Path(report), done.to_json())
    return done


def _config(source: Source, words: Iterable[str], url: str) -> Any:
    """The source's settings, `url` among them."""
    if url and "url" not in {one.name for one in dataclasses.fields(source.Config)}:
        raise ConfigError(f"{source.title} need no URL", "--url", "--set mirror=URL names another place of an archive")
    return from_words(source.Config, [*words, *([f"url={url}"] if url else [])])


def _missing(urls: list[str], folder: Folder, again: bool, done: Downloaded) -> list[Entry]:
    """What is to be fetched; counts what is there, and what an earlier call failed at for good."""
    missing = folder.ledger.missing(urls, folder.size_of, again)
    others = set(urls) - {entry.url for entry in missing}
    passed = [entry for entry in map(folder.ledger.entry, urls) if entry.url in others and entry.state == "failed"]
    for entry in passed:
        done.failures.append(Failure(tuple(folder.ledger.objects(entry.url)), entry.url, entry.error, lasting=True))
    done.n_files, done.present = len(urls), len(others) - len(passed)
    return missing


class _Fetching(Crew[Entry]):
    """Fetches files, and counts what becomes of them."""

    def __init__(self, client: Client, folder: Folder, done: Downloaded, manners: Manners):
        super().__init__(client)
        self.folder, self.done, self.silence = folder, done, Silence()
        self.fetcher = Fetcher(client, folder, manners, self.stop)

    def work(self, entry: Entry) -> int:
        """Fetch one file, unless its host has failed too often."""
        host = host_of(entry.url)
        if host in self.silence:
            raise Fault(f"{host} failed {self.silence.most} times in a row, and was not asked any more", entry.url,
                        "run the same command again later")
        return self.fetcher.fetch(entry.url)

    def over(self, entry: Entry, future: Future) -> None:
        """Count it."""
        host = host_of(entry.url)
        try:
            self.done.n_bytes += future.result()
            self.done.fetched += 1
            self.silence.heard(host)
        except Fault as fault:
            if fault.again:
                self.silence.failed(host)
            elif fault.lasting:
                self.silence.heard(host)
            owners = tuple(self.folder.ledger.objects(entry.url))
            self.done.failures.append(Failure(owners, entry.url, str(fault), fault.lasting))

    def note(self) -> str:
        """Bytes so far, those of parts too."""
        return for_people(self.fetcher.moved)


class _Measuring(Crew[Entry]):
    """Asks how large files are."""

    def __init__(self, client: Client, folder: Folder, done: Downloaded):
        super().__init__(client)
        self.folder, self.done = folder, done

    def work(self, entry: Entry) -> int | None:
        """Ask for one."""
        return measured(self.client, entry.url)

    def over(self, entry: Entry, future: Future) -> None:
        """Count it."""
        try:
            size = future.result() or entry.size
        except Fault as fault:
            owners = tuple(self.folder.ledger.objects(entry.url))
            self.done.failures.append(Failure(owners, entry.url, str(fault), fault.lasting))
            return
        self.done.fetched += 1
        self.done.n_bytes += size or entry.estimate or 0
        self.done.unknown += size is None

    def note(self) -> str:
        """Bytes so far."""
        return for_people(self.done.n_bytes)
