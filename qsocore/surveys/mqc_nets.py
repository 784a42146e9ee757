"""HDF5 tables of spectra as mqc-nets trains on: ``fluxes (N, 433)`` and ``classes (N, 13)``.

Product notes
-------------
* ``fluxes``: scaled to their maximum by mqc-nets, zero outside the spectrograph's range. ``classes``: one-hot, in the order of
  `CLASSES` (older files have 12, without galaxies); a row without a class is of no known class. BAL quasars get the class QSO
  and the subclass BAL, stars the class STAR and their letter as subclass.
* Wavelengths are not in such files: mqc-nets interpolates to as many pixels between log10 of 3.56 and 4.01 as the spectrum
  had (4,622 for BOSS) and brings them to 433 by a Fourier transform, which takes the sequence for periodic: pixel k lies at
  3.56 + 0.45 k / 433 x 4622 / 4621, so that the last ends 0.9 pixel short of 4.01.
* Files that QSO Atlas exports hold besides, and are read with: ``wavelengths`` (vacuum Angstrom), ``ivars``, ``object_ids``,
  ``ra``, ``dec``, ``z``. Without ``ivars`` the inverse variance is estimated from the flux's own scatter, noted.
* Files are read in blocks of rows, however long they are. What a dataset declares is looked at first: chunks that inflate
  without measure, and data that lie in other files, are refused.

Citation: M. Solimano, mqc-nets (https://github.com/ManuelSolimano/mqc-nets); Busca & Balland (2018), arXiv:1808.09955.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError, ReadError
from qsocore.records import ObjectId, Spectrum
from qsocore.surveys import Survey
from qsocore.surveys._hdf5 import dataset_of, opened
from qsocore.surveys._pixels import with_errors
from qsocore.surveys.probe import Probe

if TYPE_CHECKING:
    import h5py

CLASSES = ("QSO", "BAL", "O", "B", "A", "F", "G", "K", "M", "L", "WD", "C", "GAL")
WAVELENGTHS, IVARS, IDS, PLACES = "wavelengths", "ivars", "object_ids", ("ra", "dec", "z")
"""Names of what exported files hold besides ``fluxes`` and ``classes``."""

CALIBRATED = "calibrated"
"""Attribute of ``fluxes``: whether they are in 1e-17 erg/s/cm2/Angstrom."""

N_PIX = 433
_BLOCK = 1024  # rows in memory
_UNIT = "flux kept as in the file: it states no unit"


def axis() -> NDArray[np.float64]:
    """Wavelengths of mqc-nets' pixels, vacuum Angstrom, (433,)."""
    return 10.0 ** (3.56 + np.arange(N_PIX) * 0.45 / N_PIX * 4622 / 4621)


class MqcNets(Survey):
    """HDF5 files of mqc-nets."""

    name = "mqc-nets"
    title = "HDF5 tables of mqc-nets"
    citation = "M. Solimano, mqc-nets, https://github.com/ManuelSolimano/mqc-nets"

    def identify(self, probe: Probe) -> bool:
        """An HDF5 file with a dataset ``fluxes`` of rows of 433 pixels, or of any number with ``wavelengths``."""
        if probe.kind != "hdf5":
            return False
        try:
            with opened(probe) as file:
                fluxes = dataset_of(file, "fluxes", probe)
                if fluxes is None or fluxes.ndim != 2:
                    return False
                return fluxes.shape[1] == N_PIX or WAVELENGTHS in file
        except ReadError:
            return True  # ours, and `read` says why it is refused
        except (OSError, KeyError, RuntimeError, ValueError, TypeError):
            return False

    def read(self, probe: Probe) -> Iterator[Spectrum | ReadError]:
        """One spectrum for each row.

        Raises
        ------
        ReadError
            ``wrong-shape``, ``too-large``, ``foreign-data``, ``damaged``.
        """
        try:
            with opened(probe) as file:
                yield from _rows(file, probe)
        except RuntimeError as error:  # of the HDF5 library
            raise ReadError("damaged", f"HDF5 cannot read it ({error})", probe.path, "fetch it again") from None


def _rows(file: h5py.File, probe: Probe) -> Iterator[Spectrum | ReadError]:
    fluxes = _numbers(file, "fluxes", probe)
    n, n_pix = fluxes.shape
    wave = np.asarray(_numbers(file, WAVELENGTHS, probe, (n_pix,))[:]) if WAVELENGTHS in file else axis()
    if len(wave) != n_pix:
        raise ReadError("wrong-shape", f"fluxes {fluxes.shape} without wavelengths", probe.path, f"{N_PIX} pixels are known")
    parts = {"fluxes": fluxes} | {name: _numbers(file, name, probe, shape) for name, shape in
             (("classes", None), (IVARS, fluxes.shape), *((place, (n,)) for place in PLACES)) if name in file}
    if "classes" in parts and (parts["classes"].ndim != 2 or len(parts["classes"]) != n or
                               parts["classes"].shape[1] not in (len(CLASSES), len(CLASSES) - 1)):
        raise ReadError("wrong-shape", f"fluxes {fluxes.shape} and classes {parts['classes'].shape} do not fit", probe.path,
                        f"classes are {len(CLASSES)} columns: {' '.join(CLASSES)}")
    ids = dataset_of(file, IDS, probe)
    if ids is not None and ids.shape != (n,):
        raise ReadError("wrong-shape", f"{n} fluxes and {IDS} {ids.shape} do not fit", probe.path)
    calibrated, release = bool(fluxes.attrs.get(CALIBRATED, False)), ""
    for start in range(0, n, _BLOCK):
        block = {name: np.asarray(part[start:start + _BLOCK], np.float64) for name, part in parts.items()}
        names = ids.asstr()[start:start + _BLOCK] if ids is not None else None
        release = release or f"{crc32(block['fluxes'][:64].tobytes()):08x}"  # only true copies share a name
        for k in range(len(block["fluxes"])):
            identity = f"{MqcNets.name}:{release}:{probe.path.stem}[{start + k}]" if names is None else names[k]
            yield _spectrum(identity, wave, {name: values[k] for name, values in block.items()}, start + k, calibrated, probe)


def _numbers(file: h5py.File, name: str, probe: Probe, shape: tuple[int, ...] | None = None) -> h5py.Dataset:
    dataset = dataset_of(file, name, probe)
    if dataset is None or dataset.dtype.kind not in "fiu" or (shape is not None and dataset.shape != shape):
        found = "absent" if dataset is None else f"{dataset.dtype} {dataset.shape}"
        raise ReadError("wrong-shape", f"its {name} are {found}" + (f" where {shape} is meant" if shape else ""), probe.path)
    return dataset


def _spectrum(identity: str, wave: NDArray, values: dict[str, NDArray], row: int, calibrated: bool,
              probe: Probe) -> Spectrum | ReadError:
    where = f"{probe.path}, row {row}"
    try:
        ivar, mask, notes = with_errors(values["fluxes"], values.get(IVARS), "ivar", where)
        return Spectrum.from_arrays(
            ObjectId.parse(identity), wave, values["fluxes"], ivar, mask, where=where, calibrated=calibrated,
            row=_catalogue(values) | {"source_row": row}, notes=notes + (() if calibrated else (_UNIT,)))
    except ReadError as error:
        return error
    except AtlasError as error:  # of the name
        return ReadError("bad-name", error.what, where, error.remedy)


def _catalogue(values: dict[str, NDArray]) -> dict:
    out = {place: float(values[place]) for place in PLACES if place in values}
    if "classes" in values:
        hot = values["classes"]
        name = CLASSES[int(np.argmax(hot))] if hot.max() > 0 else ""
        whole = {"": "", "QSO": "QSO", "BAL": "QSO", "GAL": "GALAXY"}.get(name, "STAR")
        out |= {"class": whole, "subclass": "" if name in ("", "QSO", "GAL") else name}
    return out


SURVEY = MqcNets()
