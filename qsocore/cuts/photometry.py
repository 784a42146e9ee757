"""Photometry of a band as a recipe wants it: AB magnitudes, microjansky, and limits where it is not detected.

A magnitude m in AB is 10^((23.9 - m) / 2.5) microjansky (Oke & Gunn 1983), and an error of it dm is one of the flux of
dm f ln(10) / 2.5. What surveys write for "not detected" (99) is never taken for a magnitude: such a band has flux 0 with the
survey's depth as its error; where a catalogue says nothing at all, nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.simulate.bands import fluxes_of, magnitudes_of

Pair = tuple[str, str]
"""A column and that of its error, "" for none."""

PER_ERROR = 2.5 / np.log(10)
"""Magnitudes in a relative error of 1, 1.0857."""

_UNDETECTED = (99.0, 99.99, 99.9)
_NO_FLUX = (-99.0, -999.0, -9999.0)
_BRIGHTEST, _FAINTEST = -30.0, 60.0  # what lies beyond is a sentinel
_DIGITS = 8  # that catalogues print of a magnitude; a colour is not finer


@dataclass(frozen=True)
class Band:
    """Where a band's photometry comes from.

    Parameters
    ----------
    name : str
    ab, vega, flux : tuple of Pair
        Columns of magnitudes in AB and in Vega, and of fluxes in microjansky, with their errors, as tables may call them.
    vega_to_ab : float or None
        Added to a Vega magnitude; None where it isn't known.
    depth : float or None
        Error of the flux of what is not detected, microjansky; None where it isn't known.
    """

    name: str
    ab: tuple[Pair, ...] = ()
    vega: tuple[Pair, ...] = ()
    flux: tuple[Pair, ...] = ()
    vega_to_ab: float | None = None
    depth: float | None = None

    def columns(self, sigma: float) -> tuple[Column, ...]:
        """What the columns that it gives mean."""
        band = self.name
        return (Column(f"mag_{band}", "float64", "magnitude", "mag", f"AB magnitude in {band}", system="AB"),
                Column(f"magerr_{band}", "float64", "error", "mag", f"Its error in {band}", system="AB"),
                Column(f"flux_{band}", "float64", "flux", "uJy", f"Flux in {band}; 0 is not detected"),
                Column(f"fluxerr_{band}", "float64", "error", "uJy", f"Its error in {band}; the depth where not detected"),
                Column(f"snr_{band}", "float64", "quality", "", f"Signal to noise in {band}"),
                Column(f"maglim_{band}", "float64", "limit", "mag", f"It is fainter than this in {band} at {sigma:g} sigma",
                       system="AB"))


@dataclass(frozen=True)
class Source:
    """The columns that a table has of a band.

    Parameters
    ----------
    magnitude, flux : Pair or None
    offset : float
        What brings the magnitude to AB.
    scale : float
        Microjansky in a unit of the flux.
    """

    magnitude: Pair | None
    offset: float
    flux: Pair | None
    scale: float = 1.0


def depth_of(sigma: float, mag: float | None = None, flux: float | None = None) -> float:
    """Error of a flux, microjansky, from a survey's depth at so many sigma, in AB magnitudes or microjansky.

    Examples
    --------
    >>> depth_of(5, flux=54.0)
    10.8
    """
    return float((fluxes_of(mag) if flux is None else flux) / sigma)


def measure(band: Band, source: Source, sigma: float, read: Callable[[str], NDArray]) -> dict[str, NDArray[np.float64]]:
    """The columns of a band, NaN where nothing is known.

    Parameters
    ----------
    band : Band
    source : Source
    sigma : float
        Signal to noise from which a band is detected.
    read : callable
        Gives a column of the table by name, shape (n,), its sentinels in it.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        See `Band.columns`.
    """
    magnitude, its_error, undetected = _magnitudes(source, read)
    flux, error = fluxes_of(magnitude), its_error * fluxes_of(magnitude) / PER_ERROR
    if source.flux:
        given, given_error = _fluxes(source, read)
        flux, error = np.where(np.isnan(magnitude), given, flux), np.where(np.isnan(magnitude), given_error, error)
    below = undetected & np.isnan(flux)
    with np.errstate(invalid="ignore", divide="ignore"):
        snr = np.where(below, 0.0, flux / np.where(error > 0, error, np.nan))
        below |= snr <= sigma
        magnitude = np.where(below, np.nan, np.where(np.isnan(magnitude), magnitudes_of(flux), magnitude))
        its_error = np.where(below, np.nan, np.where(np.isnan(its_error), PER_ERROR * error / flux, its_error))
    if band.depth is not None:
        flux, error = np.where(below, 0.0, flux), np.where(below, band.depth, error)
    values = {"mag": magnitude, "magerr": its_error, "flux": flux, "fluxerr": error, "snr": snr,
              "maglim": np.where(below, magnitudes_of(sigma * error), np.nan)}
    return {f"{key}_{band.name}": value for key, value in values.items()}


def colour(one: NDArray, other: NDArray) -> NDArray[np.float64]:
    """Difference of two magnitudes, to the last digit that catalogues print.

    So a colour that lies on a limit lies on it, and the arithmetic of binary fractions does not decide.
    """
    return np.round(one - other, _DIGITS)


def first(pairs: Iterable[Pair], columns: Container[str]) -> Pair | None:
    """The first pair of which a table has the values, with "" where it lacks their errors."""
    return next(((value, error if error in columns else "") for value, error in pairs if value in columns), None)


def _magnitudes(source: Source, read: Callable[[str], NDArray]) -> tuple[NDArray, NDArray, NDArray[np.bool_]]:
    """Magnitudes in AB and their errors, NaN where there is none, and where a table says "not detected"."""
    if source.magnitude is None:
        nothing = np.full(len(read(source.flux[0])), np.nan)
        return nothing, nothing, np.zeros(len(nothing), bool)
    magnitude, error = _with_error(source.magnitude, read)
    with np.errstate(invalid="ignore"):
        real = (magnitude > _BRIGHTEST) & (magnitude < _FAINTEST)
        known = real & (error >= 0) & (error < _FAINTEST)
    return np.where(real, magnitude + source.offset, np.nan), np.where(known, error, np.nan), np.isin(magnitude, _UNDETECTED)


def _fluxes(source: Source, read: Callable[[str], NDArray]) -> tuple[NDArray, NDArray]:
    """Fluxes and their errors in microjansky, NaN for what stands for none."""
    return tuple(np.where(np.isin(values, _NO_FLUX), np.nan, values) * source.scale
                 for values in _with_error(source.flux, read))


def _with_error(pair: Pair, read: Callable[[str], NDArray]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A column and that of its error, NaN where a table has none."""
    values = np.asarray(read(pair[0]), np.float64)
    return values, np.asarray(read(pair[1]), np.float64) if pair[1] else np.full(len(values), np.nan)
