"""DESI spectra: coadd-*.fits and spectra-*.fits of tiles and healpixels, and fastspecfit's stacks.

Product notes
-------------
* Each arm (B, R, Z, or one already joined) has HDUs X_WAVELENGTH (vacuum Angstrom, barycentric), X_FLUX
  (1e-17 erg/s/cm2/Angstrom), X_IVAR, X_MASK. The arms lie on one grid of 0.8 Angstrom and are joined there, weighted by inverse
  variance. DESI's own coaddition drops a pixel with any mask bit; so is done here.
* FIBERMAP names the fibres. Fibres on the sky (OBJTYPE SKY, or a negative TARGETID) are read without class and redshift and
  noted; fibres without a good pixel are refused row by row.
* Redshifts are taken by TARGETID from redrock-*.fits (or zbest-*.fits) of the same suffix in the same folder; without that file
  they are missing.
* Release: the production (SPECPROD) in the header, such as fuji (EDR) or iron (DR1), else "unknown".
* Native id: TARGETID; in spectra files TARGETID-EXPID-FIBER, one row an exposure.
* Magnitudes are those of the Legacy Surveys in the fibre map (FLUX_G, FLUX_R, FLUX_Z), not corrected for extinction.
* A stack (HDUs FLUX, IVAR, WAVE, STACKINFO) is in the rest frame where its Z is 0, normalised, hence not calibrated.

Citation: DESI Collaboration (2022), AJ 164, 207; Guy et al. (2023), AJ 165, 144; DESI Collaboration (2024), AJ 168, 58 (EDR);
DESI Collaboration (2025), arXiv:2503.14745 (DR1).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError
from qsocore.preprocess.coadd import Arm, join_arms
from qsocore.records import Mask, ObjectId, Spectrum
from qsocore.surveys import Survey
from qsocore.surveys._blocks import BinTable
from qsocore.surveys._links import legacy_viewer
from qsocore.surveys._redrock import Redshifts
from qsocore.surveys._sdss import pogson
from qsocore.surveys.probe import Probe

SPECMASK = {2: Mask.COSMIC, 5: Mask.SKY, 6: Mask.SKY, 8: Mask.NO_COVERAGE}
"""Bits of desispec's specmask that have a reason of their own; any other one is FLAGGED."""

_RELEASES = {"fuji": "edr", "iron": "dr1"}  # productions with a public page a target
_SKY = "sky fibre"
_BLOCK = 500  # fibres joined at once, one petal's: a file of many exposures must not fill the memory
_UNIT = "erg/(scm2Angstrom)"


class Desi(Survey):
    """DESI coadd, spectra and stack files."""

    name = "desi"
    title = "DESI"
    citation = ("DESI Collaboration (2022), AJ 164, 207; Guy et al. (2023), AJ 165, 144; "
                "DESI Collaboration (2024), AJ 168, 58; DESI Collaboration (2025), arXiv:2503.14745")

    def identify(self, probe: Probe) -> bool:
        """A FITS file with a fibre map of TARGETIDs and no redshifts, or a stack."""
        names = set(probe.hdu_names)
        if {"FLUX", "IVAR", "WAVE", "STACKINFO"} <= names:
            return True
        return not names & {"REDSHIFTS", "ZBEST"} and "TARGETID" in probe.columns("FIBERMAP")

    def read(self, probe: Probe) -> Iterator[Spectrum | ReadError]:
        """Every fibre (and exposure): a spectrum, or why it is none.

        Raises
        ------
        ReadError
            ``no-arm`` when the file has a fibre map but no spectra or half an arm, ``wrong-shape``, ``wrong-unit``,
            ``bad-wavelength``.
        """
        if "STACKINFO" in probe.hdu_names:
            yield from _stacks(probe)
            return
        fibres, arms = probe.table("FIBERMAP"), _arms(probe)
        if any(len(fibres) != len(arm.flux) for arm in arms):
            raise ReadError("wrong-shape", f"{len(fibres)} fibres and {len(arms[0].flux)} spectra do not fit", probe.path)
        redshifts, release = Redshifts.beside(probe.path), _release(probe)
        for begin in range(0, len(fibres), _BLOCK):
            joined = join_arms([_block(arm, slice(begin, begin + _BLOCK)) for arm in arms])
            for row in range(begin, begin + len(joined.flux)):
                try:
                    yield _fibre(probe, fibres, row, joined, row - begin, redshifts, release)
                except ReadError as error:
                    yield error

    def links(self, row: dict) -> dict[str, str]:
        """The target in the Legacy Surveys' DESI viewer, for public productions, and its position in the sky viewer."""
        target, _, _ = str(row.get("native_id", "")).partition("-")
        public = _RELEASES.get(str(row.get("release", "")))
        if not public or not target.isdigit():
            return legacy_viewer(row)
        page = f"https://www.legacysurvey.org/viewer/desi-spectrum/{public}/targetid{target}"
        return {"DESI spectrum": page} | legacy_viewer(row)


def _arms(probe: Probe) -> list[Arm]:
    """The arms as in the file, with DESI's bits for a mask."""
    hdus, names = probe.hdus(), probe.hdu_names
    arms = []
    for arm in (name.removesuffix("_WAVELENGTH") for name in names if name.endswith("_WAVELENGTH")):
        lacking = [part for part in ("FLUX", "IVAR") if f"{arm}_{part}" not in names]
        if lacking:
            raise ReadError("no-arm", f"arm {arm} lacks {' and '.join(lacking)}", probe.path, "fetch the file again")
        where = f"{probe.path}, HDU {arm}_FLUX"
        _hold_to_unit(hdus[f"{arm}_FLUX"].header.get("BUNIT", ""), where)
        wave = np.asarray(hdus[f"{arm}_WAVELENGTH"].data, np.float64)
        flux, ivar = (np.asarray(hdus[f"{arm}_{part}"].data) for part in ("FLUX", "IVAR"))
        bits = np.asarray(hdus[f"{arm}_MASK"].data) if f"{arm}_MASK" in names else np.zeros(flux.shape, np.uint8)
        if flux.ndim != 2 or not flux.shape == ivar.shape == bits.shape or flux.shape[1:] != wave.shape:
            raise ReadError("wrong-shape", f"wave {wave.shape}, flux {flux.shape}, ivar {ivar.shape} and mask {bits.shape} "
                            "do not fit", where)
        if not (np.isfinite(wave).all() and (wave > 0).all() and (np.diff(wave) > 0).all()):
            raise ReadError("bad-wavelength", f"the wavelengths of arm {arm} are not positive and rising", probe.path)
        arms.append(Arm(wave, flux, ivar, bits))
    if not arms:
        raise ReadError("no-arm", "it has a fibre map but no spectra (no HDU B_WAVELENGTH, R_WAVELENGTH or Z_WAVELENGTH)",
                        probe.path, "give coadd-*.fits or spectra-*.fits as DESI distributes them")
    return arms


def _block(arm: Arm, rows: slice) -> Arm:
    """Some rows of an arm, its bits turned into reasons."""
    flux, ivar = arm.flux[rows].astype(np.float64), arm.ivar[rows].astype(np.float64)
    return Arm(arm.wave, flux, ivar, _reasons(arm.mask[rows].astype(np.int64), flux, ivar))


def _reasons(bits: NDArray[np.int64], flux: NDArray, ivar: NDArray) -> NDArray[np.uint8]:
    """`Mask` reasons of one arm, shape (n, n_pix)."""
    named = np.zeros(bits.shape, np.uint8)
    for bit, reason in SPECMASK.items():
        named |= np.where(bits >> bit & 1 == 1, reason, 0).astype(np.uint8)
    named = np.where((bits != 0) & (named == 0), Mask.FLAGGED, named).astype(np.uint8)
    return named | np.where(np.isfinite(flux) & np.isfinite(ivar), 0, Mask.NOT_FINITE).astype(np.uint8)


def _hold_to_unit(unit: str, where: str) -> None:
    plain = str(unit).replace(" ", "").replace("10**-17", "").replace("1e-17", "").replace("10^-17", "").lstrip("*")
    if plain and plain not in (_UNIT, "ergs-1cm-2Angstrom-1", "erg/s/cm2/Angstrom", "erg/s/cm^2/Angstrom"):
        raise ReadError("wrong-unit", f"its flux is in {unit!r}, not 1e-17 erg/s/cm2/Angstrom", where)


def _release(probe: Probe) -> str:
    """The production, from SPECPROD or from the list of dependencies that DESI's pipeline writes."""
    for number in range(100):
        if probe.keyword(f"DEPNAM{number:02d}") == "SPECPROD":
            return str(probe.keyword(f"DEPVER{number:02d}", "")) or "unknown"
    return str(probe.keyword("SPECPROD", "")) or "unknown"


def _fibre(probe: Probe, fibres: BinTable, row: int, joined: Arm, at: int, redshifts: Redshifts, release: str) -> Spectrum:
    """One row of the fibre map, whose spectrum stands at `at` in the block."""
    target = int(fibres["TARGETID"][row])
    native = str(target)
    if "EXPID" in fibres:
        native += f"-{fibres['EXPID'][row]}" + (f"-{fibres['FIBER'][row]}" if "FIBER" in fibres else "")
    sky = target < 0 or str(fibres.value("OBJTYPE", row, "")) == "SKY"
    notes = ((_SKY,) if sky else ()) + ((redshifts.note,) if redshifts.note else ())
    values = {"ra": float(fibres.value("TARGET_RA", row, np.nan)), "dec": float(fibres.value("TARGET_DEC", row, np.nan)),
              "z": np.nan, "class": "", "subclass": "", "source_row": row}
    values |= {f"mag_{band}": pogson(fibres[f"FLUX_{band.upper()}"][row]) for band in "grz" if f"FLUX_{band.upper()}" in fibres}
    values |= {} if sky else redshifts.get(target)
    where = f"{probe.path}, row {row} (TARGETID {target})"
    return Spectrum.from_arrays(ObjectId.make("desi", release, native), joined.wave, joined.flux[at], joined.ivar[at],
                                joined.mask[at], where=where, row=values, notes=notes)


def _stacks(probe: Probe) -> Iterator[Spectrum | ReadError]:
    hdus, info = probe.hdus(), probe.table("STACKINFO")
    flux, ivar, wave = (np.asarray(hdus[name].data, np.float64) for name in ("FLUX", "IVAR", "WAVE"))
    if flux.shape != ivar.shape or flux.shape != (len(info), wave.size):
        raise ReadError("wrong-shape", f"flux {flux.shape}, ivar {ivar.shape}, wave {wave.shape} and {len(info)} rows of "
                        "STACKINFO do not fit", probe.path)
    stem = probe.path.name.partition(".fits")[0]
    for row in range(len(info)):
        z = float(info.value("Z", row, np.nan))
        notes = ("a stack of several objects, not one object",) + (("its wavelengths are in the rest frame",) if z == 0 else ())
        values = {"z": z, "class": "", "source_row": row, "n_stacked": int(info.value("NOBJ", row, 0)),
                  "z_median": float(info.value("ZMED", row, np.nan))}
        name = ObjectId.make("desi", "stack", f"{stem}-{info.value('STACKID', row, row)}")
        try:
            yield Spectrum.from_arrays(name, wave, flux[row], ivar[row], where=f"{probe.path}, row {row}", calibrated=False,
                                       row=values, notes=notes)
        except ReadError as error:
            yield error


SURVEY = Desi()
