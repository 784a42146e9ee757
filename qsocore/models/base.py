"""What a model is. A `FeatureModel` gives an object as a few numbers, a `LatentModel` gives it back from them too, and a
`Predictor` says of it what a catalogue would say: redshift, class.

Every model reads the same two arrays, made by `qsocore.preprocess.prepare`: the flux in units of its own scale, and a weight
that is zero where a pixel says nothing; (B, n_pix) of spectra, (B, n_bands, side, side) of images, (B, n_bands) of photometry.
Models are torch modules, so that one checkpoint format serves them all.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from qsocore.sampling import Bands, Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qsocore.catalog import Column
    from qsocore.store import Store

Labels = dict[str, Tensor]
"""What is known of the objects of a batch, by name, (B,) each; what a `Predictor` is trained towards."""

Reads = Literal["spectra", "images", "photometry"]
"""What of a store a model looks at."""

_RARE = 0.002  # a pixel that fewer of the training objects have is not learnt


class Network(nn.Module, ABC):
    """A network over objects of a shape: ``(n_pix,)`` for spectra, ``(n_bands, side, side)`` for images.

    A model is trained by ``"gradient"`` (the loop takes steps down `loss`) or by ``"passes"`` (the loop shows it every
    batch by `accumulate` and then calls `update`, which returns the mean loss of that pass).

    Attributes
    ----------
    shape : tuple of int
        Of one object.
    n_pix : int
        Numbers in one object.
    seen : Tensor, shape `shape`
        1 for the pixels that the training set has, else 0: of the others the model knows nothing.
    """

    trained_by: ClassVar[Literal["gradient", "passes"]] = "gradient"

    def __init__(self, shape: int | tuple[int, ...]):
        super().__init__()
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.n_pix = math.prod(self.shape)
        self.register_buffer("seen", torch.ones(self.shape))

    @torch.no_grad()
    def initialise(self, x: Tensor, w: Tensor) -> None:
        """Take from a sample of the training set, (B, *shape) each, what the model needs before its first step."""
        self.seen.copy_((w > 0).float().mean(dim=0) >= _RARE)

    @abstractmethod
    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """Scalars: ``loss``, which training lowers, and its terms by name.

        Parameters
        ----------
        x, w : Tensor, shape (B, *shape)
            Normalised flux and its weight.
        generator : torch.Generator, optional
            Draws whatever is random.
        labels : dict of Tensor, optional
            For a model whose `Model` says which labels it needs; NaN or a negative number is "not known".
        """


class FeatureModel(Network):
    """A model with `n_latent` numbers per object, by which objects that look alike are near each other.

    Attributes
    ----------
    beside : Bands or None
        Photometry that the model may be told of besides: `encode` then takes x and w of it too, (B, n_bands) each.
    """

    beside: Bands | None = None

    def __init__(self, shape: int | tuple[int, ...], n_latent: int):
        super().__init__(shape)
        self.n_latent = n_latent

    @abstractmethod
    def encode(self, x: Tensor, w: Tensor) -> Tensor:
        """Latents (B, n_latent) of normalised flux `x` with weights `w`, both (B, *shape)."""


class LatentModel(FeatureModel):
    """A `FeatureModel` that gives the object back."""

    @abstractmethod
    def decode(self, latents: Tensor) -> Tensor:
        """Normalised flux (B, *shape) of latents (B, n_latent)."""

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Reconstruction (B, *shape)."""
        return self.decode(self.encode(x, w))

    def chi2_pix(self, x: Tensor, w: Tensor) -> Tensor:
        """Chi2 of the reconstruction per good pixel, (B,): by what models of any loss are compared; 0 where none is."""
        return (w * (x - self(x, w)).square()).flatten(1).sum(dim=1) / (w > 0).flatten(1).sum(dim=1).clamp_min(1)


class Predictor(Network):
    """A model that says of each object what a catalogue would."""

    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """What `predict` gives, with meaning and unit, in order."""

    @abstractmethod
    def predict(self, x: Tensor, w: Tensor) -> dict[str, NDArray]:
        """One array (B,) per column; an object without a good pixel gets missing values (NaN, "" or 0)."""

    def explainable(self) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
        """Numbers (B,) that follow smoothly from a spectrum's (x, w), by name; `qsocore.explain` shares them among pixels."""
        return {}

    @torch.no_grad()
    def calibrate(self, x: Tensor, w: Tensor, labels: Labels) -> None:
        """After training, with its weights held: fit from validation spectra what turns scores to probabilities."""


def half_chi2(x: Tensor, w: Tensor, model: Tensor) -> Tensor:
    """Half the weighted squared deviation, summed over pixels and averaged over objects; w = 0 weighs nothing."""
    return 0.5 * (w * (x - model).square()).flatten(1).sum(dim=1).mean()


@dataclass(frozen=True)
class Between:
    """Numbers that a search over a setting may try: low to high, whole if both are, evenly in the logarithm if `log`."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Model:
    """A member of the family.

    Parameters
    ----------
    name : str
        The file's name.
    title, citation : str
        What it is and whose it is.
    Config : type
        Frozen dataclass of its settings, all with defaults.
    build : callable
        ``build(config, grid)`` gives an untrained `Network` for what is sampled on that grid.
    labels : callable, optional
        ``labels(config, store)`` gives what `Network.loss` must be told, arrays (n_rows,) by name, from a store's
        catalogue; a `TrainError` where the store does not know it.
    defaults : tuple of str
        ``key=value`` settings of the training that suit this model better than the general ones.
    search : dict, optional
        Which settings of a model with latents, or of its training, ``qso tune`` looks through: a `Between` or texts by key.
    reads : {"spectra", "images", "photometry"}
        What of a store the model looks at.
    """

    name: str
    title: str
    citation: str
    Config: type
    build: Callable[[Any, Grid], Network]
    labels: Callable[[Any, Store], dict[str, NDArray]] | None = None
    defaults: tuple[str, ...] = ()
    search: Mapping[str, Between | tuple[str, ...]] = field(default_factory=dict)
    reads: Reads = "spectra"
