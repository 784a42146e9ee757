"""A trained run as a model ready to work, with the grid and the normalisation that it was trained with."""

from __future__ import annotations

from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file

from qsocore.config import from_dict
from qsocore.errors import ConfigError, StoreError
from qsocore.models import MODELS
from qsocore.models.base import FeatureModel, LatentModel, Network, Predictor
from qsocore.preprocess.prepare import normalisation_for
from qsocore.sampling import read_grid
from qsocore.store import RunFolder

_DOES = {FeatureModel: "has latents", Predictor: "predicts columns"}


class Loaded:
    """The model of a finished run.

    Parameters
    ----------
    run : RunFolder
        Finished.
    kind : type, optional
        `FeatureModel`, `LatentModel` or `Predictor`, when only one of them will do.

    Attributes
    ----------
    model : Network
        In evaluation mode, on the CPU.
    config : object
        The model's own configuration.
    grid, normalisation
        The run's.
    reads : {"spectra", "images", "photometry"}
        What of a store the model looks at.

    Raises
    ------
    StoreError
        When the run is damaged.
    ConfigError
        When its model is not known, or is of another kind.
    """

    def __init__(self, run: RunFolder, kind: type[Network] | None = None):
        self.run = run
        try:
            self.grid = read_grid(run.config["grid"])
            member = MODELS.get(run.config["model"])
            self.reads = member.reads
            self.normalisation = from_dict(normalisation_for(member.reads), run.config["normalisation"])
            self.config: Any = from_dict(member.Config, run.config["config"])
            self.model = member.build(self.config, self.grid)
            weights = load_file(run.weights)
            self.model.load_state_dict({name: value.to(self.model.state_dict()[name].dtype) if name in self.model.state_dict()
                                        else value for name, value in weights.items()})  # packaged weights are halves
        except (KeyError, OSError, SafetensorError, RuntimeError) as error:
            raise StoreError(f"the run cannot be loaded ({error})", run.path, "train it again") from None
        self.model.eval()
        if kind is not None and not isinstance(self.model, kind):
            other = next((does for known, does in _DOES.items() if isinstance(self.model, known)), "is of another kind")
            if isinstance(self.model, FeatureModel) and kind is LatentModel:
                other = "has features, from which nothing is decoded"
            raise ConfigError(f"the run {run.name} is a {member.name}: it {other}", run.path,
                              "qso predict writes what it says of a store" if isinstance(self.model, Predictor)
                              else "qso embed writes its latents and maps")
