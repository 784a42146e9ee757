"""A small simulated store with a run of each kind, trained for a moment: what evaluation and figures are tested on."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from qsocore.store import Store
from qsocore.workflow.simulate import simulate
from qsocore.workflow.train import train

MIXTURE = {"QSO": 0.4, "BAL": 0.12, "GALAXY": 0.2, "A": 0.1, "F": 0.08, "M": 0.1}
CLASSES = ("QSO", "BAL", "A", "F", "M", "GAL")


@dataclass(frozen=True)
class Trained:
    """A store of 500 objects with the runs ``latents`` (pca), ``classes`` (classifier) and ``redshifts`` (redshift)."""

    store: Store

    @property
    def path(self) -> str:
        return str(self.store.path)


@cache
def build(folder: Path) -> Trained:
    store = simulate(folder / "judged.store", 500, seed=5, workers=1, mixture=MIXTURE)
    brief = ["batch=64", "test=0.4", "epochs=1"]
    train("pca", store.path, "latents", [*brief, "latents=3"], publish=False)
    narrow = ["channels=8,16", "kernels=9,5", "strides=8,4", "features=16", "components=4"]
    train("classifier", store.path, "classes", [*brief, *narrow, f"classes={','.join(CLASSES)}"], publish=False)
    train("redshift", store.path, "redshifts", brief, publish=False)
    return Trained(store)


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Trained:
    """See `Trained`; made once for all tests."""
    return build(tmp_path_factory.getbasetemp())
