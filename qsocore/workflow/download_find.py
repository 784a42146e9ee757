"""Where the files of objects lie: a source is asked, and what it says stands in the folder's ledger."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import Future
from typing import Any

from qsocore.archive import Request, Source
from qsocore.archive.address import Refused, origin
from qsocore.archive.client import Client
from qsocore.archive.fetch import Folder, Manners
from qsocore.archive.objects import Objects
from qsocore.archive.retry import Silence
from qsocore.archive.turns import Crew, work_in_turns
from qsocore.archive.verify import Sums
from qsocore.config import to_dict
from qsocore.errors import ReadError
from qsocore.workflow.download_report import Failure


class Finder(Crew[int]):
    """Finds the files of objects; a service is asked once for each, what it says is kept for the next call.

    Parameters
    ----------
    source : Source
    objects : Objects
    config : Config
        The source's settings.
    client : Client
    folder : Folder
    manners : Manners
    sums : Sums
        To which files are held.

    Attributes
    ----------
    failures : list of Failure
        Objects whose files were not found.
    """

    def __init__(self, source: Source, objects: Objects, config: Any, client: Client, folder: Folder, manners: Manners,
                 sums: Sums):
        super().__init__(client)
        self.source, self.objects, self.config = source, objects, config
        self.folder, self.manners, self.sums = folder, manners, sums
        self.failures: list[Failure] = []
        self.silence = Silence()
        self._urls: dict[int, list[str]] = {}

    def find(self, again: bool = False) -> list[str]:
        """URLs of the files of all objects, each once, noted in the ledger with their sums.

        Parameters
        ----------
        again : bool
            Ask a service also about objects of which it had nothing.
        """
        rows = range(len(self.objects))
        if self.source.online:
            unasked = [row for row in rows if not self._known(row, again)]
            host = host_of(self.config.url)
            work_in_turns([(host, row) for row in unasked], self, self.manners.per_host, self.manners.workers, "ask")
        else:
            self._note([request for row in rows for request in self._at_once(row)])
        return list(dict.fromkeys(url for row in rows for url in self._urls.get(row, ())))

    def _at_once(self, row: int) -> list[Request]:
        try:
            requests = self.source.find(self.objects, row, self.config)
        except ReadError as error:
            self._failed(row, str(error))
            return []
        self._urls[row] = [request.url for request in requests]
        return requests

    def _known(self, row: int, again: bool) -> bool:
        """Whether an earlier call asked the service about an object; takes what it said."""
        found = self.folder.ledger.answer(self._question(row))
        if found is None or (not found and again):
            return False
        self._take(row, found)
        return True

    def _take(self, row: int, urls: list[str]) -> None:
        self._urls[row] = urls
        if not urls:
            self._failed(row, f"{self.objects.ids[row]}: the service has no such image of it; --retry-failed asks again", True)

    def _question(self, row: int) -> str:
        """What makes a question the same as one of an earlier call: source, settings, object, position."""
        place = f"{self.objects.ra[row]:.7f} {self.objects.dec[row]:.7f}"
        return json.dumps([self.source.name, to_dict(self.config), self.objects.ids[row], place])

    def _note(self, requests: list[Request], question: str = "") -> None:
        stated = [dataclasses.replace(one, checksum=one.checksum or self.sums.of(one.url)) for one in requests]
        self.folder.ledger.want(stated, self.folder.path, question)

    def _failed(self, row: int, why: str, lasting: bool = False) -> None:
        self.failures.append(Failure((self.objects.ids[row],), self.objects.ids[row], why, lasting))

    def work(self, row: int) -> list[Request]:
        """Ask about one object, however many tries it takes, unless the service has failed too often."""
        if self.source.name in self.silence:
            raise ReadError("not-asked", f"the service failed {self.silence.most} times in a row, and was not asked any more",
                            self.objects.ids[row], "see whether its address is right, or run the same command again later")
        failures = 0
        while True:
            try:
                return self.source.find(self.objects, row, self.config, self.client)
            except ReadError as error:
                failures += 1
                wait = self.manners.patience.wait(failures) if error.reason == "service" else None
                if wait is None or self.stop.wait(wait):
                    raise

    def over(self, row: int, future: Future) -> None:
        """Note what the service said."""
        try:
            requests = future.result()
        except (ReadError, Refused) as error:
            self._failed(row, str(error))
            if isinstance(error, Refused) or error.reason == "service":
                self.silence.failed(self.source.name)
            return
        self.silence.heard(self.source.name)
        self._note(requests, self._question(row))
        self._take(row, [request.url for request in requests])


def host_of(url: str) -> str:
    """Whose turn a URL is; those that will be refused share one."""
    try:
        return origin(url)[0]
    except Refused:
        return ""
