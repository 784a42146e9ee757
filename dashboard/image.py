"""How bands become pictures: stretches, colour after Lupton, what is masked, a scale bar. No GUI, and nothing is read here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Stretch = Literal["linear", "sqrt", "log", "asinh"]
STRETCHES: tuple[Stretch, ...] = ("linear", "sqrt", "log", "asinh")
MARK = (224, 180, 84)
"""Colour in which masked pixels are tinted."""
_IN_ORDER = "uUgGrRiIzZyYJHK"  # bands by wavelength
_BRIGHT, _BELOW = 99.7, 1.0  # where white is (percentile), and where black is (sigma of the sky below its median)
_NICE = (1, 2, 5, 10, 15, 30, 60, 120, 300)
_TINT = 0.45
_FIVE_PERCENT = 1.645  # sigma below the mean that 5 % of a Gaussian are
_GAP, _GAP_GREY = 2, 48  # between the bands of a strip, pixels and grey level
_COMMON_BRIGHT = 80.0  # percentile of the objects' own whites
_FAINT, _STRONG = (0x56, 0xB4, 0xE9), (0xE6, 0x9F, 0x00)  # less and more than zero, for any eyes


@dataclass(frozen=True)
class Cube:
    """An image in several bands, north up and east left.

    Parameters
    ----------
    flux : ndarray of float32, shape (H, W, n_bands)
        Row 0 is at the top; NaN where nothing was measured.
    bands : tuple of str
        In order of wavelength where their names are known.
    pixel_scale : float
        Arcsec per pixel, NaN when unknown.
    ivar : ndarray of float32, shape (H, W, n_bands), optional
        Inverse variance, 0 where masked.
    flagged : ndarray of bool, shape (H, W, n_bands), optional
        Pixels that have a value of which the survey says that it means nothing, as of a saturated core.
    north_up : bool
        Whether the directions are known, and so.
    """

    flux: NDArray[np.float32]
    bands: tuple[str, ...]
    pixel_scale: float = float("nan")
    ivar: NDArray[np.float32] | None = None
    flagged: NDArray[np.bool_] | None = None
    north_up: bool = False

    def band(self, name: str) -> NDArray[np.float32]:
        """One band, shape (H, W)."""
        return self.flux[..., self.bands.index(name)]

    @cached_property
    def masked(self) -> NDArray[np.bool_]:
        """Pixels that say nothing, shape (H, W, n_bands)."""
        empty = np.isnan(self.flux)
        return empty if self.flagged is None else empty | self.flagged

    def lacks(self, name: str) -> bool:
        """Whether a band has no pixel at all."""
        return bool(np.isnan(self.band(name)).all())


@dataclass(frozen=True)
class Look:
    """How an image is drawn.

    Parameters
    ----------
    stretch : {"linear", "sqrt", "log", "asinh"}
        Of single bands.
    invert : bool
        Whether the sky is white.
    softening, width : float
        Q of the colour, and the width of its linear part in sigma of the sky.
    colours : tuple of str
        Bands shown as red, green and blue; empty for those of `colours_of`.
    """

    stretch: Stretch = "asinh"
    invert: bool = False
    softening: float = 8.0
    width: float = 5.0
    colours: tuple[str, ...] = ()


PLAIN = Look()
"""As nothing was chosen."""


@dataclass(frozen=True)
class Scale:
    """One brightness for many objects.

    Parameters
    ----------
    limits : mapping of str to (float, float)
        Flux of black and of white, by band.
    scatter : mapping of str to float
        Of the sky, by band.
    """

    limits: Mapping[str, tuple[float, float]]
    scatter: Mapping[str, float]


def cube_of(planes: NDArray, bands: Sequence[str], pixel_scale: float = float("nan"), north_up: bool = False, *,
            ivar: NDArray | None = None, flagged: NDArray | None = None) -> Cube:
    """A `Cube` from arrays (bands, y, x), or (y, x), in which y grows to the north and x to the west.

    A band without light has nothing in it, as of a survey that did not look there.

    Raises
    ------
    ValueError
        When the array has another shape.
    """
    planes = np.asarray(planes, np.float32)
    planes = planes[None] if planes.ndim == 2 else planes
    if planes.ndim != 3 or not planes.size:
        raise ValueError(f"its array has shape {planes.shape}, not (bands, y, x)")
    names = bands if len(bands) == len(planes) else [str(k + 1) for k in range(len(planes))]
    finite = np.isfinite(planes)
    lit = np.where(finite, planes, 0).any(axis=(1, 2), keepdims=True)  # (n_bands, 1, 1)
    flux = np.where(finite & lit, planes, np.float32(np.nan))
    further = {name: _from_top(array) for name, array in (("ivar", ivar), ("flagged", flagged)) if array is not None}
    return in_order(Cube(_from_top(flux), tuple(names), pixel_scale, north_up=north_up, **further))


def _from_top(planes: NDArray) -> NDArray:
    """(bands, y, x) from the bottom as (H, W, bands) from the top."""
    return np.ascontiguousarray(np.moveaxis(planes[:, ::-1], 0, -1))


def in_order(cube: Cube) -> Cube:
    """The same image with its bands in order of wavelength, where all their names are known."""
    if not all(len(name) == 1 and name in _IN_ORDER for name in cube.bands):
        return cube
    order = sorted(range(len(cube.bands)), key=lambda k: _IN_ORDER.index(cube.bands[k]))
    arrays = {name: array[..., order] for name in ("flux", "ivar", "flagged") if (array := getattr(cube, name)) is not None}
    return replace(cube, bands=tuple(cube.bands[k] for k in order), **arrays)


# ---- brightness


def sky_of(band: NDArray) -> tuple[float, float]:
    """Level of the sky and its scatter: median, and 1.4826 times the median deviation from it."""
    values = band[np.isfinite(band)]
    if not values.size:
        return 0.0, 1.0
    level = float(np.median(values))
    return level, float(1.4826 * np.median(np.abs(values - level))) or 1.0


def noise_of(cube: Cube, name: str) -> float:
    """Scatter of a band's sky: by its inverse variance where that is known, else as `sky_of` has it."""
    if cube.ivar is not None:
        known = cube.ivar[..., cube.bands.index(name)]
        if (known > 0).any():
            return float(1 / np.sqrt(np.median(known[known > 0])))
    return sky_of(cube.band(name))[1]


def level_of(cube: Cube, name: str) -> float:
    """Level of a band's sky, also of an image that its object fills: as far above faint pixels as noise has them below."""
    band = cube.band(name)
    values = band[np.isfinite(band)]
    if not values.size:
        return 0.0
    return min(sky_of(band)[0], float(np.percentile(values, 5)) + _FIVE_PERCENT * noise_of(cube, name))


def limits_of(band: NDArray) -> tuple[float, float]:
    """Where black and white are: a sigma below the sky, and a bright percentile."""
    level, scatter = sky_of(band)
    values = band[np.isfinite(band)]
    high = float(np.percentile(values, _BRIGHT)) if values.size else 1.0
    return level - _BELOW * scatter, max(high, level + scatter)


def own_scale(cube: Cube, look: Look = PLAIN) -> Scale:
    """The brightness of one image, at which others can be shown beside it; of a bright one such that it is not burnt out."""
    known = {name: cube.band(name) for name in cube.bands if not cube.lacks(name)}
    scatter = {name: noise_of(cube, name) for name in known}
    chosen = [name for name in shown_colours(cube, look) or () if name in known]
    bright = max(((float(np.nanmax(known[name])) - level_of(cube, name)) / scatter[name] for name in chosen), default=0.0)
    softer = max(1.0, bright / _white(look))
    return Scale({name: limits_of(band) for name, band in known.items()}, {name: softer * scatter[name] for name in known})


def _white(look: Look) -> float:
    """Brightness at which `lupton` is white, in sigma of the sky."""
    return look.width * float(np.sinh(10 * np.arcsinh(0.1 * look.softening))) / look.softening


def common_scale(cubes: Iterable[Cube]) -> Scale:
    """A brightness at which objects can be compared: medians of their skies, and the white of most of them."""
    skies: dict[str, list[tuple[float, float, float]]] = {}
    for cube in cubes:
        for name in cube.bands:
            if not cube.lacks(name):
                band = cube.band(name)
                skies.setdefault(name, []).append((sky_of(band)[0], noise_of(cube, name), limits_of(band)[1]))
    limits, scatters = {}, {}
    for name, known in skies.items():
        level, scatter, high = np.array(known).T
        scatters[name] = float(np.median(scatter))
        low = float(np.median(level)) - _BELOW * scatters[name]
        limits[name] = low, max(float(np.percentile(high, _COMMON_BRIGHT)), low + 2 * scatters[name])
    return Scale(limits, scatters)


# ---- pictures


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


def shown_colours(cube: Cube, look: Look) -> tuple[str, ...] | None:
    """The bands in which an image is shown in colour: those of a look where it has them, else the customary ones."""
    return look.colours if look.colours and set(look.colours) <= set(cube.bands) else colours_of(cube.bands)


def triples_of(bands: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """What can be shown in colour: the customary bands, then each three neighbours, the reddest first."""
    first = colours_of(bands)
    near = [bands[k : k + 3][::-1] for k in range(len(bands) - 2)]
    return [] if first is None else list(dict.fromkeys([first, *near[::-1]]))


def lupton(cube: Cube, look: Look = PLAIN, scale: Scale | None = None, stretched: float = 1.0) -> NDArray[np.uint8] | None:
    """Three bands in colour after Lupton et al. (2004, PASP 116, 133); faint structure keeps its hue.

    The sky's level is subtracted from each band. The outer two are measured by their skies' scatter and the middle one by the
    geometric mean of these: so deep surveys are balanced, and no spectrum that rises or falls evenly looks green.

    Parameters
    ----------
    cube : Cube
    look : Look
        Q, above which the asinh bends from linear to logarithmic earlier, and the width of the linear part.
    scale : Scale, optional
        Whose scatter is meant; by default `own_scale`.
    stretched : float
        The width is so many times larger: below one faint structure is seen, above one bright.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3), or None when there are fewer than three bands
    """
    from astropy.visualization import make_lupton_rgb

    chosen = shown_colours(cube, look)
    if chosen is None:
        return None
    scale = scale or own_scale(cube, look)
    outer = [scale.scatter[name] for name in (chosen[0], chosen[2]) if name in scale.scatter] or [1.0]
    middle = float(np.exp(np.mean(np.log(outer))))
    planes = []
    for name, scatter in zip(chosen, (outer[0], middle, outer[-1]), strict=True):
        planes.append(np.nan_to_num((cube.band(name) - level_of(cube, name)) / scatter))
    with np.errstate(divide="ignore", invalid="ignore"):  # where there is no light at all
        picture = make_lupton_rgb(*planes, stretch=stretched * look.width, Q=look.softening)
    return 255 - picture if look.invert else picture


def in_grey(cube: Cube, band: str, look: Look = PLAIN, scale: Scale | None = None) -> NDArray[np.uint8]:
    """One band, shape (H, W), at its own or a common brightness."""
    plane = cube.band(band)
    limits = scale.limits.get(band) if scale else None
    return grey(plane, look.stretch, limits or limits_of(plane), look.invert)


def marked(picture: NDArray[np.uint8], masked: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A picture (H, W) or (H, W, 3) with masked pixels (H, W) tinted; as it is where there are none."""
    if not masked.any():
        return picture
    colour = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    tinted = np.round((1 - _TINT) * colour + _TINT * np.array(MARK)).astype(np.uint8)
    return np.where(masked[..., None], tinted, colour)


def signed(values: NDArray, most: float) -> NDArray[np.uint8]:
    """Numbers from -most (blue) by zero (black) to most (orange), shape (H, W, 3); NaN is black."""
    x = np.clip(np.nan_to_num(values) / most, -1, 1)[..., None]  # (H, W, 1)
    return np.round(np.where(x < 0, -x * np.array(_FAINT), x * np.array(_STRONG))).astype(np.uint8)


def thumbnail(cube: Cube, side: int, look: Look = PLAIN, scale: Scale | None = None, band: str = "") -> NDArray[np.uint8]:
    """A small picture, (h, w, 3) in colour where there are three bands and no single one is asked for, else (h, w) or, where
    pixels are masked, (h, w, 3); no side longer than `side` pixels.
    """
    from PIL import Image

    picture = None if band else lupton(cube, look, scale)
    if picture is None:
        name = band if band in cube.bands else cube.bands[0]
        picture = marked(in_grey(cube, name, look, scale), cube.masked[..., cube.bands.index(name)])
    small = Image.fromarray(picture)
    small.thumbnail((side, side))
    return np.asarray(small)


def strip(cube: Cube, look: Look = PLAIN, scale: Scale | None = None) -> NDArray[np.uint8]:
    """All bands side by side, shape (H, n_bands * (W + 2) - 2, 3), grey between them and in place of one that is missing."""
    height, width = cube.flux.shape[:2]
    out = np.full((height, len(cube.bands) * (width + _GAP) - _GAP, 3), _GAP_GREY, np.uint8)
    for k, name in enumerate(cube.bands):
        if not cube.lacks(name):
            picture = marked(in_grey(cube, name, look, scale), cube.masked[..., k])
            out[:, k * (width + _GAP) :][:, :width] = picture if picture.ndim == 3 else picture[..., None]
    return out


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
    Image.fromarray(picture).save(out, "png", compress_level=1)
    return out.getvalue()


def as_url(data: bytes) -> str:
    """A PNG as an address that holds it."""
    from base64 import b64encode

    return f"data:image/png;base64,{b64encode(data).decode()}"
