"""A small server that answers as the cross-match service of CDS does: a list of tables, and pairs as a VOTable."""

from __future__ import annotations

import email
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO, StringIO

import numpy as np
import pandas as pd
from astropy import units as u
from astropy.coordinates import SkyCoord, search_around_sky
from astropy.table import Table, hstack

NAME = "II/328/allwise"


class Service(ThreadingHTTPServer):
    """The service on a free port of this machine.

    Parameters
    ----------
    held : Table
        The one catalogue that it holds, with RAJ2000 and DEJ2000.
    """

    def __init__(self, held: Table):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.held, self.asked, self.mood = held, [], ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/xmatch/api/v1/sync"


@contextmanager
def serving(held: Table):
    """The service while it runs."""
    service = Service(held)
    thread = threading.Thread(target=service.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        service.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def log_message(self, *_):
        pass

    def do_GET(self):
        assert self.path.startswith("/xmatch/api/v1/sync/tables?action=getVizieRTableNames")
        self._answer(200, "text/plain", f"{NAME}\nI/355/gaiadr3\n".encode())

    def do_POST(self):
        fields, body = {}, self.rfile.read(int(self.headers["Content-Length"]))
        message = email.message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
        for part in message.get_payload():
            fields[part.get_param("name", header="content-disposition")] = part.get_payload(decode=True).decode()
        self.server.asked.append(fields)
        if self.server.mood == "html":
            self._answer(200, "text/html", b"<html><body>down for maintenance</body></html>")
        elif self.server.mood == "refuse":
            self._answer(400, "application/x-votable+xml", _ERROR)
        else:
            self._answer(200, "application/x-votable+xml", self._matches(fields))

    def _matches(self, fields: dict[str, str]) -> bytes:
        one = _table(fields["cat1"])
        two = self.server.held if fields["cat2"].startswith("vizier:") else _table(fields["cat2"])
        ra2, dec2 = (fields.get("colRA2", "RAJ2000"), fields.get("colDec2", "DEJ2000"))
        places = [SkyCoord(np.asarray(t[r], float) * u.deg, np.asarray(t[d], float) * u.deg) for t, r, d in
                  ((one, fields["colRA1"], fields["colDec1"]), (two, ra2, dec2))]
        if len(one) and len(two):
            i, j, apart, _ = search_around_sky(*places, float(fields["distMaxArcsec"]) * u.arcsec)
        else:
            i, j, apart = np.empty(0, int), np.empty(0, int), np.empty(0) * u.arcsec
        out = hstack([Table({"angDist": apart.arcsec if len(i) else np.empty(0)}), one[i], two[j]])
        file = BytesIO()
        out.write(file, format="votable")
        return file.getvalue()

    def _answer(self, status: int, kind: str, body: bytes):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _table(text: str) -> Table:
    return Table.from_pandas(pd.read_csv(StringIO(text)))


_ERROR = b"""<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.2" xmlns="http://www.ivoa.net/xml/VOTable/v1.2"><RESOURCE type="results">
<INFO ID="QUERY_STATUS" name="QUERY_STATUS" value="ERROR">distMaxArcsec is too large</INFO></RESOURCE></VOTABLE>"""
