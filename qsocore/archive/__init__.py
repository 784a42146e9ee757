"""Archives, one file each: where the spectra and images of objects lie, as requests that `qsocore.workflow.download` fetches.

A member's module holds ``SOURCE``, an instance of a subclass of `Source`; its docstring says how the archive is laid out and
what to cite. What is below the family (addresses, retries, resuming, verifying, the ledger) knows no archive.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from qsocore.archive.objects import Objects
from qsocore.registry import Family

if TYPE_CHECKING:
    from qsocore.archive.client import Client

ASIDE = ".qso-download"
"""Folder, within that of the files, of a download's ledger and parts; `qso ingest` passes it over."""

SOURCES = Family("source", "qsocore.archive", "SOURCE", "qso_atlas.sources",
                 apart=("address", "client", "fetch", "ledger", "local", "names", "objects", "retry", "turns", "verify"))


@dataclass(frozen=True)
class Request:
    """One file to fetch.

    Parameters
    ----------
    object_id : str
        Whose it is; several objects may ask for one URL, which is then fetched once.
    url : str
        Where it lies.
    file : str
        What it would best be called; `qsocore.archive.names` makes that safe.
    size : int, optional
        Bytes, where the archive states them exactly; another size is refused.
    checksum : str
        ``sha256:HEX`` (or sha1, md5), where the archive states it; "" for none.
    estimate : int, optional
        Bytes, roughly, where the archive says no more; for a dry run.
    """

    object_id: str
    url: str
    file: str
    size: int | None = None
    checksum: str = ""
    estimate: int | None = None


class Source(ABC):
    """Where the files of objects lie.

    Attributes
    ----------
    name : str
        Under which users ask for it: its file's name with ``_`` read as ``-``.
    title : str
        What people call it.
    citation : str
        What to cite when its data are used.
    Config : type
        Frozen dataclass of its settings. A setting that is a URL is one that the user named.
    online : bool
        Whether finding the files already asks a service.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    citation: ClassVar[str]
    Config: ClassVar[type]
    online: ClassVar[bool] = False

    def check(self, objects: Objects, config: Any) -> None:  # noqa: B027 - most sources refuse nothing
        """Refuse at once what no object could be found with, such as a column that is not there.

        Raises
        ------
        ConfigError
        """

    @abstractmethod
    def find(self, objects: Objects, row: int, config: Any, client: Client | None = None) -> list[Request]:
        """The files of one object.

        Parameters
        ----------
        objects : Objects
        row : int
            Which of them.
        config : Config
        client : Client, optional
            For a source that is online.

        Returns
        -------
        list of Request
            Empty when the archive has nothing of it.

        Raises
        ------
        ReadError
            When this object says too little to be found.
        """
