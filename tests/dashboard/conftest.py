"""A store with a trained run, opened once for all of the dashboard's tests."""

import pytest

from dashboard import actions
from dashboard.library import Library
from dashboard.session import Session
from dashboard.state import State
from tests.dashboard.survey import make_photometric_store, make_run, make_store


@pytest.fixture(scope="session")
def store_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("dashboard") / "small.store"
    make_store(path)
    make_run(path)
    return path


@pytest.fixture(scope="session")
def library(store_path):
    return Library.open(store_path)


@pytest.fixture
def session(library):
    made = Session(library, State(store=str(library.path)))
    actions.start(made, {})
    return made


@pytest.fixture(scope="session")
def photometric(tmp_path_factory):
    """A store with photometry in nine bands."""
    path = tmp_path_factory.mktemp("dashboard") / "photometric.store"
    make_photometric_store(path)
    return Library.open(path)
