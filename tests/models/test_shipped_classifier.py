"""The classifier that comes with the package, on a new simulation by another seed: it was not trained on any of these."""

import numpy as np
import pytest
import torch

from qsocore.models.labels import KINDS, kinds
from qsocore.models.load import Loaded
from qsocore.simulate.population import Sample, parse_mixture
from qsocore.store import find_run
from qsocore.store.runs import list_runs, shipped
from qsocore.workflow.defaults import RECIPES
from qsocore.workflow.predict import predict_blocks
from qsocore.workflow.simulate import simulate
from tests.models.artefacts import ARTEFACTS, auroc

MIXTURE = parse_mixture(RECIPES["classifier"].mixture.split())  # `unlike` is a rank among such spectra


@pytest.fixture(scope="module")
def classifier():
    if "classifier" not in {run.name for run in list_runs(shipped())}:
        pytest.skip("no classifier comes with this copy of the package: make it with 'qso defaults'")
    return Loaded(find_run(str(next(run.path for run in list_runs(shipped()) if run.name == "classifier"))))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("new") / "new.store", 1200, seed=8128, mixture=MIXTURE, workers=1,
                    sample=Sample("flat", (0.05, 5.2)))


@pytest.fixture(scope="module")
def predicted(classifier, store):
    torch.set_num_threads(1)
    parts = list(predict_blocks(store, classifier, np.arange(store.n_rows), "cpu"))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def test_it_finds_every_class(store, predicted):
    kind = kinds(store, true=True)
    recall = [(predicted["class_pred"][kind == k] == name).mean() for k, name in enumerate(KINDS)]
    assert np.mean(recall) > 0.9, dict(zip(KINDS, np.round(recall, 3), strict=True))


def test_it_takes_few_stars_and_galaxies_for_quasars(store, predicted):
    quasar, called = store.column("class") == "QSO", np.isin(predicted["class_pred"], ("QSO", "BAL"))
    assert called[quasar].mean() > 0.97
    assert called[~quasar].mean() < 0.03


def test_known_spectra_are_not_unlike(predicted):
    assert (predicted["unlike"] > 0.99).mean() < 0.04
    assert 0.35 < np.median(predicted["unlike"]) < 0.65


@pytest.mark.parametrize("artefact", ARTEFACTS, ids=lambda make: make.__name__)
def test_artefacts_are_unlike(classifier, store, predicted, artefact):
    spectra = store.spectra(np.arange(0, store.n_rows, 6))
    ivar = np.where(spectra.mask == 0, spectra.ivar, 0).astype(float)
    flux, ivar = artefact(spectra.flux.astype(float), ivar, np.random.default_rng(1))
    x, w, _ = classifier.normalisation.apply(flux, ivar)
    with torch.inference_mode():
        found = classifier.model.predict(torch.from_numpy(x), torch.from_numpy(w) * classifier.model.seen)["unlike"]
    assert auroc(predicted["unlike"], found) > 0.9
