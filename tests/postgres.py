"""A PostgreSQL of the tests' own: a cluster in a folder of its own, on a Unix socket there and on a port of loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool


def binaries() -> Path | None:
    """Folder of the newest ``initdb``; Debian keeps it out of PATH."""
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb"), *map(Path, filter(None, [shutil.which("initdb")]))]
    return max(found, key=lambda file: (len(file.parts[4]), file.parts[4]) if len(file.parts) > 4 else (0, "")).parent \
        if found else None


@dataclass(frozen=True)
class Cluster:
    """A running server: its folder, its port on loopback, and the programs that govern it."""

    folder: Path
    port: int
    programs: Path

    @property
    def url(self) -> str:
        """Of its first database, through the socket, where everybody is trusted."""
        return f"postgresql+psycopg://atlas@/postgres?host={self.folder}&port={self.port}"

    def run(self, program: str, *words: str) -> None:
        """Run a program as somebody other than root, whom PostgreSQL refuses."""
        options = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run([self.programs / program, "-D", self.folder / "data", *words], check=True, cwd="/", timeout=60,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o",
                 f"-k {self.folder} -p {self.port} -c listen_addresses=127.0.0.1", "start")

    def crash(self) -> None:
        """Kill it, as when a machine fails, and start it again as soon as its last process has noticed."""
        os.kill(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        for left in range(100, -1, -1):
            try:
                return self.start()
            except subprocess.CalledProcessError:
                if not left:
                    raise
                time.sleep(0.1)

    def stop(self, how: str = "immediate") -> None:
        """Stop it; immediately is as if it were killed."""
        self.run("pg_ctl", "-m", how, "stop")


@contextmanager
def cluster(programs: Path) -> Iterator[Cluster]:
    """A new server, gone afterwards; whoever comes by the port needs a password."""
    folder = Path(tempfile.mkdtemp(prefix="atlas-pg-", dir="/tmp"))  # a socket's path must be short
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        made = Cluster(folder, free.getsockname()[1], programs)
    try:
        made.run("initdb", "-U", "atlas", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        (folder / "data" / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def schema(url: str) -> Iterator[str]:
    """URL of an empty schema, dropped afterwards."""
    name = f"t{uuid4().hex[:12]}"
    say(url, f"CREATE SCHEMA {name}")
    try:
        yield make_url(url).update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(hide_password=False)
    finally:
        say(url, f"DROP SCHEMA {name} CASCADE")


def say(url: str | URL, *statements: str) -> None:
    """Statements in a connection of their own, one after the other."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as base:
        for statement in statements:
            base.exec_driver_sql(statement)
