"""A store's images served on this machine as an archive would: by Simple Image Access, versions 1 and 2, and by URLs.

For trying a download without the network, and for an institute's own images. Read-only, on 127.0.0.1 alone, standard library.
"""

from __future__ import annotations

import hashlib
import io
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import numpy as np

from qsocore.errors import AtlasError, StoreError
from qsocore.store import Store, open_store

_FITS, _TABLE, _TEXT = "application/fits", "application/x-votable+xml", "text/plain; charset=utf-8"


class ImageService:
    """A store's images at addresses of this machine; a context manager.

    Parameters
    ----------
    store : Store or path
        Its own images, or those beside its spectra.
    port : int
        0 for any that is free.

    Attributes
    ----------
    url : str
        ``http://127.0.0.1:PORT``.
    sia, sia2 : str
        Addresses of the Simple Image Access services.
    template : str
        URL of one band of one object, for `qsocore.archive.template`.

    Raises
    ------
    StoreError
        When there are no images.

    Examples
    --------
    ::

        with ImageService("images.store") as service:
            download("sia", "table.csv", "cutouts", url=service.sia)
    """

    def __init__(self, store: Store | str | Path, port: int = 0):
        self.images = ServedImages(store if isinstance(store, Store) else open_store(store))
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.images = self.images
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.images.url = self.url
        self.sia, self.sia2 = f"{self.url}/sia", f"{self.url}/sia2"
        self.template = f"{self.url}/cutout?id={{object_id}}&band={{band}}"

    def __enter__(self) -> ImageService:
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class ServedImages:
    """What the service answers; knows no socket.

    Parameters
    ----------
    store : Store

    Attributes
    ----------
    url : str
        Where it is served.
    """

    url = ""

    def __init__(self, store: Store):
        images = store.image_store
        if images is None:
            raise StoreError("it has no images", store.path, "ingest or simulate some")
        self.store, self.grid = images, images.image_grid
        self.ids = images.column("object_id")
        self.ra, self.dec = (images.column(name) for name in ("ra", "dec"))
        self._row = {str(name): row for row, name in enumerate(self.ids)}

    def answer(self, path: str, query: dict[str, str]) -> tuple[HTTPStatus, str, bytes]:
        """Status, type and content for a path and its parameters, whose names are in small letters."""
        try:
            if path in ("/sia", "/sia2"):
                rows = self._near(*(_box if path == "/sia" else _circle)(query))
                return HTTPStatus.OK, _TABLE, self._table(rows, version=1 if path == "/sia" else 2)
            if path == "/cutout":
                return HTTPStatus.OK, _FITS, self.cutout(query.get("id", ""), query.get("band", ""))
        except (AtlasError, ValueError, KeyError) as error:
            return HTTPStatus.BAD_REQUEST, _TEXT, f"{error}; see qsocore.archive.local\n".encode()
        except LookupError as error:
            return HTTPStatus.NOT_FOUND, _TEXT, f"{error}\n".encode()
        return HTTPStatus.NOT_FOUND, _TEXT, b"there is /sia, /sia2 and /cutout\n"

    def _near(self, ra: float, dec: float, width: float, height: float) -> list[int]:
        """Rows in a box of degrees around a position."""
        turn = (self.ra - ra + 180) % 360 - 180
        return np.flatnonzero((np.abs(turn) <= width / 2) & (np.abs(self.dec - dec) <= height / 2)).tolist()

    def _table(self, rows: list[int], version: int) -> bytes:
        """The answer of a Simple Image Access service: a row an image."""
        from astropy.io.votable import from_table
        from astropy.io.votable.tree import Info
        from astropy.table import Table

        found = [self._record(row, band, version) for row in rows for band in self.grid.bands]
        names, kinds, meanings = zip(*(_COLUMNS_1 if version == 1 else _COLUMNS_2), strict=True)
        file = from_table(Table(rows=found or None, names=names, dtype=kinds))
        file.resources[0].infos.append(Info(name="QUERY_STATUS", value="OK"))
        for column, ucd in zip(file.get_first_table().fields, meanings, strict=True):
            column.ucd = ucd
        out = io.BytesIO()
        file.to_xml(out)
        return out.getvalue()

    def _record(self, row: int, band: str, version: int) -> tuple:
        name, size = str(self.ids[row]), self.grid.side**2 * 8 + 5 * 2880
        url = f"{self.url}/cutout?id={quote(name, safe='')}&band={quote(band, safe='')}"
        if version == 1:
            return name, float(self.ra[row]), float(self.dec[row]), band, "image/fits", url, size
        return name, float(self.ra[row]), float(self.dec[row]), band, "image/fits", url, -(-size // 1024), "image"

    def cutout(self, object_id: str, band: str) -> bytes:
        """A FITS file of one band of one object: flux, and its inverse variance in an extension.

        Raises
        ------
        LookupError
            When there is no such object or band.
        """
        from astropy.io import fits

        if object_id not in self._row or band not in self.grid.bands:
            raise LookupError(f"there is no {object_id!r} in a band {band!r}")
        row, at = self._row[object_id], self.grid.bands.index(band)
        block = self.store.images([row])
        header = fits.Header(self._cards(row, band, at), copy=False)
        hdus = fits.HDUList([fits.PrimaryHDU(block.flux[0, at], header), fits.ImageHDU(block.ivar[0, at], name="IVAR")])
        out = io.BytesIO()
        hdus.writeto(out)
        return out.getvalue()

    def _cards(self, row: int, band: str, at: int) -> list[tuple]:
        """Object, band, scale, and a gnomonic projection about the middle, north up and east to the left."""
        grid = self.grid
        cards: list[tuple[Any, ...]] = [("OBJECT", str(self.ids[row])[:68]), ("FILTER", band)]
        if np.isfinite(grid.zero_point):
            cards.append(("MAGZERO", grid.zero_point, "AB magnitude of flux 1"))
        if grid.psf_fwhm and np.isfinite(grid.psf_fwhm[at]):
            cards.append(("PSF_FWHM", grid.psf_fwhm[at], "arcsec"))
        if np.isfinite(grid.pixel_scale + self.ra[row] + self.dec[row]):
            step, middle = grid.pixel_scale / 3600, (grid.side + 1) / 2
            cards += [("CTYPE1", "RA---TAN"), ("CTYPE2", "DEC--TAN"), ("CUNIT1", "deg"), ("CUNIT2", "deg"),
                      ("CRPIX1", middle), ("CRPIX2", middle), ("CRVAL1", float(self.ra[row])), ("CRVAL2", float(self.dec[row])),
                      ("CDELT1", -step), ("CDELT2", step)]
        return cards


# name, type, UCD
_COLUMNS_1 = (("title", "U200", "VOX:Image_Title"), ("ra", float, "POS_EQ_RA_MAIN"), ("dec", float, "POS_EQ_DEC_MAIN"),
              ("band", "U20", "VOX:BandPass_ID"), ("format", "U20", "VOX:Image_Format"),
              ("access_url", "U500", "VOX:Image_AccessReference"), ("size", int, "VOX:Image_FileSize"))
_COLUMNS_2 = (("target_name", "U200", "meta.id;src"), ("s_ra", float, "pos.eq.ra"), ("s_dec", float, "pos.eq.dec"),
              ("filter", "U20", "instr.bandpass"), ("access_format", "U20", "meta.code.mime"),
              ("access_url", "U500", "meta.ref.url"), ("access_estsize", int, "phys.size;meta.file"),
              ("dataproduct_type", "U20", "meta.code.class"))


def _box(query: dict[str, str]) -> tuple[float, float, float, float]:
    """POS and SIZE of version 1, degrees."""
    (ra, dec), size = map(float, query["pos"].split(",")), [float(word) for word in query["size"].split(",")]
    return ra, dec, size[0], size[-1]


def _circle(query: dict[str, str]) -> tuple[float, float, float, float]:
    """The box about the POS of version 2, ``CIRCLE ra dec radius``."""
    shape, ra, dec, radius = query["pos"].split()
    if shape.upper() != "CIRCLE":
        raise ValueError("POS is a CIRCLE here")
    return float(ra), float(dec), 2 * float(radius) / max(np.cos(np.radians(float(dec))), 1e-3), 2 * float(radius)


class _Server(ThreadingHTTPServer):
    """Says nothing of clients that have gone."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over a connection that was cut; as the library calls it."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD, with ETag and Range."""

    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True  # else head and body wait for each other
    timeout = 30  # seconds that a connection may idle

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key.lower(): values[-1] for key, values in parse_qs(parts.query).items()}
        status, kind, content = self.server.images.answer(parts.path, query)
        tag, headers = f'"{hashlib.sha256(content).hexdigest()[:32]}"', {}
        start = self._start(len(content), tag) if status == HTTPStatus.OK else 0
        if start:
            status, headers = HTTPStatus.PARTIAL_CONTENT, {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        headers |= {"Content-Type": kind, "Content-Length": str(len(content) - start), "ETag": tag, "Accept-Ranges": "bytes"}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[start:])

    do_HEAD = do_GET

    def _start(self, size: int, tag: str) -> int:
        """From which byte on the client wants it: ``Range: bytes=N-``; 0 for all of it."""
        words = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        fresh = self.headers.get("If-Range", tag) == tag
        return int(words[0]) if fresh and words[0].isdecimal() and not words[2] and int(words[0]) < size else 0

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
