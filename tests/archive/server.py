"""A real HTTP server on 127.0.0.1 that misbehaves as it is told, and counts who speaks to it at once."""

import hashlib
import io
import socket
import sys
import time
from collections import defaultdict
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

import numpy as np
from astropy.io import fits


def fits_file(seed=0, side=24):
    """A small FITS image, different for every seed."""
    out = io.BytesIO()
    fits.PrimaryHDU(np.random.default_rng(seed).normal(size=(side, side)).astype(np.float32)).writeto(out)
    return out.getvalue()


class Server:
    """Serves `files` (path to content) at `url`; of each path the first GETs go as in `acts`, later ones as they should."""

    def __init__(self, files=None, acts=None, tls=None):
        self.files, self.acts = dict(files or {}), defaultdict(list, acts or {})
        self.asked, self._lock = [], Lock()
        self.busy = self.most_busy = self.connected = self.most_connected = 0
        self._server = _Quiet(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads, self._server.stage = True, self
        self.port = self._server.server_port
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http{'s' if tls else ''}://{self.host}"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self):
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def ranges(self, path):
        """What was asked of a path: Range headers in order, "" for the whole."""
        return [headers.get("Range", "") for method, asked, headers in self.asked if asked == path and method == "GET"]

    @contextmanager
    def counted(self, name):
        with self._lock:
            setattr(self, name, getattr(self, name) + 1)
            setattr(self, f"most_{name}", max(getattr(self, f"most_{name}"), getattr(self, name)))
        try:
            yield
        finally:
            with self._lock:
                setattr(self, name, getattr(self, name) - 1)

    def act(self, method, path, headers):
        with self._lock:
            self.asked.append((method, path, dict(headers)))
            return self.acts[path].pop(0) if method == "GET" and self.acts.get(path) else serve


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request, client_address):  # clients that cut connections are what is tested
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm = "HTTP/1.1", True  # else head and body wait for each other

    def handle(self):
        with self.server.stage.counted("connected"):
            super().handle()

    def do_GET(self):
        stage = self.server.stage
        act = stage.act(self.command, self.path, self.headers)
        content = stage.files.get(self.path)
        if act is serve and content is None:
            act = partial(status, code=404)
        try:
            with stage.counted("busy"):
                last = act(self, content or b"")
            if last:  # the last byte goes after the count, so that a client's next request never meets it
                self.wfile.write(last)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_HEAD = do_GET

    def log_message(self, *_):
        pass

    def head(self, code, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()


def tag_of(content):
    return f'"{hashlib.md5(content).hexdigest()}"'


def serve(handler, content, tag=None, ranges=True, check=True, cut=None, announce=None, pause=0.0, kind="application/fits",
          length=True, last=True, **headers):
    """As a good server does, but for what is said: without ranges, without a look at If-Range (`check`), `cut` after so many
    bytes, `announce` another length, `pause` before every 1,000 bytes."""
    tag = tag_of(content) if tag is None else tag
    words, start = handler.headers.get("Range", "").removeprefix("bytes=").partition("-"), 0
    fresh = not check or handler.headers.get("If-Range", tag) == tag
    if ranges and fresh and words[0].isdecimal():
        start = int(words[0])
        if start >= len(content):
            return handler.head(416, Content_Range=f"bytes */{len(content)}", Content_Length="0")
        headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    body = content[start:]
    if length:
        headers["Content_Length"] = str(len(body) if announce is None else announce)
    else:
        handler.close_connection = True
    handler.head(206 if start else 200, Content_Type=kind, **({"ETag": tag} if tag else {}), **headers)
    if handler.command == "HEAD":
        return None
    if cut is not None:
        handler.wfile.write(body[:cut])
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True
        return None
    for at in range(0, len(body), 1000) if pause else ():
        time.sleep(pause)
        handler.wfile.write(body[at:at + 1000])
    if announce is not None and announce > len(body):
        handler.close_connection = True
    return None if pause else body


def status(handler, content, code=503, body=b"no", **headers):
    """An answer that is none."""
    handler.head(code, Content_Length=str(len(body)), **headers)
    return body if handler.command == "GET" else None


def redirect(handler, content, to="/"):
    """Elsewhere."""
    handler.head(302, Location=to, Content_Length="0")


def hang_up(handler, content):
    """No answer at all."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def page(handler, content):
    """A web page with 200, as services that are down for maintenance give."""
    body = b"<!DOCTYPE html><html><head><title>Down for maintenance</title></head></html>"
    handler.head(200, Content_Type="text/html", Content_Length=str(len(body)))
    return body
