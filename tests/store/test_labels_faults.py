"""What of a database of verdicts goes wrong is told, without its password, and nothing is half written."""

import os
from dataclasses import replace

import pytest
import sqlalchemy as sa

from qsocore.errors import ConfigError, StoreError
from qsocore.inspection import Verdict
from qsocore.store._database import opened, turn, url_of
from qsocore.store.labels import Labels
from tests.postgres import say

ADA = Verdict("toy:r1:1", "ada", "A")


def test_reading_makes_no_file(tmp_path):
    labels = Labels(tmp_path)
    assert list(labels.verdicts()) == [] and labels.campaigns() == []
    with pytest.raises(StoreError, match="no campaign 'x'"):
        labels.campaign("x")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "labels.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="labels.sqlite.*not a database.*restore it from a backup"):
        Labels(tmp_path).append(ADA)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match="unable to open.*permissions"):
        Labels(tmp_path / "nowhere").append(ADA)


def test_a_full_disk_writes_nothing(tmp_path):
    labels = Labels(tmp_path)
    labels.append(ADA)
    sa.event.listen(labels._engine, "begin", lambda base: base.exec_driver_sql("PRAGMA max_page_count=1").close())
    with pytest.raises(StoreError, match="full.*make room"):
        labels.extend(replace(ADA, comment="x" * 5000) for _ in range(50))
    labels.close()
    assert len(list(labels.verdicts())) == 1
    labels.append(ADA)


def test_somebody_holds_it(labels, monkeypatch):
    monkeypatch.setattr("qsocore.store._database._BUSY_SECONDS", 1)
    labels.append(ADA)
    engine = opened(labels._url)
    with engine.connect() as base, turn(base), pytest.raises(StoreError, match="another program holds it"):
        labels.append(ADA)
    engine.dispose()
    labels.append(ADA)
    assert len(list(labels.verdicts())) == 2


SECRET = "qvx-s3cret"


@pytest.mark.parametrize("url", [f"postgresql+psycopg://ada:{SECRET}@127.0.0.1:1/atlas",
                                 f"postgresql://ada@127.0.0.1:1/atlas?password={SECRET}"])
def test_nobody_answers_and_no_password_is_told(url):
    labels = Labels(url)
    with pytest.raises(StoreError, match="127.0.0.1.*see that the server runs") as caught:
        labels.append(ADA)
    assert SECRET not in str(caught.value) + repr(labels) + labels.where


@pytest.mark.parametrize("url", [f"postgresql://ada:{SECRET}@host:port/x", f"://{SECRET}", f"mysql://ada:{SECRET}@host/x", "sqlite://"])
def test_urls_that_will_not_do(url):
    with pytest.raises(ConfigError, match=r"postgresql\+psycopg://user@host/name") as caught:
        Labels(url)
    assert SECRET not in str(caught.value)


def test_a_wrong_password_and_a_reader_without_rights(team):
    url = url_of(team)
    host = url.query["host"]
    if not os.path.isabs(host):
        pytest.skip("another's server has its own rules")
    name = f"eve{os.getpid()}"
    with Labels(team) as labels:
        labels.append(ADA)
    schema = url.query["options"].rpartition("=")[2]
    say(team, f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'", f"GRANT USAGE ON SCHEMA {schema} TO {name}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {name}")
    try:
        by_port = url.set(username=name, host="127.0.0.1", port=int(url.query["port"]), query={"options": url.query["options"]})
        with pytest.raises(StoreError, match="look at the user and password") as caught:
            Labels(by_port.set(password="wrong-" + SECRET).render_as_string(False)).append(ADA)
        assert SECRET not in str(caught.value)
        with Labels(by_port.set(password=SECRET).render_as_string(False)) as reader:
            assert [verdict.label for verdict in reader.verdicts()] == ["A"]
            with pytest.raises(StoreError, match="permission denied.*let you read and insert"):
                reader.append(ADA)
    finally:
        say(team, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_a_connection_that_the_server_has_cut_is_replaced(team):
    with Labels(team) as labels:
        labels.append(ADA)
        say(team, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                  "AND backend_type = 'client backend'")
        labels.append(ADA)
        assert len(list(labels.verdicts())) == 2
