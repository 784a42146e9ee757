"""Export of spectra into tables that other people's networks read: mqc-nets' HDF5, pairs of numpy arrays, QuasarNET's FITS.

The three are what `qsocore.surveys.mqc_nets`, `weiss_hui` and `quasarnet` read, so that a file can come back as a store of the
same fluxes. Spectra are written block by block, however many there are; fluxes stay in the store's units, masked pixels have
flux and inverse variance 0.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError, StoreError
from qsocore.grid import GRIDS, WaveGrid, get_grid
from qsocore.preprocess.regrid import Regridder
from qsocore.progress import Progress
from qsocore.store import Store
from qsocore.store.columns import to_numpy
from qsocore.store.files import write_text, write_whole
from qsocore.surveys import mqc_nets, quasarnet, weiss_hui

_BLOCK = 1024  # spectra in memory
_FITS_BLOCK = 2880


@dataclass(frozen=True)
class Chosen:
    """Spectra to write.

    Parameters
    ----------
    store : Store
    rows : ndarray of int64, shape (n,)
    grid : WaveGrid
        To write them on.
    about : dict
        Where they come from.
    """

    store: Store
    rows: NDArray[np.int64]
    grid: WaveGrid
    about: dict[str, Any]

    def __len__(self) -> int:
        return len(self.rows)

    def blocks(self) -> Iterator[tuple[slice, NDArray[np.float32], NDArray[np.float32]]]:
        """Places among the chosen, flux and ivar (B, n_pix) there."""
        regridder = Regridder.for_store(self.store, self.grid)
        with Progress(len(self), "export") as progress:
            for start in range(0, len(self), _BLOCK):
                rows = self.rows[start : start + _BLOCK]
                spectra = self.store.spectra(rows)
                ivar = np.where(spectra.mask == 0, spectra.ivar, np.float32(0))
                flux, ivar = regridder(spectra.flux, ivar, rows) if regridder else (spectra.flux, ivar)
                yield slice(start, start + len(rows)), np.where(ivar > 0, flux, np.float32(0)), ivar
                progress.update(len(rows))

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A catalogue column (n,), NaN where it is missing or where there is no such column."""
        if name not in self.store.columns:
            return np.full(len(self), np.nan)
        return to_numpy(self.store.table([name], self.rows).column(0)).astype(np.float64)

    def words(self, name: str) -> NDArray[np.str_]:
        """A catalogue column of text (n,), "" where it is missing."""
        if name not in self.store.columns:
            return np.full(len(self), "", "U1")
        return np.array(self.store.table([name], self.rows).column(0).fill_null("").to_pylist() or [""], str)[: len(self)]

    @cached_property
    def calibrated(self) -> bool:
        """Whether all of them are."""
        return "calibrated" in self.store.columns and bool(np.nanmin(self.numbers("calibrated"), initial=1.0) > 0)


def write_spectra(store: Store, rows: NDArray[np.int64], out: Path, grid: str | None, about: dict[str, Any]) -> int:
    """Write spectra of a store.

    Parameters
    ----------
    store : Store
    rows : ndarray of int64, shape (n,)
        Which.
    out : path
        ``.h5`` or ``.hdf5`` (on ``mqc433`` unless `grid` says otherwise), ``.npy`` (``vae1500``; inverse variances go to
        ``OUT_ivar.npy``, object ids to ``OUT_ids.npy``), ``.fits`` (``qnet443``).
    grid : str, optional
        Grid to write on: for ``.npy`` one that its reader knows by its width, for ``.fits`` one of 443 log-spaced pixels.
    about : dict
        Provenance, as the export of a catalogue writes it.

    Returns
    -------
    int
        Spectra written.

    Raises
    ------
    ConfigError
        When the ending is unknown, the grid does not go with it, or a file is there already.
    StoreError
        When the store has no spectra.
    """
    if out.suffix.lower() not in _WRITERS:
        raise ConfigError(f"the ending {out.suffix!r} is that of no format of spectra", out, f"use {', '.join(_WRITERS)}")
    write, usual, fits_grid, admitted = _WRITERS[out.suffix.lower()]
    target = get_grid(grid) if grid else GRIDS[usual]
    if not fits_grid(target):
        raise ConfigError(f"spectra on the grid {target.name} do not go into a {out.suffix} file", out, f"--grid {admitted}")
    if store.grid is None:
        raise StoreError("the store has a catalogue but no spectra", store.path)
    for file in (out, *_beside(out)):
        if file.exists():
            raise ConfigError("it exists already", file, "delete it, or choose another --out")
    chosen = Chosen(store, rows, target, about | {"grid": json.dumps(target.to_dict())})
    write(chosen, out)
    return len(chosen)


def _beside(out: Path) -> tuple[Path, ...]:
    if out.suffix.lower() != ".npy":
        return ()
    return tuple(out.with_name(f"{out.stem}_{word}.npy") for word in ("ivar", weiss_hui.IDS))


def _hdf5(chosen: Chosen, out: Path) -> None:
    import h5py

    from qsocore.models.labels import kinds

    n, n_pix = len(chosen), chosen.grid.n_pix
    classes = np.zeros((n, len(mqc_nets.CLASSES)), np.float32)
    if "class" in chosen.store.columns:
        number = kinds(chosen.store, mqc_nets.CLASSES)[chosen.rows]
        classes[np.flatnonzero(number >= 0), number[number >= 0]] = 1.0

    def write(open_file: BinaryIO) -> None:
        with h5py.File(open_file.name, "w") as file:  # HDF5 wants to read what it writes
            fluxes, ivars = (file.create_dataset(name, (n, n_pix), "f4") for name in ("fluxes", mqc_nets.IVARS))
            fluxes.attrs[mqc_nets.CALIBRATED] = chosen.calibrated
            file["classes"], file[mqc_nets.WAVELENGTHS] = classes, chosen.grid.wave
            for name in mqc_nets.PLACES:
                file[name] = chosen.numbers(name)
            file.create_dataset(mqc_nets.IDS, data=chosen.words("object_id").tolist(), dtype=h5py.string_dtype())
            file.attrs["qso_atlas"], file.attrs["classes"] = json.dumps(chosen.about), " ".join(mqc_nets.CLASSES)
            for place, flux, ivar in chosen.blocks():
                fluxes[place], ivars[place] = flux, ivar

    write_whole(out, write)


def _npy(chosen: Chosen, out: Path) -> None:
    """Fluxes last, so that nothing is read without its errors."""
    ivars, ids = _beside(out)
    write_text(out.with_name(out.name + ".provenance.json"), json.dumps(chosen.about, indent=1, ensure_ascii=False) + "\n")
    write_whole(ids, lambda file: np.save(file, chosen.words("object_id"), allow_pickle=False))
    shape = {"descr": "<f4", "fortran_order": False, "shape": (len(chosen), chosen.grid.n_pix)}

    def write(file: BinaryIO, which: Callable[[NDArray, NDArray], NDArray]) -> None:
        np.lib.format.write_array_header_1_0(file, shape)
        for _, flux, ivar in chosen.blocks():
            file.write(which(flux, ivar).astype("<f4").tobytes())

    write_whole(ivars, lambda file: write(file, lambda flux, ivar: ivar))
    write_whole(out, lambda file: write(file, lambda flux, ivar: flux))


def _fits(chosen: Chosen, out: Path) -> None:
    from astropy.io import fits

    from qsocore.workflow.zbest import names_of

    header = fits.Header([("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2), ("NAXIS1", 2 * chosen.grid.n_pix),
                          ("NAXIS2", len(chosen)), ("EXTEND", True), ("EXTNAME", "DATA"), ("COEFF0", chosen.grid.start),
                          ("COEFF1", chosen.grid.step)])
    if chosen.calibrated:
        header["BUNIT"] = quasarnet.UNIT
    for key, value in chosen.about.items():
        header.add_history(f"{key}: {value}"[:4000].encode("ascii", "replace").decode())
    columns = names_of(chosen.store, chosen.rows)
    columns |= {name.upper(): chosen.numbers(name) for name in ("ra", "dec", "z")}
    columns |= {name.upper(): chosen.words(name) for name in ("class", "subclass")}
    table = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.table_to_hdu(_table(columns))]).writeto(table)
    primary = len(fits.PrimaryHDU().header.tostring())

    def write(file: BinaryIO) -> None:
        file.write(header.tostring().encode("ascii"))
        for _, flux, ivar in chosen.blocks():
            file.write(np.hstack([flux, ivar]).astype(">f4").tobytes())
        file.write(b"\0" * (-8 * len(chosen) * chosen.grid.n_pix % _FITS_BLOCK))
        file.write(table.getvalue()[primary:])

    write_whole(out, write)


def _table(columns: dict[str, NDArray]):
    from astropy.table import Table

    table = Table(columns)
    table.meta["EXTNAME"] = "METADATA"
    return table


def _of_quasarnet(grid: WaveGrid) -> bool:
    return grid.n_pix == GRIDS["qnet443"].n_pix and grid.scale == "log10" and grid.frame == "observed"


_WRITERS: dict[str, tuple[Callable[[Chosen, Path], None], str, Callable[[WaveGrid], bool], str]] = {
    ".h5": (_hdf5, "mqc433", lambda grid: grid.frame == "observed", "one in the observed frame"),
    ".hdf5": (_hdf5, "mqc433", lambda grid: grid.frame == "observed", "one in the observed frame"),
    ".npy": (_npy, "vae1500", lambda grid: grid in weiss_hui.WIDTHS.values(),
             " or ".join(grid.name for grid in weiss_hui.WIDTHS.values())),
    ".fits": (_fits, "qnet443", _of_quasarnet, "qnet443"),
}
"""By ending: writer, usual grid, which grids go, and how to say so."""
