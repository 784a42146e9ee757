"""A file is fetched once over HTTP, whole, and nothing of it stays on the disk."""

import asyncio
import threading

import pytest
from bokeh.server.auth_provider import NullAuth
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from dashboard.downloads import DOWNLOADS, ROUTES

CONTENT = bytes(range(256)) * 20_000  # more than one piece


def fetch(*addresses):
    """What a server with these routes answers to each address, in order."""
    async def run():
        socket, port = bind_unused_port()
        application = Application(ROUTES)
        application.auth_provider = NullAuth()  # as Bokeh's has one, here for a server without a login
        server = HTTPServer(application)
        server.add_socket(socket)
        answers = []
        for address in addresses:
            try:
                answers.append(await AsyncHTTPClient().fetch(f"http://127.0.0.1:{port}/{address}"))
            except HTTPClientError as error:
                answers.append(error.response)
        server.stop()
        return answers

    return asyncio.run(run())


def test_a_file_comes_whole_and_once():
    before, seen = len(DOWNLOADS), []

    def write(path):
        path.write_bytes(CONTENT)
        seen.append(path)

    address = DOWNLOADS.offer("a-selection.fits", write)
    assert len(DOWNLOADS) == before + 1 and seen[0].exists()
    first, second = fetch(address, address)
    assert first.code == 200 and first.body == CONTENT
    assert first.headers["Content-Disposition"] == 'attachment; filename="a-selection.fits"'
    assert first.headers["Content-Type"] == "application/fits"
    assert second.code == 404
    assert not seen[0].parent.exists() and len(DOWNLOADS) == before


def test_nothing_stays_of_a_file_that_could_not_be_made():
    seen = []

    def write(path):
        path.write_text("half")
        seen.append(path)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        DOWNLOADS.offer("a.csv", write)
    assert not seen[0].parent.exists()


def test_a_page_that_closes_takes_its_files_with_it():
    address = DOWNLOADS.offer("a.txt", lambda path: path.write_text("x"))
    word = address.split("/")[1]
    folder = DOWNLOADS.take(word).parent
    DOWNLOADS.drop(word)
    DOWNLOADS.drop(word)
    assert not folder.exists() and DOWNLOADS.take(word) is None


def test_words_cannot_be_guessed_and_names_cannot_climb():
    words = {DOWNLOADS.offer("a.txt", lambda path: path.write_text("x")).split("/")[1] for _ in range(20)}
    assert len(words) == 20 and all(len(word) >= 30 for word in words)
    (answer,) = fetch("download/../../etc/passwd")
    assert answer.code == 404
    threads = [threading.Thread(target=DOWNLOADS.drop, args=(word,)) for word in words for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(DOWNLOADS.take(word) is None for word in words)
