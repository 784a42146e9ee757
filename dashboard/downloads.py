"""Files for the browser, made in a temporary folder, sent in pieces over HTTP and deleted: a socket message has to be small.

A file is found by a word that nobody can guess. It is deleted once it was sent, when its session ends, and at the latest with
the server.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from tornado.web import HTTPError

from dashboard.login import Guarded

_CHUNK = 1 << 20
_KINDS = {".csv": "text/csv", ".txt": "text/plain", ".json": "application/json", ".html": "text/html",
          ".fits": "application/fits", ".vot": "application/x-votable+xml", ".pdf": "application/pdf",
          ".parquet": "application/vnd.apache.parquet", ".png": "image/png", ".svg": "image/svg+xml"}


class Downloads:
    """Files that wait to be fetched."""

    def __init__(self):
        self._folders: dict[str, tuple[tempfile.TemporaryDirectory, Path]] = {}
        self._lock = Lock()

    def offer(self, name: str, write: Callable[[Path], object]) -> str:
        """Make a file and say where it can be fetched, once.

        Parameters
        ----------
        name : str
            What the user's file is called.
        write : callable
            Writes it to the path that it is given; when it fails nothing stays.

        Returns
        -------
        str
            Address, relative to the page's.
        """
        folder = tempfile.TemporaryDirectory(prefix="qso-atlas-")
        path = Path(folder.name) / name
        try:
            write(path)
        except BaseException:
            folder.cleanup()
            raise
        word = secrets.token_urlsafe(24)
        with self._lock:
            self._folders[word] = folder, path
        return f"download/{word}/{name}"

    def take(self, word: str) -> Path | None:
        """The file behind a word, None when there is none (any more)."""
        known = self._folders.get(word)
        return known[1] if known else None

    def drop(self, word: str) -> None:
        """Delete a file; one that is gone already is no fault."""
        with self._lock:
            known = self._folders.pop(word, None)
        if known:
            known[0].cleanup()

    def __len__(self) -> int:
        return len(self._folders)


DOWNLOADS = Downloads()
"""Those of this process."""


class Handler(Guarded):
    """Sends a file and deletes it."""

    async def get(self, word: str) -> None:
        """Stream the file, a piece in memory at a time."""
        path = DOWNLOADS.take(word)
        if path is None:
            raise HTTPError(404, "this file was fetched already, or its page is closed")
        try:
            self.set_header("Content-Type", _KINDS.get(path.suffix, "application/octet-stream"))
            self.set_header("Content-Length", str(path.stat().st_size))
            self.set_header("Content-Disposition", f'attachment; filename="{path.name}"')
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Cache-Control", "no-store")
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    self.write(chunk)
                    await self.flush()
        finally:
            DOWNLOADS.drop(word)


ROUTES = [(r"/download/([\w-]+)/[\w.-]+", Handler, {})]
"""For ``pn.serve(extra_patterns=...)``; ``panel serve --plugins dashboard.downloads`` finds them, too."""
