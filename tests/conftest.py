"""Shared fixtures: an empty library of runs; real survey files, LePHARE's data and a PostgreSQL where they are."""

import os
import tarfile
from pathlib import Path

import pytest

from tests.postgres import binaries, cluster, schema

# As the command line has it (`qsocore.cli`): threads that wait by spinning make trainings ten times slower on a busy machine.
# Read once, when torch is first imported
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

ROOT = Path(__file__).resolve().parents[1]
REAL = Path(os.environ.get("QSO_ATLAS_REAL") or ROOT.parent / "shared" / "real")
POSTGRES = "QSO_ATLAS_POSTGRES"
IN_CI = os.environ.get("CI", "").lower() == "true"


@pytest.fixture(scope="session", autouse=True)
def atlas_home(tmp_path_factory):
    """An empty library of runs, so that no test sees or changes the user's."""
    home = tmp_path_factory.mktemp("atlas-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QSO_ATLAS_HOME", str(home))
        yield home


@pytest.fixture(scope="session")
def real() -> Path:
    """Folder of real survey files ($QSO_ATLAS_REAL); without them the test is skipped, in CI it fails."""
    if not (REAL / "manifest.csv").exists():
        reason = f"no real survey files in {REAL}; set QSO_ATLAS_REAL"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    return REAL


@pytest.fixture(scope="session")
def lephare_data(tmp_path_factory) -> Path:
    """LePHARE's data, unpacked; without them the test is skipped, in CI it fails."""
    packed = REAL.parent / "lephare.tar.xz"
    if not packed.exists():
        reason = f"no data of LePHARE at {packed}; set QSO_ATLAS_REAL"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("lephare")
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / "lephare"


@pytest.fixture(scope="session")
def postgres():
    """URL of a PostgreSQL: $QSO_ATLAS_POSTGRES, where schemas may be made, or one of the tests' own; without either the test is
    skipped, in CI it fails.
    """
    if os.environ.get(POSTGRES):
        yield os.environ[POSTGRES]
        return
    programs = binaries()
    if programs is None:
        reason = f"no PostgreSQL here, so verdicts are tested in SQLite alone (apt install postgresql, or set {POSTGRES})"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)
    with cluster(programs) as server:
        yield server.url


@pytest.fixture
def team(postgres):
    """URL of an empty PostgreSQL for one test."""
    with schema(postgres) as url:
        yield url
