"""The demo of images, made small: simulated, trained, mapped, and not made twice."""

from dataclasses import replace

import numpy as np
import pytest

from qsocore.errors import ConfigError, StoreError
from qsocore.store import library
from qsocore.store.runs import list_runs
from qsocore.workflow.demo import IMAGES, SPECTRA, finished_run, make_demo

BRIEF = ("epochs=1", "batch=64")


@pytest.fixture(scope="module")
def small():
    few = {"contrastive": ("channels=8,16", "features=96"), "image_vae": ("latents=4", "widths=32")}
    return replace(IMAGES, size=300, runs=tuple(replace(run, settings=(*BRIEF, *few[run.model]), projections=("pca",))
                                                for run in IMAGES.runs))


@pytest.fixture(scope="module")
def made(small, tmp_path_factory):
    said = []
    path = tmp_path_factory.mktemp("demo") / "images.store"
    return make_demo(path, say=said.append, demo=small), said


def test_it_holds_cutouts_with_a_map_of_their_features_and_what_is_given_back(made):
    store, said = made
    assert store.n_rows == 300 and store.image_grid.bands == ("g", "r", "i", "z", "Y")
    pictures, features = (finished_run(store, run.name) for run in IMAGES.runs)
    assert np.load(features.features, mmap_mode="r").shape == (300, 96) and not pictures.features.exists()
    assert features.projection("pca").exists() and pictures.projection("pca").exists()
    assert [line.partition(" in ")[0] for line in said] == [
        "simulated", "trained pictures", "embedded pictures", "trained images", "embedded images"]
    assert {run.name for run in IMAGES.runs} <= {run.name for run in list_runs(library())}


def test_what_is_there_is_kept_and_only_what_is_missing_is_made(made, small):
    store, _ = made
    said = []
    again = make_demo(store.path, say=said.append, demo=small)
    assert said == [] and len(again.runs()) == 2
    finished_run(again, "pictures").projection("pca").unlink()
    make_demo(store.path, say=said.append, demo=small)
    assert [line.partition(" in ")[0] for line in said] == ["embedded pictures"]


def test_another_store_in_its_place_is_refused(made):
    store, _ = made
    with pytest.raises(StoreError, match="300 objects, not 20"):
        make_demo(store.path, 20, demo=IMAGES)
    with pytest.raises(ConfigError, match="no spectra"):
        make_demo(store.path, demo=SPECTRA)
