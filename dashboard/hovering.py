"""What the map's pointer shows of an object: its image, else its spectrum in small; fetched when it is pointed at.

An address holds the object's id, and a word that nobody can guess in place of the library.
"""

from __future__ import annotations

import secrets
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np
from tornado.ioloop import IOLoop
from tornado.web import HTTPError

from dashboard import thumbnails
from dashboard.login import Guarded
from dashboard.sprites import Kind

if TYPE_CHECKING:
    from dashboard.library import Library

_KIND = Kind(128)
_libraries: WeakValueDictionary[str, Library] = WeakValueDictionary()
_words: WeakKeyDictionary[Library, str] = WeakKeyDictionary()
_NOTHING = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def kind_of(library: Library) -> str:
    """What is shown of a library's objects: "images" where it has some, else "spectra", "" where it has neither."""
    if library.pictures:
        return "images"
    return "spectra" if library.store is not None and library.store.grid is not None else ""


def address_of(library: Library) -> str:
    """Where pictures of a library's objects are found, relative to the page, ending before the quoted id; "" for none."""
    if not kind_of(library):
        return ""
    word = _words.setdefault(library, secrets.token_urlsafe(12))
    _libraries[word] = library
    return f"thumbnail/{word}/"


def addresses(library: Library, ids: list[str]) -> list[str]:
    """The address of each object's picture."""
    start = address_of(library)
    return [start + quote(object_id, safe="") if start else "" for object_id in ids]


def thumbnail(library: Library, object_id: str) -> tuple[str, bytes]:
    """An object's image, else its spectrum, as a content type and its bytes; a picture of nothing where it has neither.

    Raises
    ------
    KeyError
        When there is no such object.
    """
    row = library.table().row_of(object_id)
    if row < 0:
        raise KeyError(object_id)
    if library.pictures:
        (sprite,) = library.sprites.of(np.array([row]), _KIND)
        if isinstance(sprite, bytes):
            return "image/png", sprite
    return "image/svg+xml", (_spectrum(library, row) if library.store.grid is not None else _NOTHING).encode()


def _spectrum(library: Library, row: int) -> str:
    spectra = library.store.spectra([row])
    (path,) = thumbnails.paths(spectra.flux, np.where(spectra.mask == 0, spectra.ivar, 0))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{thumbnails.WIDTH}" height="{thumbnails.HEIGHT}">'
            f'<path d="{escape(path)}" fill="none" stroke="#7d8894" stroke-width="1"/></svg>')


class Handler(Guarded):
    """Sends a picture."""

    async def get(self, word: str, object_id: str) -> None:
        """Find or draw it beside the event loop."""
        library = _libraries.get(word)
        if library is None:
            raise HTTPError(404)
        try:
            kind, data = await IOLoop.current().run_in_executor(library.pool, thumbnail, library, unquote(object_id))
        except KeyError:
            raise HTTPError(404) from None
        self.set_header("Content-Type", kind)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "private, max-age=600")
        self.write(data)


ROUTES = [(r"/thumbnail/([\w-]+)/(.+)", Handler, {})]
"""For ``pn.serve(extra_patterns=...)``, as those of `dashboard.downloads`."""
