"""What a file is when no survey recognises it: an image, a catalogue, a table of redshifts, each refused in its own words."""

from __future__ import annotations

from qsocore.errors import ReadError
from qsocore.surveys._npy import declared, members, pickled
from qsocore.surveys.probe import Probe

NOT_SPECTRA = ("image", "catalogue", "redshift-table", "companion")
"""Reasons that say "no spectrum in here" rather than "a spectrum that cannot be read"."""

_JOIN = "join it onto objects with --catalog, or make a store of it with --survey catalogue"
_NO_IMAGE = "give images as FITS, npz, npy or HDF5 arrays of numbers"
_TABLES = ("csv", "parquet", "votable")


def otherwise(probe: Probe) -> ReadError | None:
    """Why a sound file holds no spectra, None when nothing can be said of it; looks at headers only.

    Returns
    -------
    ReadError or None
        ``image`` (also point-spread functions), ``catalogue`` or ``redshift-table``.
    """
    if probe.kind == "csv" and not _ruled(probe):
        return ReadError("unknown-format", "it is text, not a table", probe.path, "give spectra in FITS")
    if probe.kind in _TABLES:
        return ReadError("catalogue", f"it is a {probe.kind} table of objects, not of spectra", probe.path, _JOIN)
    if probe.kind == "npz":
        return _npz(probe)
    if probe.kind == "npy":
        return _npy(probe)
    if probe.kind == "hdf5":
        return ReadError("unknown-layout", "it is HDF5 without a dataset 'fluxes' of spectra", probe.path,
                         "fluxes (N, 433) and classes (N, 13) as mqc-nets writes them, or fluxes with wavelengths, are read")
    return _fits(probe) if probe.kind == "fits" and probe.refusal() is None else None


def _fits(probe: Probe) -> ReadError | None:
    names, headers = set(probe.hdu_names), list(probe.headers)
    if "REDSHIFTS" in names or "ZBEST" in names:
        return ReadError("redshift-table", "it holds redshifts that were fitted to spectra of another file", probe.path,
                         "it is read with the coadd or spectra file beside it")
    if any(len(_axes(header)) >= 2 for header in headers if _is_image(header)):
        return ReadError("image", "it holds an image, not a spectrum", probe.path, _NO_IMAGE)
    if any({"RNROW", "RROWS"} <= set(probe.columns(number)) for number in range(len(headers))):  # SDSS psField
        return ReadError("image", "it describes the point-spread function of an image", probe.path,
                         _NO_IMAGE)
    if any(probe.columns(number) for number in range(len(headers))):
        return ReadError("catalogue", "its table is one of objects, without wavelength and flux columns", probe.path, _JOIN)
    return None


def _ruled(probe: Probe) -> bool:
    """Whether the first two lines of a text have about as many of the same separator, as a table's would."""
    probe.file.seek(0)
    first, second = (probe.file.readline(1 << 16) for _ in range(2))
    return any(mark in first and (not second or abs(first.count(mark) - second.count(mark)) <= 1 or b'"' in second)
               for mark in (b",", b";", b"\t", b"|"))


def _npz(probe: Probe) -> ReadError | None:
    """By the shapes in the members' headers; no array is read."""
    try:
        deepest = max((len(shape) for shape, _ in members(probe).values()), default=0)
    except ReadError as error:
        return error
    if deepest >= 3:
        return ReadError("image", "its arrays are cubes of images", probe.path, _NO_IMAGE)
    return ReadError("catalogue", "its arrays are columns of objects, not spectra", probe.path, _JOIN)


def _npy(probe: Probe) -> ReadError | None:
    """By shape and type in the header; the array is not read."""
    found = declared(probe.file)
    if found is None:
        return ReadError("damaged", "its header cannot be understood", probe.path, "fetch it again")
    shape, _, dtype = found
    if dtype.hasobject:
        return pickled(probe)
    if dtype.kind in "US":
        return ReadError("catalogue", "its array is text, not spectra", probe.path)
    if len(shape) >= 3:
        return ReadError("image", "its array is a cube of images", probe.path, _NO_IMAGE)
    return ReadError("unknown-layout", f"an array {shape} of {dtype} is none of those that spectra come in", probe.path,
                     "(n, 1500), (n, 443) or (n, 433) fluxes, or (n_pix, 3 or more) with wavelength, flux, error are read")


def _is_image(header) -> bool:
    return str(header.get("XTENSION", "IMAGE")).strip() == "IMAGE" or header.get("ZIMAGE", False)


def _axes(header) -> list[int]:
    axes = [header.get(f"NAXIS{i}", 0) for i in range(1, header.get("NAXIS", 0) + 1)]
    return [n for n in axes if n > 1]
