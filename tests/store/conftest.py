"""A place for verdicts, in each kind of database."""

import pytest

from qsocore.store.labels import Labels


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """A place for verdicts: a store's folder, or the URL of a PostgreSQL."""
    return str(tmp_path) if request.param == "sqlite" else request.getfixturevalue("team")


@pytest.fixture
def labels(where):
    with Labels(where) as labels:
        yield labels
