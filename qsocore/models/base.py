"""What a model of spectra is. There are two kinds: a `LatentModel` gives a spectrum as a few latents and back again, a
`Predictor` says of a spectrum what a catalogue would say: redshift, class.

Every model reads the same two arrays, made by `qsocore.preprocess.normalise`: the flux in units of its own scale, and a
weight that is zero where a pixel says nothing. Models are torch modules, so that one checkpoint format serves them all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from qsocore.grid import WaveGrid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qsocore.catalog import Column
    from qsocore.store import Store

Labels = dict[str, Tensor]
"""What is known of the spectra of a batch, by name, (B,) each; what a `Predictor` is trained towards."""

_RARE = 0.002  # a pixel that fewer of the training spectra have is not learnt


class SpectrumModel(nn.Module, ABC):
    """A network over spectra of `n_pix` pixels.

    A model is trained by ``"gradient"`` (the loop takes steps down `loss`) or by ``"passes"`` (the loop shows it every
    batch by `accumulate` and then calls `update`, which returns the mean loss of that pass).

    Attributes
    ----------
    seen : Tensor, shape (n_pix,)
        1 for the pixels that the training set has, else 0: of the others the model knows nothing.
    """

    trained_by: ClassVar[Literal["gradient", "passes"]] = "gradient"

    def __init__(self, n_pix: int):
        super().__init__()
        self.n_pix = n_pix
        self.register_buffer("seen", torch.ones(n_pix))

    @torch.no_grad()
    def initialise(self, x: Tensor, w: Tensor) -> None:
        """Take from a sample of the training set, (B, n_pix) each, what the model needs before its first step."""
        self.seen.copy_((w > 0).float().mean(dim=0) >= _RARE)

    @abstractmethod
    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """Scalars: ``loss``, which training lowers, and its terms by name.

        Parameters
        ----------
        x, w : Tensor, shape (B, n_pix)
            Normalised flux and its weight.
        generator : torch.Generator, optional
            Draws whatever is random.
        labels : dict of Tensor, optional
            For a model whose `Model` says which labels it needs; NaN or a negative number is "not known".
        """


class LatentModel(SpectrumModel):
    """A model with `n_latent` numbers per spectrum, from which it gives the spectrum back."""

    def __init__(self, n_pix: int, n_latent: int):
        super().__init__(n_pix)
        self.n_latent = n_latent

    @abstractmethod
    def encode(self, x: Tensor, w: Tensor) -> Tensor:
        """Latents (B, n_latent) of normalised flux `x` with weights `w`, both (B, n_pix)."""

    @abstractmethod
    def decode(self, latents: Tensor) -> Tensor:
        """Normalised flux (B, n_pix) of latents (B, n_latent)."""

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Reconstruction (B, n_pix)."""
        return self.decode(self.encode(x, w))

    def chi2_pix(self, x: Tensor, w: Tensor) -> Tensor:
        """Chi2 of the reconstruction per good pixel, (B,): by what models of any loss are compared; 0 where none is."""
        return (w * (x - self(x, w)).square()).sum(dim=1) / (w > 0).sum(dim=1).clamp_min(1)


class Predictor(SpectrumModel):
    """A model that says of each spectrum what a catalogue would."""

    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """What `predict` gives, with meaning and unit, in order."""

    @abstractmethod
    def predict(self, x: Tensor, w: Tensor) -> dict[str, NDArray]:
        """One array (B,) per column; a spectrum without a good pixel gets missing values (NaN, "" or 0)."""

    def explainable(self) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
        """Numbers (B,) that follow smoothly from a spectrum's (x, w), by name; `qsocore.explain` shares them among pixels."""
        return {}

    @torch.no_grad()
    def calibrate(self, x: Tensor, w: Tensor, labels: Labels) -> None:
        """After training, with its weights held: fit from validation spectra what turns scores to probabilities."""


def half_chi2(x: Tensor, w: Tensor, model: Tensor) -> Tensor:
    """Half the weighted squared deviation, summed over pixels and averaged over spectra; w = 0 weighs nothing."""
    return 0.5 * (w * (x - model).square()).sum(dim=1).mean()


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
        ``build(config, grid)`` gives an untrained `SpectrumModel` for spectra on that grid.
    labels : callable, optional
        ``labels(config, store)`` gives what `SpectrumModel.loss` must be told, arrays (n_rows,) by name, from a store's
        catalogue; a `TrainError` where the store does not know it.
    defaults : tuple of str
        ``key=value`` settings of the training that suit this model better than the general ones.
    search : dict, optional
        Which settings of a model with latents, or of its training, ``qso tune`` looks through: a `Between` or texts by key.
    """

    name: str
    title: str
    citation: str
    Config: type
    build: Callable[[Any, WaveGrid], SpectrumModel]
    labels: Callable[[Any, Store], dict[str, NDArray]] | None = None
    defaults: tuple[str, ...] = ()
    search: Mapping[str, Between | tuple[str, ...]] = field(default_factory=dict)
