"""Figures of one candidate for a page: its image, spectrum with reconstruction, photometry with models."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError, ConfigError
from qsocore.workflow import html

if TYPE_CHECKING:
    from qsocore.embed.decoder import Decoder
    from qsocore.sed.bandfluxes import BandFluxes
    from qsocore.sed.fit import Fit
    from qsocore.store import Store

_FEWEST_BANDS = 3  # of photometry that says something of a kind


class CandidateFigures:
    """Figures of objects of a store; None where an object has no such thing."""

    def __init__(self, store: Store, run: str):
        self.store, self._run = store, run

    def of(self, row: int, object_id: str, z: float) -> Iterator[tuple[str, str]]:
        """Each figure as SVG with what it shows."""
        from qsocore.figures import _candidate as figures

        image = self._image(object_id)
        if image is not None:
            yield html.svg(figures.strip_figure(*image)), "Image: bands from blue to red, asinh, and colour; north up"
        if self.store.grid is not None:
            model = self._model(row, z)
            yield html.svg(figures.spectrum_figure(self.store, row, model, z)), \
                "Spectrum" + ("" if model is None else ", reconstruction in red") \
                + (f", emission lines at z = {z:.4f}" if np.isfinite(z) else "")
        if (found := self._sed(row)) is not None:
            yield html.svg(figures.sed_figure(*found)), \
                "Photometry (triangles: limits of 3σ) and the best model of each kind, with its BIC above the least"

    def _image(self, object_id: str) -> tuple[NDArray, Any] | None:
        images = self.store.image_store
        row = -1 if images is None else int(images.index_of([object_id])[0])
        if row < 0:
            return None
        found = images.images([row])
        return np.where(found.mask[0] > 0, np.nan, found.flux[0]), found.grid

    @cached_property
    def _decoder(self) -> Decoder | None:
        from qsocore.embed.decoder import Decoder, open_encoder

        names = [self.store.run(self._run)] if self._run else list(reversed(self.store.runs()))
        for folder in names:
            if folder.finished and folder.has_model and folder.config.get("reads", "spectra") == "spectra":
                known = open_encoder(folder, source=self.store.grid)
                if isinstance(known, Decoder):
                    return known
        return None

    def _model(self, row: int, z: float) -> NDArray | None:
        if self._decoder is None:
            return None
        spectra = self.store.spectra([row])
        try:
            known = z if np.isfinite(z) else None
            return self._decoder.reconstruct(spectra.flux[0], spectra.ivar[0], spectra.mask[0], known)[0]
        except AtlasError:  # a run in the rest frame and no redshift: the spectrum is right without it
            return None

    @cached_property
    def _fluxes(self) -> BandFluxes | None:
        from qsocore.sed.bandfluxes import from_store

        try:
            return from_store(self.store)
        except ConfigError:  # no photometry in known bands
            return None

    def _sed(self, row: int) -> tuple[BandFluxes, list[Fit]] | None:
        from qsocore.sed.fit import fits_of

        if self._fluxes is None:
            return None
        one = self._fluxes.take(row)
        return (one, fits_of(one, 0)) if one.n[0] >= _FEWEST_BANDS else None
