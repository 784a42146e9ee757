"""Images that lie one by one in a store's folder ``images``, each in a file that is called after its object's id (``/`` and
other signs that a file name cannot hold are percent-encoded, as `file_of` does):

* ``ID.fits``: the first image of two or three axes, (bands, y, x); header BANDS, e.g. ``grizy``, else bands are numbered; pixel
  scale and handedness from its WCS.
* ``ID.npz``: `flux` or `images` (bands, y, x), optionally `bands` or `filters` (bands,) and `pixel_scale` in arcsec; y grows to
  the north and x to the west.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np

from dashboard.image import Cube, cube_of
from qsocore.errors import AtlasError

MAX_VALUES = 20_000_000  # a file that declares more is not an image of an object
_SAFE = ":+ ()[]"
_ENDINGS = ("npz", "fits")
_STRAIGHT = 0.1  # tangent of the angle up to which an image is called north up


def file_of(folder: Path, object_id: str) -> Path | None:
    """An object's file in a folder of images, None when there is none."""
    stem = quote(object_id, safe=_SAFE)
    return next((file for ending in _ENDINGS if (file := folder / f"{stem}.{ending}").is_file()), None)


def some_of(folder: Path, most: int) -> list[Path]:
    """At most so many files of a folder of images, spread over it."""
    files = sorted(file for ending in _ENDINGS for file in folder.glob(f"*.{ending}"))
    return files[:: max(1, -(-len(files) // most))]


def id_of(file: Path) -> str:
    """The object whose image a file is; inverse of `file_of`."""
    return unquote(file.stem)


def read(file: Path) -> Cube:
    """Read an image as described above.

    Raises
    ------
    AtlasError
        When it is not such a file, or declares more than `MAX_VALUES` values.
    """
    try:
        return _from_npz(file) if file.suffix == ".npz" else _from_fits(file)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise AtlasError(f"the image cannot be read ({error})", file, "make it again, or take it away") from None


def _from_npz(file: Path) -> Cube:
    with zipfile.ZipFile(file) as archive:
        _hold_to_size(sum(info.file_size for info in archive.infolist()) // 4)
    with np.load(file, allow_pickle=False) as arrays:
        planes = arrays["flux" if "flux" in arrays.files else "images"]
        names = next((arrays[name] for name in ("bands", "filters") if name in arrays.files), [])
        scale = float(arrays["pixel_scale"]) if "pixel_scale" in arrays.files else float("nan")
    return cube_of(planes, [str(name) for name in names], scale, north_up=bool(np.isfinite(scale)))


def _from_fits(file: Path) -> Cube:
    from astropy.io import fits

    with fits.open(file, memmap=False, lazy_load_hdus=True) as hdus:
        image = next((hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS") in (2, 3)), None)
        if image is None:
            raise ValueError("it has no image of two or three axes")
        header = image.header
        _hold_to_size(int(np.prod([header[f"NAXIS{k + 1}"] for k in range(header["NAXIS"])])))
        scale, east_left, north_up, straight = _sky(header)
        planes = image.data[..., :: 1 if north_up else -1, :: 1 if east_left else -1]
        return cube_of(planes, list(str(header.get("BANDS", ""))), scale, north_up=straight)


def _sky(header) -> tuple[float, bool, bool, bool]:
    """Arcsec per pixel, whether east is towards lower x, whether north is towards higher y, and whether they are so to within a
    few degrees; as FITS images mostly are where the header does not say.
    """
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales

    wcs = WCS(header, naxis=2)
    if not wcs.has_celestial:
        return float(header.get("PIXSCALE", "nan")), True, True, False
    (across, aslant), (askew, upwards) = wcs.pixel_scale_matrix
    straight = abs(aslant) < _STRAIGHT * abs(upwards) and abs(askew) < _STRAIGHT * abs(across)
    return 3600 * float(proj_plane_pixel_scales(wcs)[1]), bool(across <= 0), bool(upwards >= 0), bool(straight)


def _hold_to_size(n: int) -> None:
    if n > MAX_VALUES:
        raise ValueError(f"it declares {n:,} values")
