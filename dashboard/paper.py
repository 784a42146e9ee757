"""Figures for papers from what the page has derived: the same raster and palette, on white, with labels, units and key.

Where a figure comes from is written into the file: in PNG's text, SVG's and PDF's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard import words
from dashboard.colourings import LEVELS, Scale
from qsocore import __version__
from qsocore.errors import ConfigError
from qsocore.figures.style import FLUX, GREY, INK, plain, styled
from qsocore.figures.style import canvas as new_canvas
from qsocore.lines import line_list
from qsocore.store.files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dashboard.raster import View
    from dashboard.spectrum import SpectrumView
    from dashboard.table import AtlasTable
    from qsocore.compare.composite import Composite

FORMATS = ("png", "svg", "pdf")

_MODEL, _A, _B = "#c2410c", "#0072b2", "#c4650a"
_KINDS = {"median": "median", "geometric": "geometric mean"}
_DPI = 200
_FAINT = 0.22  # of what is not selected


@dataclass(frozen=True)
class MapPicture:
    """A map as the page draws it.

    Parameters
    ----------
    view : View
        What is shown.
    levels : ndarray of uint8, shape (height, width)
        The first row is the lowest y.
    palette : sequence of str
        256 colours as #rrggbb or #rrggbbaa.
    x, y : str
        Labels of the axes.
    key : str
        What the colours show.
    scale : Scale, optional
        Of continuous colours; its bar is drawn.
    classes : sequence of (str, str, int)
        Name, colour and count of each class; a legend is drawn.
    chosen : ndarray of uint8, optional
        Levels of the selection alone; what is not selected is then faint, as on the page.
    focus : (float, float), optional
        Where the object in focus is.
    """

    view: View
    levels: NDArray[np.uint8]
    palette: Sequence[str]
    x: str
    y: str
    key: str
    scale: Scale | None = None
    classes: Sequence[tuple[str, str, int]] = field(default_factory=tuple)
    chosen: NDArray[np.uint8] | None = None
    focus: tuple[float, float] | None = None


@styled
def map_figure(picture: MapPicture) -> Figure:
    """A map with its axes and its key."""
    canvas = new_canvas(6.4, 5.4)
    axes, view = canvas.add_subplot(), picture.view
    box = {"extent": (view.x0, view.x1, view.y0, view.y1), "origin": "lower", "aspect": "auto", "interpolation": "nearest"}
    colours = _rgba(picture.palette)
    axes.imshow(colours[picture.levels], alpha=1 if picture.chosen is None else _FAINT, **box)
    if picture.chosen is not None:
        axes.imshow(colours[picture.chosen], **box)
    if picture.focus is not None:
        axes.plot(*picture.focus, "o", ms=9, mfc="none", mec="white", mew=3)
        axes.plot(*picture.focus, "o", ms=9, mfc="none", mec=INK, mew=1.2)
    axes.set(xlabel=plain(picture.x), ylabel=plain(picture.y), xlim=(view.x0, view.x1), ylim=(view.y0, view.y1))
    if picture.scale is not None:
        _bar(canvas, axes, picture)
    elif picture.classes:
        _legend(axes, picture)
    return canvas


def _bar(canvas: Figure, axes: Axes, picture: MapPicture) -> None:
    from matplotlib.colors import ListedColormap, LogNorm, Normalize

    scale, colours = picture.scale, ListedColormap(_rgba(picture.palette)[:LEVELS] / 255)
    if scale.ranks:
        bar = canvas.colorbar(_mappable(Normalize(0, 1), colours), ax=axes, pad=0.02, label=f"{plain(picture.key)}, by rank")
        places = np.linspace(0, 1, 5)
        bar.set_ticks(places, labels=[words.number(float(value)) for value in np.interp(
            places, np.linspace(0, 1, len(scale.ranks)), scale.ranks)])
    else:
        norm = (LogNorm if scale.log else Normalize)(scale.low, scale.high)
        canvas.colorbar(_mappable(norm, colours), ax=axes, pad=0.02, label=plain(picture.key))


def _mappable(norm: Any, colours: Any) -> Any:
    from matplotlib.cm import ScalarMappable

    return ScalarMappable(norm, colours)


def _legend(axes: Axes, picture: MapPicture) -> None:
    from matplotlib.lines import Line2D

    marks = [Line2D([], [], ls="", marker="o", ms=5, mfc=colour[:7], mec="none", label=f"{plain(name)} ({count:,})")
             for name, colour, count in picture.classes if count]
    axes.legend(handles=marks[:24], title=plain(picture.key), loc="lower left", bbox_to_anchor=(0, 1.0),
                ncols=min(5, len(marks) or 1), alignment="left", borderpad=0.2, columnspacing=1.2, handletextpad=0.2)


@styled
def spectrum_figure(shown: SpectrumView) -> Figure:
    """A spectrum with its error and masked stretches, the reconstruction over it, the residual in sigma below."""
    canvas = new_canvas(7.2, 4.4)
    modelled = bool(np.isfinite(shown.model).any())
    flux, below = canvas.subplots(2, sharex=True, height_ratios=(3, 1)) if modelled else (canvas.add_subplot(), None)
    flux.fill_between(shown.wave, shown.flux - shown.sigma, shown.flux + shown.sigma, color=GREY, alpha=0.35, lw=0,
                      label="1σ error", rasterized=True)
    flux.plot(shown.wave, shown.flux, color=INK, lw=0.6, label="flux")
    if modelled:
        flux.plot(shown.wave, shown.model, color=_MODEL, lw=1.1, label="reconstruction")
        below.plot(shown.wave, shown.residual, color=INK, lw=0.5)
        below.axhline(0, color=GREY, lw=0.6)
        known = np.abs(shown.residual[np.isfinite(shown.residual)])
        reach = float(np.clip(np.percentile(known, 99.5), 4, 25)) if known.size else 4.0
        below.set(ylim=(-reach, reach), ylabel="Residual (σ)")
    for axes in filter(None, (flux, below)):
        for first, last in shown.gaps:
            axes.axvspan(first, last, color="#e0b454", alpha=0.3, lw=0)
    _mark_lines(flux, shown)
    calibrated = shown.row.get("calibrated") in (None, True, 1)
    flux.set(ylabel=FLUX if calibrated else "Flux, uncalibrated", ylim=shown.flux_range)
    flux.legend(loc="upper right", ncols=3, borderpad=0.2, handlelength=1.4, columnspacing=1)
    said = [shown.object_id, *(str(shown.row[name]) for name in ("class", "subclass") if shown.row.get(name))]
    said += [f"z = {shown.z:.4f}"] if np.isfinite(shown.z) else []
    flux.set_title(plain("   ".join(said)), loc="left", fontsize=9)
    (below or flux).set(xlabel="Observed wavelength in vacuum (Å)", xlim=shown.covered)
    canvas.align_ylabels()
    return canvas


def _mark_lines(axes: Axes, shown: SpectrumView) -> None:
    """Major lines at the catalogue redshift; names that would run into each other are left out."""
    if not np.isfinite(shown.z):
        return
    first, last = shown.covered
    kind, end = "absorption" if str(shown.row.get("class", "")).upper() == "STAR" else "emission", -np.inf
    for line in line_list(kind, major_only=True):
        wave = line.wave * (1 + shown.z)
        if not first < wave < last:
            continue
        axes.axvline(wave, color=GREY, lw=0.5, ls=(0, (3, 3)))
        if wave - end > 0.018 * (last - first):
            axes.annotate(line.name, (wave, 0.87), xycoords=("data", "axes fraction"), rotation=90, fontsize=6.5, color=GREY,
                          ha="right", va="top")
            end = wave


@styled
def composite_figure(composites: dict[str, Composite]) -> Figure:
    """Composite spectra by name, each with its bootstrap band, and the number of spectra in each pixel below."""
    canvas = new_canvas(7.2, 4.4)
    flux, number = canvas.subplots(2, sharex=True, height_ratios=(3, 1))
    for (name, composite), colour in zip(composites.items(), (_A, _B, INK, _MODEL), strict=False):
        flux.fill_between(composite.wave, composite.low, composite.high, color=colour, alpha=0.25, lw=0)
        flux.plot(composite.wave, composite.flux, color=colour, lw=0.9,
                  label=f"{plain(name)} ({composite.n_spectra:,} spectra)")
        number.plot(composite.wave, composite.number, color=colour, lw=0.9, drawstyle="steps-mid")
    frame = {composite.frame for composite in composites.values()}
    kind = " and ".join(sorted({_KINDS[composite.kind] for composite in composites.values()}))
    seen = [composite.wave[np.isfinite(composite.flux)] for composite in composites.values()]
    seen = [wave for wave in seen if wave.size]
    flux.set(ylabel=f"Relative flux density, {kind}")
    flux.legend(loc="upper right")
    number.set(ylabel="Spectra", xlabel=f"{'Rest' if frame == {'rest'} else 'Observed'} wavelength in vacuum (Å)")
    number.set_ylim(bottom=0)
    if seen:
        number.set_xlim(min(wave[0] for wave in seen), max(wave[-1] for wave in seen))
        flux.set_ylim(*_seen_well(composites.values()))
    canvas.align_ylabels()
    return canvas


def _seen_well(composites: Iterable[Composite]) -> tuple[float, float]:
    """Flux limits from the pixels of many spectra, not from the noise of the few at the ends."""
    flux = np.concatenate([part.flux[part.number > 0.1 * part.number.max(initial=0)] for part in composites])
    flux = flux[np.isfinite(flux)]
    low, high = (float(flux.min()), float(flux.max())) if flux.size else (0.0, 1.0)
    return min(low - 0.05 * (high - low), 0.0), high + 0.12 * (high - low) + 1e-9


@styled
def histogram_figure(table: AtlasTable, rows: NDArray[np.int64], names: Sequence[str]) -> Figure:
    """Histograms of some columns: the selected objects over the whole catalogue, both as shares."""
    from dashboard.derive import extent

    canvas = new_canvas(7.2, 1.9 * -(-len(names) // 4))
    for number, name in enumerate(names):
        axes, values = canvas.add_subplot(-(-len(names) // 4), min(4, len(names)), number + 1), table.numbers(name)
        edges = np.linspace(*extent(values), 41)
        for part, colour, filled in ((values, GREY, True), (values[rows], _A, False)):
            count = np.histogram(part, edges)[0]
            axes.stairs(count / max(count.sum(), 1), edges, color=colour, fill=filled, alpha=0.5 if filled else 1, lw=1.1)
        axes.set(xlabel=plain(words.label(table.columns[name])), yticks=[])
        axes.set_xlim(edges[0], edges[-1])
    return canvas


@styled
def save(figure: Figure, path: str | Path, about: dict[str, Any]) -> None:
    """Write a figure whole, with where it comes from in its metadata.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path
        Ends in one of `FORMATS`.
    about : dict
        JSON-able: what is shown, of which store, run and selection.

    Raises
    ------
    ConfigError
        When the ending is another.
    """
    path = Path(path)
    kind = path.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise ConfigError(f"{path.suffix or 'no suffix'} is no format of a figure", path, f"known: {', '.join(FORMATS)}")
    maker, text = f"QSO Atlas {__version__}", json.dumps(about, ensure_ascii=True)
    named = {"png": {"Software": maker, "Title": path.stem, "Description": text},
             "svg": {"Creator": maker, "Title": path.stem, "Description": text, "Date": None},
             "pdf": {"Creator": maker, "Title": path.stem, "Subject": text, "CreationDate": None}}[kind]
    write_whole(path, lambda file: figure.savefig(file, format=kind, dpi=_DPI, metadata=named, facecolor="white"))


def _rgba(palette: Sequence[str]) -> NDArray[np.uint8]:
    """Colours as (256, 4) bytes."""
    return np.array([[int(f"{colour[1:]}ff"[k : k + 2], 16) for k in (0, 2, 4, 6)] for colour in palette], np.uint8)
