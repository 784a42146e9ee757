"""Tables with wavelength, flux and error columns, found by name; one row a pixel, or one row a spectrum."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError
from qsocore.records import Mask
from qsocore.surveys._axis import from_column
from qsocore.surveys._pixels import Pixels, overlaid, with_errors
from qsocore.surveys.probe import Probe

_BRIGHT = r"(flux|flam|f_?lambda|f_?lam|f_?nu|spec|spectrum)"
_ERROR = r"(e|err|error|sig|sigma|unc|uncertainty|std|stddev|noise)"
_ROLES = {
    "wave": r"(log|log10|ln)?_?(wave|wavelength|lambda|lam|wav|wl|opt_wave)(_?(vac|vacuum|air|obs|angstrom|aa|nm|um))?",
    "flux": rf"{_BRIGHT}|flux_?density|flux_?cal|opt_flam",
    "ivar": rf"(ivar|inv_?var|inverse_?variance)|{_BRIGHT}_?ivar|ivar_?{_BRIGHT}",
    "var": rf"(var|variance)|{_BRIGHT}_?(var|variance)",
    "error": rf"(err|error|errors|sigma|sig|noise|std|stddev|unc|uncertainty)|{_ERROR}_?{_BRIGHT}|{_BRIGHT}_?{_ERROR}",
    "mask": r"mask|and_?mask|bad_?pix",
}
_SPEC2D = ("BXSPF", "HORNE")  # extractions of DEEP2's pipeline for DEIMOS, which names the instrument in no keyword


def roles(names: list[str]) -> dict[str, str]:
    """Which column plays which role ("wave", "flux", "ivar", "var", "error", "mask"), by name; the first fit wins."""
    found: dict[str, str] = {}
    for role, pattern in _ROLES.items():
        for name in names:
            if re.fullmatch(pattern, name.strip().lower()):
                found[role] = name
                break
    return found


def found(probe: Probe) -> bool:
    """Whether some table has wavelength and flux columns; looks at headers only."""
    return bool(_tables(probe))


def pixels(probe: Probe) -> list[Pixels]:
    """The spectra of the first table that has some, its arms joined.

    Raises
    ------
    ReadError
        ``wrong-unit``, ``bad-wavelength``, ``no-noise``; ``wrong-shape`` when columns differ in length.
    """
    numbers = _tables(probe)
    first = probe.hdu_names[numbers[0]]
    twin = first[:-2] + "-R" if first.endswith("-B") else ""
    arms = [_read(probe, numbers[0])]
    arms += [_read(probe, number) for number in numbers[1:] if twin and probe.hdu_names[number] == twin]
    return arms[0] if len(arms) == 1 else [_join(blue, red) for blue, red in zip(*arms, strict=True)]


def _tables(probe: Probe) -> list[int]:
    return [number for number in range(len(probe.headers))
            if {"wave", "flux"} <= roles(list(probe.columns(number))).keys()]


def _read(probe: Probe, number: int) -> list[Pixels]:
    hdu = probe.hdus()[number]
    part = roles(list(probe.columns(number)))
    header = overlaid(probe, number)
    if probe.hdu_names[number].startswith(_SPEC2D):
        header.setdefault("INSTRUME", "DEIMOS")
    arrays = {role: _as_rows(hdu.data[name]) for role, name in part.items()}
    if len({array.shape for array in arrays.values()}) > 1:
        shapes = {part[role]: array.shape for role, array in arrays.items()}
        raise ReadError("wrong-shape", f"columns differ in shape: {shapes}", f"{probe.path}, HDU {number}")
    several = len(arrays["flux"]) > 1
    return [_spectrum({role: array[row] for role, array in arrays.items()}, part, hdu, header, probe, row if several else None)
            for row in range(len(arrays["flux"]))]


def _as_rows(column: NDArray) -> NDArray:
    """(n_spectra, n_pix): a scalar column is one spectrum, a vector column has one a row."""
    column = np.asarray(column)
    return column[None, :] if column.ndim == 1 else column.reshape(len(column), -1)


def _spectrum(arrays: dict[str, NDArray], part: dict[str, str], hdu, header, probe: Probe, row: int | None) -> Pixels:
    index = hdu.columns.names.index(part["wave"]) + 1
    says = " ".join([str(header.get(f"TUCD{index}", "")), str(hdu.header.comments[f"TTYPE{index}"])])
    axis = from_column(arrays["wave"], part["wave"], hdu.columns[part["wave"]].unit or "", header, probe.path, says)
    flux = np.asarray(arrays["flux"], np.float64)
    kind = next((kind for kind in ("ivar", "error", "var") if kind in part), "")
    error = np.asarray(arrays[kind], np.float64) if kind else None
    ivar, mask, notes = with_errors(flux, error, kind, probe.path)
    if "mask" in part and arrays["mask"].dtype.kind in "biu":
        mask[arrays["mask"] != 0] |= np.uint8(Mask.FLAGGED)
    unit = hdu.columns[part["flux"]].unit or header.get("BUNIT", "")
    return Pixels(axis.vacuum, flux, ivar, mask, unit, header, axis.notes + notes, row)


def _join(blue: Pixels, red: Pixels) -> Pixels:
    """Two arms end to end; a masked pixel at each side of the gap keeps it a gap, an overlap goes to the blue arm."""
    keep = red.wave > blue.wave[-1]
    red_wave = red.wave[keep]
    gap = np.array([blue.wave[-1] + (blue.wave[-1] - blue.wave[-2]), red_wave[0] - (red_wave[1] - red_wave[0])])
    gap = gap if gap[0] < gap[1] else gap[:0]
    zeros, masked = np.zeros(gap.size), np.full(gap.size, Mask.NO_COVERAGE, np.uint8)

    def ends(first, middle, second):
        return np.concatenate([first, middle, second])

    return Pixels(ends(blue.wave, gap, red_wave), ends(blue.flux, zeros, red.flux[keep]),
                  ends(blue.ivar, zeros, red.ivar[keep]), ends(blue.mask, masked, red.mask[keep]), blue.unit, blue.header,
                  tuple(dict.fromkeys(blue.notes + red.notes)), blue.row)
