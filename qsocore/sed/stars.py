"""Stars as fits know them: our own from O to T and white dwarfs, or a library that the user has, as LePHARE lists it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, ReadError
from qsocore.simulate.bands import BANDS, STEP, band_fluxes, band_wave, per_f_lambda, responses
from qsocore.simulate.galaxy_light import INFRARED
from qsocore.simulate.images.dwarfs import FIRST, colours
from qsocore.simulate.star_continuum import planck
from qsocore.simulate.star_templates import template_wave, templates

_CLASSES = (("O", 30000.0), ("B", 10000.0), ("A", 7500.0), ("F", 6000.0), ("G", 5200.0), ("K", 3700.0), ("M", 0.0))
_DWARFS = (3030, 3200, 3380, 3550, 3700, 3850, 4000, 4200, 4400, 4650, 4900, 5200, 5500, 5800, 6150, 6500, 6850, 7200, 7600,
           8000, 8500, 9000, 9600, 10500, 11500, 13500, 16000, 19000, 23000, 28000, 34000, 40000, 50000)  # kelvin
_FAMILIES = (("dwarf", "", _DWARFS, (1.0, 1.0, 1.0)), ("dwarf", " metal-poor", (4200, 4650, 5200, 5800, 6500), (1.0, 0.2, 0.3)),
             ("DA", "DA ", (6000, 7500, 9000, 11000, 13000, 16000, 20000, 26000, 35000, 50000), (1.0, 1.0, 1.0)),
             ("DB", "DB ", (11000, 15000, 22000), (1.0, 1.0, 1.0)), ("carbon", "C ", (3000, 4000, 5000), (1.0, 1.0, 1.0)))
_TYPES = np.arange(5.0, 29.0, 0.5)  # of the dwarfs whose colours are known, M5 to T8.5
_COOL, _WARM = 4500.0, 6000.0  # kelvin between which the bump of H- at 1.6 um fades
_EDGE = 1.16e4  # Angstrom where the templates end
_TURNS = 12  # to bring a spectrum through its bands to its colours: converged to 1e-4


@dataclass(frozen=True)
class Stars:
    """A library of stellar spectra.

    Parameters
    ----------
    names : tuple of str
        One a star.
    flux : ndarray of float32, shape (n, n_wave)
        f_lambda on `qsocore.simulate.bands.band_wave`, 1e-17 erg/s/cm2/Angstrom, of stars whose f_nu is one microjansky where
        it is highest.
    """

    names: tuple[str, ...]
    flux: NDArray[np.float32]

    def spectrum(self, name: str) -> NDArray[np.float32]:
        """One star, shape (n_wave,).

        Raises
        ------
        ConfigError
            When the library has no star of that name.
        """
        if name not in self.names:
            raise ConfigError(f"no star of this library is called {name!r}", "stars", "take the library that was fitted")
        return self.flux[self.names.index(name)]


@cache
def own_stars() -> Stars:
    """Stars of `qsocore.simulate`, O to M4, white dwarfs and carbon stars; M5 to T8.5 by the colours of `images.dwarfs`."""
    names, flux = [], []
    for family, word, nodes, strength in _FAMILIES:
        teff = np.array(nodes, np.float64)
        light = templates(family).spectra(teff, np.tile(np.float32(strength), (teff.size, 1)))
        flux += [_carried_on(one, kelvin) for one, kelvin in zip(light, teff, strict=True)]
        called = "{letter} {kelvin:.0f} K{word}" if family == "dwarf" else "{word}{kelvin:.0f} K"
        names += [called.format(letter=_letter(kelvin), kelvin=kelvin, word=word) for kelvin in teff]
    names += [_type(kind) for kind in _TYPES]
    return Stars(tuple(names), _scaled(np.concatenate([np.stack(flux), _by_colour(_TYPES)])))


def _scaled(flux: NDArray) -> NDArray[np.float32]:
    """Spectra (n, n_wave) as `Stars` has them, of such in any unit."""
    return (flux / (flux * per_f_lambda()).max(axis=1, keepdims=True)).astype(np.float32)


def _letter(kelvin: float) -> str:
    return next(letter for letter, least in _CLASSES if kelvin >= least)


def _type(kind: float) -> str:
    letter = max((letter for letter in FIRST if FIRST[letter] <= kind), key=FIRST.get)
    return f"{letter}{kind - FIRST[letter]:g}"


def _carried_on(light: NDArray, kelvin: float) -> NDArray[np.float64]:
    """One star of the templates on `band_wave`: beyond 1.16 um a black body, with the bump of H- where it is cool."""
    wave = band_wave()
    black = planck(wave, kelvin) - planck(np.array([_EDGE]), kelvin)  # logarithms
    cool = np.interp(np.log(wave / 1e4), *np.log(INFRARED.T)) + 2 * np.log(INFRARED[0, 0] * 1e4 / wave)
    share = np.clip((_WARM - kelvin) / (_WARM - _COOL), 0.0, 1.0)
    beyond = np.interp(_EDGE, template_wave(), light) * np.exp(share * cool + (1 - share) * black)
    return np.where(wave > _EDGE, beyond, _binned(template_wave(), light))


def _by_colour(kinds: NDArray) -> NDArray[np.float64]:
    """Spectra (n, n_wave) of dwarfs, smooth between the bands, whose colours in the nine bands are those of their types."""
    wave, response = band_wave(), responses(BANDS).astype(np.float64)
    pivot = (wave @ response) / response.sum(axis=0)
    steps = np.concatenate([np.zeros((len(kinds), 1)), -np.cumsum(colours(kinds), axis=1)], axis=1)
    target = 0.4 * np.log(10.0) * -steps  # ln f_nu relative to g
    nodes = target.copy()
    for _ in range(_TURNS):
        smooth = np.stack([np.interp(np.log(wave), np.log(pivot), one) for one in nodes])
        flux = np.exp(smooth) / per_f_lambda()
        nodes += target - np.log(band_fluxes(flux))
    return flux


def read_stars(path: str | Path) -> Stars:
    """A library of stellar spectra as LePHARE lists it: a ``*.list`` of files with wavelength (Angstrom) and f_lambda.

    Parameters
    ----------
    path : path
        The list, or a folder that holds ``STAR_MOD.list`` or one list only. Files are looked for beside the list, and one
        folder above it.

    Raises
    ------
    ReadError
        When there is no list, or one of its files cannot be read.
    """
    listed = _list_in(Path(path))
    names = [line.split()[0] for line in listed.read_text().splitlines() if line.strip() and not line.startswith("#")]
    if not names:
        raise ReadError("empty", "the list names no file", listed)
    return Stars(tuple(Path(name).stem for name in names), _scaled(np.stack([_read(listed, name) for name in names])))


def _list_in(path: Path) -> Path:
    if path.is_file():
        return path
    lists = sorted(path.glob("*.list"))
    chosen = [one for one in lists if one.name == "STAR_MOD.list"] or lists
    if len(chosen) != 1:
        raise ReadError("not-a-table", f"{len(lists) or 'no'} lists of spectra are in it", path,
                        "give one file NAME.list that names the spectra, one a line")
    return chosen[0]


def _read(listed: Path, name: str) -> NDArray[np.float64]:
    file = next((folder / name for folder in (listed.parent, listed.parent.parent) if (folder / name).is_file()), None)
    if file is None:
        raise ReadError("unreadable", f"the list names {name}, which is not there", listed, "give the library's own folder")
    try:
        wave, flux = np.loadtxt(file, usecols=(0, 1), unpack=True)
    except (ValueError, UnicodeDecodeError) as error:
        raise ReadError("not-a-table", " ".join(str(error).split())[:120], file, "two columns: Angstrom, f_lambda") from None
    return _binned(wave, flux)


def _binned(wave: NDArray, flux: NDArray) -> NDArray[np.float64]:
    """Mean f_lambda (n_wave,) over each pixel of `band_wave`, 0 where there is none: light is kept however fine the source."""
    edges = np.concatenate([band_wave() * 10 ** (-STEP / 2), band_wave()[-1:] * 10 ** (STEP / 2)])
    fine = np.union1d(wave, edges)
    light = np.interp(fine, wave, flux.astype(np.float64), left=0.0, right=0.0)
    whole = np.concatenate([[0.0], np.cumsum(np.diff(fine) * (light[1:] + light[:-1]) / 2)])
    return np.diff(np.interp(edges, fine, whole)) / np.diff(edges)
