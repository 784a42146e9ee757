"""Where a run is looked for by its name."""

import json

import pytest

from qsocore.errors import StoreError
from qsocore.store import find_run, library
from qsocore.store import runs as module
from qsocore.store.runs import RunFolder
from tests.spectra import small_store


def put(folder, time, name, finished=True, **config):
    run = RunFolder(folder / f"{time}-{name}")
    run.path.mkdir(parents=True)
    (run.path / "run.json").write_text(json.dumps({"model": "pca"} | config))
    if finished:
        run.weights.write_bytes(b"weights")
    return run


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A store, the user's library and the package's folder, all without runs."""
    monkeypatch.setenv("QSO_ATLAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module, "shipped", lambda: tmp_path / "package")
    return small_store(tmp_path / "a.store", n=20), library(), tmp_path / "package"


def test_the_store_goes_before_the_library_and_the_library_before_the_package(places):
    store, own, package = places
    shipped = put(package, "20270103T000000", "redshift")  # younger than the others: the place decides
    assert find_run("redshift", store).path == find_run("redshift").path == shipped.path
    mine = put(own, "20270102T000000", "redshift")
    assert find_run("redshift", store).path == find_run("redshift").path == mine.path
    here = put(store.path / "runs", "20270101T000000", "redshift")
    assert find_run("redshift", store).path == here.path
    assert find_run("redshift").path == mine.path


def test_of_one_place_the_youngest_that_is_finished(places):
    store, own, _ = places
    put(own, "20270101T000000", "redshift")
    second = put(own, "20270102T000000", "redshift")
    put(own, "20270103T000000", "redshift", finished=False)
    assert find_run("redshift", store).path == second.path
    assert find_run("20270101T000000-redshift", store).path.name == "20270101T000000-redshift"
    assert find_run(str(second.path)).path == second.path  # and by its folder


def test_none_is_an_error_that_names_the_near(places):
    store, _, package = places
    with pytest.raises(StoreError, match="train one"):
        find_run("redshift", store)
    put(package, "20270101T000000", "redshift")
    with pytest.raises(StoreError, match="did you mean redshift"):
        find_run("redshit", store)


def test_a_training_that_is_not_finished_is_told_from_none(places):
    store, _, _ = places
    begun = put(store.path / "runs", "20270101T000000", "half", finished=False)
    for name in ("half", "20270101T000000-half", str(begun.path)):
        with pytest.raises(StoreError, match=r"'half' is not finished.*qso train pca STORE --run half.*goes on"):
            find_run(name, store)
    put(store.path / "runs", "20270102T000000", "made-up", finished=False, model=None)
    with pytest.raises(StoreError, match="latents of no model"):
        find_run("made-up", store)


def test_the_package_s_own_folder_is_in_the_package():
    import qsocore

    assert module.shipped().parent.samefile(next(iter(qsocore.__path__)))
