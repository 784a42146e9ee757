"""Images of an object: where they come from, and how bands become pictures. No GUI.

An image lies in the store's folder ``images``, in a file that is called after the object's id (``/`` and other signs that a
file name cannot hold are percent-encoded, as `file_of` does):

* ``ID.fits``: the first image of two or three axes, (bands, y, x); header BANDS, e.g. ``grizy``, else bands are numbered; pixel
  scale and handedness from its WCS.
* ``ID.npz``: `flux` or `images` (bands, y, x), optionally `bands` or `filters` (bands,) and `pixel_scale` in arcsec; y grows to
  the north and x to the west.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError

if TYPE_CHECKING:
    from dashboard.table import AtlasTable

Stretch = Literal["linear", "sqrt", "log", "asinh"]
STRETCHES: tuple[Stretch, ...] = ("linear", "sqrt", "log", "asinh")
MAX_VALUES = 20_000_000  # a file that declares more is not an image of an object
_IN_ORDER = "uUgGrRiIzZyYJHK"  # bands by wavelength
_BRIGHT, _BELOW = 99.7, 1.0  # where white is (percentile), and where black is (sigma of the sky below its median)
_NICE = (1, 2, 5, 10, 15, 30, 60, 120, 300)


@dataclass(frozen=True)
class Cube:
    """An image in several bands, north up and east left where its file says where north is.

    Parameters
    ----------
    flux : ndarray of float32, shape (H, W, n_bands)
        Row 0 is at the top; NaN where nothing was measured.
    bands : tuple of str
        In order of wavelength where their names are known.
    pixel_scale : float
        Arcsec per pixel, NaN when unknown.
    """

    flux: NDArray[np.float32]
    bands: tuple[str, ...]
    pixel_scale: float = float("nan")

    def band(self, name: str) -> NDArray[np.float32]:
        """One band, shape (H, W)."""
        return self.flux[..., self.bands.index(name)]


def has_images(table: AtlasTable) -> bool:
    """Whether a table's store has any."""
    return table.store is not None and (table.store.path / "images").is_dir()


def file_of(folder: Path, object_id: str) -> Path | None:
    """An object's file in a folder of images, None when there is none."""
    stem = quote(object_id, safe=":+ ()[]")
    return next((file for ending in ("npz", "fits") if (file := folder / f"{stem}.{ending}").is_file()), None)


def cube_of(table: AtlasTable, row: int) -> Cube | None:
    """The image of an object, None when there is none. Another source of images is another line here.

    Raises
    ------
    AtlasError
        When its file cannot be read.
    """
    return of_object(table, table.row(row)["object_id"])


def of_object(table: AtlasTable, object_id: str) -> Cube | None:
    """As `cube_of`, by id."""
    file = file_of(table.store.path / "images", object_id) if has_images(table) else None
    return None if file is None else read(file)


def read(file: Path) -> Cube:
    """Read an image as described above.

    Raises
    ------
    AtlasError
        When it is not such a file, or declares more than `MAX_VALUES` values.
    """
    try:
        return in_order(_from_npz(file) if file.suffix == ".npz" else _from_fits(file))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise AtlasError(f"the image cannot be read ({error})", file, "make it again, or take it away") from None


def in_order(cube: Cube) -> Cube:
    """The same image with its bands in order of wavelength, where all their names are known."""
    if not all(len(name) == 1 and name in _IN_ORDER for name in cube.bands):
        return cube
    order = sorted(range(len(cube.bands)), key=lambda k: _IN_ORDER.index(cube.bands[k]))
    return replace(cube, flux=cube.flux[..., order], bands=tuple(cube.bands[k] for k in order))


def _cube(planes: NDArray, bands: list[str], scale: float, flip_y: bool = True, flip_x: bool = False) -> Cube:
    planes = np.asarray(planes, np.float32)
    planes = planes[None] if planes.ndim == 2 else planes
    if planes.ndim != 3 or not planes.size:
        raise ValueError(f"its array has shape {planes.shape}, not (bands, y, x)")
    names = bands if len(bands) == len(planes) else [str(k + 1) for k in range(len(planes))]
    planes = planes[:, :: -1 if flip_y else 1, :: -1 if flip_x else 1]
    flux = np.where(np.isfinite(planes), planes, np.nan)
    return Cube(np.ascontiguousarray(np.moveaxis(flux, 0, -1), np.float32), tuple(names), scale)


def _from_npz(file: Path) -> Cube:
    with zipfile.ZipFile(file) as archive:
        _hold_to_size(sum(info.file_size for info in archive.infolist()) // 4)
    with np.load(file, allow_pickle=False) as arrays:
        planes = arrays["flux" if "flux" in arrays.files else "images"]
        names = next((arrays[name] for name in ("bands", "filters") if name in arrays.files), [])
        scale = float(arrays["pixel_scale"]) if "pixel_scale" in arrays.files else float("nan")
    return _cube(planes, [str(name) for name in names], scale)


def _from_fits(file: Path) -> Cube:
    from astropy.io import fits

    with fits.open(file, memmap=False, lazy_load_hdus=True) as hdus:
        image = next((hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS") in (2, 3)), None)
        if image is None:
            raise ValueError("it has no image of two or three axes")
        header = image.header
        _hold_to_size(int(np.prod([header[f"NAXIS{k + 1}"] for k in range(header["NAXIS"])])))
        scale, east_left, north_up = _sky(header)
        return _cube(image.data, list(str(header.get("BANDS", ""))), scale, north_up, not east_left)


def _sky(header) -> tuple[float, bool, bool]:
    """Arcsec per pixel, whether east is towards lower x, and whether north is towards higher y; as FITS images mostly are."""
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_scales

    wcs = WCS(header, naxis=2)
    if not wcs.has_celestial:
        return float(header.get("PIXSCALE", "nan")), True, True
    (across, _), (_, upwards) = wcs.pixel_scale_matrix
    return 3600 * float(proj_plane_pixel_scales(wcs)[1]), bool(across <= 0), bool(upwards >= 0)


def _hold_to_size(n: int) -> None:
    if n > MAX_VALUES:
        raise ValueError(f"it declares {n:,} values")


def sky_of(band: NDArray) -> tuple[float, float]:
    """Level of the sky and its scatter: median, and 1.4826 times the median deviation from it."""
    values = band[np.isfinite(band)]
    if not values.size:
        return 0.0, 1.0
    level = float(np.median(values))
    return level, float(1.4826 * np.median(np.abs(values - level))) or 1.0


def limits_of(band: NDArray) -> tuple[float, float]:
    """Where black and white are: a sigma below the sky, and a bright percentile."""
    level, scatter = sky_of(band)
    values = band[np.isfinite(band)]
    high = float(np.percentile(values, _BRIGHT)) if values.size else 1.0
    return level - _BELOW * scatter, max(high, level + scatter)


def grey(band: NDArray, stretch: Stretch, limits: tuple[float, float], invert: bool = False) -> NDArray[np.uint8]:
    """One band as grey levels.

    With x the flux from black (0) to white (1): x; sqrt(x); log(1 + 1000 x) / log(1001); asinh(10 x) / asinh(10), as
    `astropy.visualization` has them.

    Parameters
    ----------
    band : ndarray, shape (H, W)
        NaN is as black as black.
    stretch : {"linear", "sqrt", "log", "asinh"}
    limits : (float, float)
        Flux of black and of white.
    invert : bool
        Whether the sky is white.

    Returns
    -------
    ndarray of uint8, shape (H, W)
    """
    low, high = limits
    x = np.clip((np.nan_to_num(band, nan=low) - low) / (high - low), 0, 1)
    if stretch == "sqrt":
        x = np.sqrt(x)
    elif stretch == "log":
        x = np.log1p(1000 * x) / np.log(1001)
    elif stretch == "asinh":
        x = np.arcsinh(10 * x) / np.arcsinh(10)
    return np.round(255 * (1 - x if invert else x)).astype(np.uint8)


def colours_of(bands: tuple[str, ...]) -> tuple[str, str, str] | None:
    """The bands shown as red, green and blue: i, r, g or z, r, g where there are such, else the outer ones and the middle."""
    if len(bands) < 3:
        return None
    for wanted in (("i", "r", "g"), ("z", "r", "g")):
        if set(wanted) <= set(bands):
            return wanted
    return bands[-1], bands[len(bands) // 2], bands[0]


def lupton(cube: Cube, softening: float = 8.0, stretch: float = 5.0) -> NDArray[np.uint8] | None:
    """Three bands in colour after Lupton et al. (2004, PASP 116, 133); faint structure keeps its hue.

    Parameters
    ----------
    cube : Cube
    softening : float
        Q: above it the asinh bends from linear to logarithmic earlier.
    stretch : float
        Width of the linear part in sigma of the sky, whose level is subtracted from each band.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3), or None when there are fewer than three bands
    """
    from astropy.visualization import make_lupton_rgb

    chosen = colours_of(cube.bands)
    if chosen is None:
        return None
    skies = [sky_of(cube.band(name)) for name in chosen]
    planes = [np.nan_to_num(cube.band(name) - level) for name, (level, _) in zip(chosen, skies, strict=True)]
    return make_lupton_rgb(*planes, stretch=stretch * float(np.median([scatter for _, scatter in skies])), Q=softening)


def thumbnail(cube: Cube, side: int) -> NDArray[np.uint8]:
    """A small picture, (h, w, 3) in colour where there are three bands, else (h, w); no side longer than `side` pixels."""
    from PIL import Image

    colour = lupton(cube)
    picture = grey(cube.flux[..., 0], "asinh", limits_of(cube.flux[..., 0])) if colour is None else colour
    small = Image.fromarray(picture)
    small.thumbnail((side, side))
    return np.asarray(small)


def bar_of(cube: Cube, share: float = 0.3) -> tuple[float, str]:
    """A scale bar: its length as part of the image's width, and what it says.

    Parameters
    ----------
    cube : Cube
    share : float
        How long it is at most.
    """
    width = cube.flux.shape[1]
    known = np.isfinite(cube.pixel_scale) and cube.pixel_scale > 0
    whole = width * (cube.pixel_scale if known else 1.0)
    length = max((nice for nice in _NICE if nice <= share * whole), default=share * whole)
    return length / whole, f"{length:.3g}″" if known else f"{length:.3g} px"


def png(picture: NDArray[np.uint8]) -> bytes:
    """A picture of shape (H, W) or (H, W, 3) as PNG."""
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.fromarray(picture).save(out, "png")
    return out.getvalue()
