"""A list of URLs: one a line of a text file, or a column of a table.

Layout
------
* In a table the column is access_url, url or image_url, or what the setting column says; a column called file, file_name or
  filename names the files, else the last part of the URL does. Columns size (bytes), sha256, sha1 or md5 are what the files are
  held to.
* A list is data: addresses in it that lead into this machine or its network are refused unless the user names the host
  (``--allow-host``).

Citation: the survey whose files they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from qsocore.archive import Objects, Request, Source
from qsocore.errors import ConfigError, ReadError

_COLUMNS = ("access_url", "url", "image_url", "line")
_NAMES = ("file", "file_name", "filename")
_SUMS = ("sha256", "sha1", "md5")


@dataclass(frozen=True)
class Config:
    """Which column.

    Parameters
    ----------
    column : str
        Holds the URLs; "" for access_url, url or image_url.
    """

    column: str = ""


class Urls(Source):
    """URLs as they are given."""

    name = "urls"
    title = "a list of URLs"
    citation = "the survey whose files they are"
    Config = Config

    def check(self, objects: Objects, config: Config) -> None:
        """There must be a column of URLs."""
        _column(objects, config)

    def find(self, objects: Objects, row: int, config: Config, client=None) -> list[Request]:
        """The one file; as `Source.find`."""
        url = objects.text(row, _column(objects, config))
        if not url:
            raise ReadError("no-url", "its URL is missing", objects.ids[row], "complete the table")
        column = objects.column(*_NAMES)
        name = (objects.text(row, column) if column else "") or unquote(urlsplit(url).path).rpartition("/")[2]
        size, total = _stated(objects, row, "size"), next((f"{kind}:{said}" for kind in _SUMS
                                                           if (said := _stated(objects, row, kind))), "")
        return [Request(objects.ids[row], url, name or objects.native(row), int(size) if size.isdecimal() else None, total)]


def _stated(objects: Objects, row: int, name: str) -> str:
    column = objects.column(name)
    return str(objects.frame[column].iloc[row]).strip() if column else ""  # a sum of digits alone is no number


def _column(objects: Objects, config: Config) -> str:
    if config.column:
        return objects.known(config.column)
    found = objects.column(*_COLUMNS)
    if found is None:
        raise ConfigError("it has no column of URLs", objects.where, "--set column=NAME says which, or call it url")
    return found


SOURCE = Urls()
