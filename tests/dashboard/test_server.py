"""Ports, and the commands' refusals."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from dashboard.server import HOST, free_port
from qsocore.cli import main
from qsocore.errors import AtlasError


@pytest.fixture
def taken():
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_said_and_another_is_found_when_none_was_named(taken):
    with pytest.raises(AtlasError, match=rf"port {taken} is taken.*--port"):
        free_port(taken)
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        trial.bind((HOST, free_port()))


@pytest.mark.parametrize("words", [["serve", "nowhere.store"], ["view", "nowhere.csv"]])
def test_what_is_not_there_is_refused_in_one_line(words, capsys):
    assert main([*words, "--no-browser"]) == 1
    said = capsys.readouterr().err.strip()
    assert "nowhere" in said and "\n" not in said and "Traceback" not in said


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_when_it_is_told_to_though_nobody_reads_its_output(store_path, ending):
    words = [sys.executable, "-m", "qsocore.cli", "serve", str(store_path), "--no-browser"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    assert "http://localhost:" in process.stdout.readline()
    process.stdout.close()
    process.send_signal(ending)
    process.wait(30)  # raises while it goes on
