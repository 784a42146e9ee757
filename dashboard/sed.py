"""The photometry of an object and what models make of it, made ready to be drawn: points, limits, curves, residuals, a table.

Fluxes are in microjansky and wavelengths observed ones in micron. Fits are made on demand, and those of late are kept.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard import words
from dashboard.once import Recent
from dashboard.shelf import BIG
from qsocore.sed.fit import LIMIT
from qsocore.simulate.bands import FILTERS, band_wave, magnitudes_of, responses
from qsocore.surveys._photometry import photometry
from qsocore.units import C_KM_S

if TYPE_CHECKING:
    from dashboard.library import Library
    from dashboard.table import AtlasTable
    from qsocore.catalog import Column
    from qsocore.sed.bandfluxes import BandFluxes
    from qsocore.sed.curves import Curve
    from qsocore.sed.fit import Fit

SOURCE = "Kass & Raftery (1995), J. Am. Stat. Assoc. 90, 773: 2 is positive, 6 strong, 10 very strong"
"""Whose scale `strength` is; ΔBIC approximates twice the logarithm of the Bayes factor."""
_STRENGTH = ((10.0, "very strong"), (6.0, "strong"), (2.0, "positive"), (0.0, "barely worth a mention"))

_TITLES = {"m_1450": "m₁₄₅₀", "ebv": "E(B−V)", "ebv_galaxy": "E(B−V) galaxy", "z_galaxy": "z galaxy", "log_mass": "log M/M☉",
           "a_v": "A_V", "metallicity": "Z", "t0": "t₀", "t1": "t₁", "ln_opacity": "ln opacity"}
_FAR = 10.0  # chi2 per band beyond which no model is like the object, what templates cannot do better than allowed for
_KEPT = 256  # objects
_MICRON = 1e-4  # of an Angstrom
_C = C_KM_S * 1e13  # Angstrom / s
_MICROJANSKY = 1e-17 * 1e29  # of f_lambda in 1e-17 erg/s/cm2/Angstrom, once it is f_nu
_BELOW, _ABOVE = 0.3, 0.3  # of the logarithm of a flux, beside the points; above them stand the bands' names


@dataclass(frozen=True)
class Band:
    """A band on the axis of wavelengths.

    Parameters
    ----------
    name : str
    at, low, high : float
        Its pivot, and where half of its largest transmission is passed first and last; micron.
    """

    name: str
    at: float
    low: float
    high: float


@cache
def band(name: str) -> Band:
    """A band of `qsocore.simulate.bands.FILTERS`.

    The pivot wavelength, at which f_lambda and f_nu of the band belong together, is sqrt(int(T lambda) / int(T / lambda)).

    Raises
    ------
    ConfigError
        For a band that is not known.
    """
    response = responses((name,))[:, 0].astype(float)
    wave = band_wave()
    through = response / wave**2  # the response is of photons, in equal steps of the logarithm
    inside = wave[through > through.max() / 2]
    pivot = np.sqrt(response.sum() * _C / _MICROJANSKY)  # f_nu of f_lambda = 1 is pivot^2 / c
    return Band(name, *(float(at) * _MICRON for at in (pivot, inside[0], inside[-1])))


@dataclass(frozen=True)
class Sed:
    """What is known of one object, in the bands in which it was observed.

    Parameters
    ----------
    object_id : str
    fluxes : BandFluxes
        Of this object alone, in all bands.
    bands : tuple of Band
        Those observed, from blue to red.
    flux, error : ndarray, shape (n_bands,)
        Microjansky.
    seen : ndarray of bool, shape (n_bands,)
        False where there is an upper limit only, and where the flux is negative, which no logarithm shows.
    fits : tuple of Fit
        One of each kind, the preferred first.
    curves : dict of str to Curve
        By kind.
    models : dict of str to ndarray, shape (n_bands,)
        Band fluxes of the fits by kind, microjansky.
    """

    object_id: str
    fluxes: BandFluxes
    bands: tuple[Band, ...]
    flux: NDArray[np.float64]
    error: NDArray[np.float64]
    seen: NDArray[np.bool_]
    fits: tuple[Fit, ...] = ()
    curves: dict[str, Curve] = field(default_factory=dict)
    models: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def preferred(self) -> str:
        """The kind of the best fit, "" without any."""
        return self.fits[0].kind if self.fits else ""

    @property
    def limit(self) -> NDArray[np.float64]:
        """`qsocore.sed.fit.LIMIT` sigma above each flux, or above none where that is negative; shape (n_bands,)."""
        return np.maximum(self.flux, 0.0) + LIMIT * self.error

    @property
    def height(self) -> NDArray[np.float64]:
        """Where each band is drawn: its flux, or its limit; shape (n_bands,)."""
        return np.where(self.seen, self.flux, self.limit)

    def residual(self, kind: str) -> NDArray[np.float64]:
        """(Flux - model) / error in each band, shape (n_bands,)."""
        return (self.flux - self.models[kind]) / self.error

    @property
    def extent(self) -> tuple[float, float]:
        """Least and largest flux that the axis shows: of points, limits and the preferred model, with some room."""
        heights = [self.height, self.models[self.preferred][self.seen]] if self.fits else [self.height]
        shown = np.concatenate(heights)
        shown = np.log10(shown[shown > 0]) if (shown > 0).any() else np.zeros(1)
        span = float(np.ptp(shown))
        return float(10 ** (shown.min() - _BELOW - 0.05 * span)), float(10 ** (shown.max() + _ABOVE + 0.2 * span))

    def said(self) -> list[str]:
        """What is said of each band: its flux and magnitude, or its limit."""
        magnitude = magnitudes_of(self.height)
        return [f"{words.number(float(f'{flux:.3g}'))} ± {words.number(float(f'{error:.2g}'))} µJy · {m:.2f} AB" if seen else
                f"< {words.number(float(f'{limit:.3g}'))} µJy ({LIMIT:g}σ) · > {m:.2f} AB"
                for flux, error, limit, seen, m in zip(self.flux, self.error, self.limit, self.seen, magnitude, strict=True)]


@dataclass(frozen=True)
class OneRow:
    """One row of an Atlas table, as a `qsocore.store.Store` of one object is read; its columns stay where they are.

    Parameters
    ----------
    table : AtlasTable
    number : int
        Of the row.
    n_rows : int
        Of what is read: one.
    """

    table: AtlasTable
    number: int
    n_rows: int = 1

    @property
    def path(self) -> Path:
        """Whose row it is, for messages."""
        return Path(self.table.name)

    @property
    def columns(self) -> dict[str, Column]:
        """What the columns mean, by name."""
        return self.table.columns

    def column(self, name: str) -> NDArray:
        """A column, shape (1,)."""
        if name == "object_id":
            return np.array(self.table.ids_of(np.array([self.number])), object)
        return self.table.exact(name)[[self.number]]


def columns_of(table: AtlasTable) -> dict[str, str]:
    """Columns of photometry by their fixed names: mag_g, magerr_g, flux_g, fluxerr_g; a bare table may call them otherwise."""
    return {fixed: name for name, fixed in photometry(table.columns).items() if table.is_numeric(name)}


class Seds:
    """The SEDs of a library's objects; shared by all sessions.

    Parameters
    ----------
    library : Library
        Whose catalogue has the photometry.
    """

    def __init__(self, library: Library):
        self.library = library
        self._recent = Recent(_KEPT)

    @property
    def too_big(self) -> bool:
        """Whether it is a bare table that is not read whole for the sake of one object."""
        return self.library.store is None and self.library.table().n_rows >= BIG

    @cached_property
    def bands(self) -> tuple[str, ...]:
        """Bands of which the catalogue has fluxes or magnitudes with errors."""
        if self.too_big:
            return ()
        names = columns_of(self.library.table()).keys()
        return tuple(band for band in FILTERS
                     if any({f"{kind}_{band}", f"{kind}err_{band}"} <= names for kind in ("flux", "mag")))

    def __bool__(self) -> bool:
        """Whether there is photometry."""
        return bool(self.bands)

    def fluxes(self, row: int) -> BandFluxes:
        """The photometry of one object as the fits take it; of a bare table all is read once, for what its columns mean."""
        from qsocore.sed.bandfluxes import from_store, from_table

        library = self.library
        if library.store is not None:
            return from_store(OneRow(library.table(), row))
        return library.once("photometry", lambda: from_table(library.path)).take(row)

    def of(self, row: int) -> Sed:
        """The SED of an object, fitted; of one that was asked for lately at once.

        Raises
        ------
        AtlasError
            When its photometry cannot be read or fitted.
        """
        return self._recent(row, lambda: fitted(self.fluxes(row)))

    def warm_up(self) -> None:
        """Lay out the templates beside the event loop, by fitting some object; once."""
        self.library.once("templates of SEDs", lambda: self.library.pool.submit(self.of, 0))

    def knows(self, row: int) -> bool:
        """Whether an object was asked for lately."""
        return self._recent.get(row) is not None


def observed(fluxes: BandFluxes) -> Sed:
    """The SED of the one object of some photometry, without fits."""
    flux, error, seen = (np.asarray(values)[0] for values in (fluxes.flux, fluxes.error, fluxes.seen))
    known = np.flatnonzero(fluxes.used[0]).tolist()
    known.sort(key=lambda k: band(fluxes.bands[k]).at)
    return Sed(str(fluxes.object_ids[0]), fluxes, tuple(band(fluxes.bands[k]) for k in known), flux[known].astype(float),
               error[known].astype(float), seen[known] & (flux[known] > 0))


def fitted(fluxes: BandFluxes) -> Sed:
    """The SED of the one object of some photometry, with the best fit of each kind."""
    from qsocore.sed.curves import curve_of
    from qsocore.sed.fit import fits_of

    sed = observed(fluxes)
    if not sed.bands:
        return sed
    fits = tuple(fits_of(fluxes, 0))
    places = [fluxes.bands.index(one.name) for one in sed.bands]
    return replace(sed, fits=fits, curves={fit.kind: curve_of(fit) for fit in fits},
                   models={fit.kind: np.asarray(fit.model, float)[places] for fit in fits})


# ---- the table of fits


def strength(delta: float) -> str:
    """How strongly a difference in BIC speaks for the lower one, in the words of `SOURCE`.

    Examples
    --------
    >>> [strength(delta) for delta in (1.0, 3.0, 8.7, 158.0)]
    ['barely worth a mention', 'positive', 'strong', 'very strong']
    """
    return next(word for least, word in _STRENGTH if delta >= least)


def verdict(fits: Collection[Fit]) -> str:
    """What the fits say, in a line; "" for fewer than two."""
    if len(fits) < 2:
        return ""
    best, second = list(fits)[:2]
    delta = second.bic - best.bic
    said = f"{best.kind} over {second.kind}: ΔBIC {_figure(delta)}, {strength(delta)} (Kass & Raftery 1995)"
    # a preference among models of which none is like the object says nothing
    return f"none fits (χ² {_figure(best.chi2)} in {best.n} bands) · {said}" if best.chi2 > _FAR * best.n else said


def rows(sed: Sed) -> list[dict[str, Any]]:
    """The table of fits, the preferred first, as words."""
    best = sed.fits[0].bic if sed.fits else 0.0
    return [{"kind": fit.kind, "chi2": _figure(fit.chi2), "k": str(fit.k), "n": str(fit.n), "bic": _figure(fit.bic),
             "delta": _figure(fit.bic - best), "z": redshift(fit.z, fit.z_low, fit.z_high), "what": described(fit)}
            for fit in sed.fits]


def _figure(value: float) -> str:
    """A number of a table of BICs: a tenth is enough, and of large ones the whole."""
    return f"{value:,.1f}".replace("-", "−") if abs(value) < 1000 else f"{value:,.0f}".replace("-", "−")


def redshift(z: float, low: float, high: float) -> str:
    """A redshift with the ends of its 68 %; a dash for what has none.

    Examples
    --------
    >>> redshift(6.07, 6.01, 6.15), redshift(float("nan"), 0.0, 0.0)
    ('6.07 (6.01–6.15)', '—')
    """
    if not np.isfinite(z):
        return "—"
    return f"{z:.2f} ({low:.2f}–{high:.2f})" if np.isfinite(low) and np.isfinite(high) else f"{z:.2f}"


def described(fit: Fit) -> str:
    """Template and parameters of a fit."""
    parts = [f"{title(name)} {words.number(float(f'{value:.3g}'))}" for name, value in fit.parameters.items()]
    return " · ".join([fit.template, *parts]).replace("-", "−")


def title(parameter: str) -> str:
    """What a parameter of a model is called."""
    return _TITLES.get(parameter, parameter)
