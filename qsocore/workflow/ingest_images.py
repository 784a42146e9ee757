"""Which image files belong together, on which grid, and whose pictures they are: the plan of an ingest of images.

Everything is decided by headers before the first pixel is read, so that any number of workers gives the same store: files that
are bands of the same objects are one source; a frame with the other bands' frames that hold the same positions is one; bands,
pixel scale and zero point of the store are those of most objects, or what the user says.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from math import isfinite, isnan, nan
from pathlib import Path
from struct import error as StructError

import numpy as np

from qsocore.errors import AtlasError, ReadError
from qsocore.preprocess.fit_image import SAME_SCALE
from qsocore.records import ImageCube
from qsocore.sampling import ImageGrid
from qsocore.store import open_store
from qsocore.surveys import SURVEYS, recognise
from qsocore.surveys._bands import in_order
from qsocore.surveys._images import ImageSurvey
from qsocore.surveys._planes import flux_of, wcs_of
from qsocore.surveys.frames import SURVEY as FRAMES
from qsocore.surveys.probe import Probe
from qsocore.workflow.find_files import Found
from qsocore.workflow.image_sources import Opened, Source, Wish
from qsocore.workflow.ingest_frames import framed
from qsocore.workflow.ingest_report import FileReport
from qsocore.workflow.rows import Rows
from qsocore.workflow.targets import Targets

_SIDE = 28
"""Pixels of a cutout from frames unless stated."""


@dataclass(frozen=True)
class ImageReader:
    """Reads the sources that begin with a file.

    Parameters
    ----------
    grid : ImageGrid
        Of the store.
    sources : dict of str to tuple of Source
        By the path of their first file.
    wish : Wish
    """

    grid: ImageGrid
    sources: dict[str, tuple[Source, ...]]
    wish: Wish

    def rows(self) -> Rows:
        """Room for a shard's objects."""
        return Rows(self.grid)

    def read(self, file: Found) -> Iterator[ImageCube | ReadError]:
        """Every object of the sources that begin with a file, under the name that it has in the store it is put into."""
        for source in self.sources[str(file.path)]:
            with _whole(file.path), ExitStack() as stack:
                probes = [stack.enter_context(Probe(path)) for path in source.files]
                for item in self._of(source, probes):
                    yield self._mine(item) if isinstance(item, ImageCube) else item

    def _of(self, source: Source, probes: list[Probe]) -> Iterator[ImageCube | ReadError]:
        if source.targets:
            return FRAMES.cut(probes, source.targets, self.grid.side, self.wish.bands)
        return SURVEYS.get(source.survey).cubes(probes, self.wish.bands)

    def _mine(self, cube: ImageCube) -> ImageCube | ReadError:
        """The image with the scale that the user says and the name of the object that it shows."""
        scale = cube.pixel_scale if isfinite(cube.pixel_scale) else self.wish.pixel_scale
        zero = cube.zero_point if isfinite(cube.zero_point) else self.wish.zero_point
        cube = replace(cube, pixel_scale=scale, zero_point=zero)
        if self.wish.into is None:
            return cube
        try:
            return replace(cube, object_id=Targets.of(self.wish.into).find(cube))
        except ReadError as error:
            return error


def plan_images(files: Iterable[Found], wish: Wish, survey: str | None = None) -> tuple[list[Found], ImageReader,
                                                                                        list[FileReport]]:
    """Sort image files into sources and choose the store's grid.

    Parameters
    ----------
    files : iterable of Found
    wish : Wish
    survey : str, optional
        Reader for all files.

    Returns
    -------
    files : list of Found
        As given; those that are refused, or read with another, say so.
    reader : ImageReader
    others : list of FileReport
        Of positions that lie on no frame.

    Raises
    ------
    AtlasError
        When no file holds images that can be read; the message says why the first does not.
    """
    given, sound = list(files), []
    refused: dict[str, ReadError] = {}
    for file in given:
        try:
            with _whole(file.path):
                sound.append(_look(file, wish, survey))
        except ReadError as error:
            refused[str(file.path)] = error
    frames = [entry for entry in sound if entry.survey is FRAMES]
    sources = _grouped([entry for entry in sound if entry.survey is not FRAMES], wish, refused)
    cut, others = framed(frames, wish, refused) if frames else ([], [])
    sources = _alike(sources + cut, wish, refused)
    if not sources:
        raise _nothing(refused, others)
    by_file: dict[str, tuple[Source, ...]] = defaultdict(tuple)
    for source in sources:
        by_file[str(source.files[0])] += (source,)
    for source in sources:
        for path in source.files[1:]:
            if str(path) not in by_file:
                refused.setdefault(str(path), ReadError("companion", f"it is read with {source.files[0].name}, as another band",
                                                        path))
    marked = [replace(file, refusal=file.refusal or refused.get(str(file.path)),
                      n_rows=sum(len(source.targets) or source.layout.n_objects for source in by_file.get(str(file.path), ())))
              for file in given]
    return marked, ImageReader(_grid(sources, wish), dict(by_file), wish), others


def _nothing(refused: dict[str, ReadError], others: list[FileReport]) -> AtlasError:
    """Why nothing is left to read: by the first position or the first file that is refused."""
    for report in others:
        entry = report.refused[0]
        return AtlasError(f"no image can be cut: {entry['what']}", entry["where"], "give the frames that cover the positions")
    for error in refused.values():
        return AtlasError(f"no file holds images that can be read: {error.what}", error.where, error.remedy)
    return AtlasError("no file is given", remedy="give FITS, npz, npy or HDF5")


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Refuses a file whose inside contradicts its headers, as ``damaged``."""
    from astropy.io.fits.verify import VerifyError

    try:
        yield
    except (KeyError, IndexError, ValueError, TypeError, OSError, EOFError, StructError, VerifyError) as error:
        raise ReadError("damaged", f"it breaks off with {type(error).__name__}: {error}", path,
                        "check the file against its origin") from error


def _look(file: Found, wish: Wish, name: str | None) -> Opened:
    """Reader and layout of a file, by its headers."""
    if file.refusal:
        raise file.refusal
    with Probe(file.path) as probe:
        survey = SURVEYS.get(name) if name else recognise(probe)
        if survey.holds == "spectra":
            raise ReadError("spectrum", "it holds spectra, and images are being read", file.path,
                            "ingest spectra into a store of their own")
        if _wants_frames(wish, survey, probe):
            survey = FRAMES
        if survey is FRAMES and not (wish.positions or wish.into):
            survey.read(probe)  # says why not
        layout = survey.layout(probe, wish.bands)
        wcs = wcs_of(probe, flux_of(probe)) if survey is FRAMES else None
    scale = layout.pixel_scale if isfinite(layout.pixel_scale) else wish.pixel_scale
    zero = layout.zero_point if isfinite(layout.zero_point) else wish.zero_point
    return Opened(file, survey, replace(layout, pixel_scale=scale, zero_point=zero), wcs)


def _wants_frames(wish: Wish, survey: ImageSurvey, probe: Probe) -> bool:
    """Whether positions are given, so that any image with world coordinates is something to cut from."""
    if not wish.positions or survey.name != "cutouts-fits":
        return False
    try:
        FRAMES.layout(probe, wish.bands)
    except ReadError:
        return False
    return True


def _grouped(opened: list[Opened], wish: Wish, refused: dict[str, ReadError]) -> list[Source]:
    """Sources of cutouts: files that name one band each go together with those of the same key."""
    groups: dict[tuple, list[Opened]] = defaultdict(list)
    for entry in opened:
        alone = len(entry.layout.bands) > 1
        groups[entry.survey.name, str(entry.file.path) if alone else entry.layout.key].append(entry)
    return [_source(group, wish, refused) for group in groups.values()]


def _source(group: list[Opened], wish: Wish, refused: dict[str, ReadError]) -> Source:
    """One source of the files of a key, in the order of their bands; what does not fit is refused."""
    order = in_order(band for entry in group for band in entry.layout.bands)
    order = tuple(dict.fromkeys((*(wish.bands or ()), *order)))
    group = sorted(group, key=lambda entry: order.index(entry.layout.bands[0]))
    most = Counter(entry.layout.n_objects for entry in group).most_common(1)[0][0]
    first = next(entry for entry in group if entry.layout.n_objects == most)
    kept: list[Opened] = []
    for entry in group:
        path = entry.file.path
        double = next((other for other in kept if other.layout.bands[0] == entry.layout.bands[0]), None)
        if entry.layout.n_objects != most:
            refused[str(path)] = ReadError("wrong-shape", f"it holds {entry.layout.n_objects} objects where "
                                           f"{first.file.path.name} holds {most}", path, "give bands of the same objects")
        elif double:
            refused[str(path)] = ReadError("doubled", f"band {entry.layout.bands[0]} of these objects is in "
                                           f"{double.file.path.name} already", path, "give each band once")
        else:
            kept.append(entry)
    layouts = [entry.layout for entry in kept]
    widths = tuple(width for layout in layouts for width in layout.psf_fwhm or (nan,) * len(layout.bands))
    whole = replace(layouts[0], bands=tuple(band for layout in layouts for band in layout.bands), psf_fwhm=widths)
    return Source(kept[0].survey.name, tuple(entry.file.path for entry in kept), whole)


def _alike(sources: list[Source], wish: Wish, refused: dict[str, ReadError]) -> list[Source]:
    """The sources on the pixel scale of most objects; the others are refused."""
    scales: list[tuple[float, int]] = []
    for source in sources:
        scale, count = source.layout.pixel_scale, len(source.targets) or source.layout.n_objects
        at = next((k for k, (known, _) in enumerate(scales) if _same(known, scale)), None)
        if at is None:
            scales.append((scale, count))
        else:
            scales[at] = scales[at][0], scales[at][1] + count
    if len(scales) < 2:
        return sources
    chosen = max(scales, key=lambda entry: (entry[1], isfinite(entry[0])))[0]
    out = []
    for source in sources:
        if _same(chosen, source.layout.pixel_scale):
            out.append(source)
            continue
        of = "an unstated scale" if isnan(source.layout.pixel_scale) else f"{source.layout.pixel_scale:.4g} arcsec"
        most = "an unstated scale" if isnan(chosen) else f"{chosen:.4g} arcsec"
        for path in source.files:
            refused[str(path)] = ReadError("other-pixels", f"its pixels are of {of}, those of most objects of {most}", path,
                                           "ingest images of each pixel scale into a store of their own, or state it: "
                                           "--pixel-scale")
    return out


def _same(one: float, other: float) -> bool:
    return (isnan(one) and isnan(other)) or (isfinite(one + other) and abs(one / other - 1) < SAME_SCALE)


def _grid(sources: list[Source], wish: Wish) -> ImageGrid:
    """Bands, size, scale and zero point of most objects, or what the user says."""
    weights = [max(len(source.targets) or source.layout.n_objects, 1) for source in sources]
    bands = wish.bands or in_order(band for source in sources for band in source.layout.bands)
    sides: Counter[int] = Counter()
    zeros: Counter[float] = Counter()
    widths: dict[str, list[float]] = defaultdict(list)
    for source, weight in zip(sources, weights, strict=True):
        sides[_SIDE if source.targets else max(source.layout.shape)] += weight
        zeros[source.layout.zero_point if isfinite(source.layout.zero_point) else np.inf] += weight  # NaN is no key
        for band, width in zip(source.layout.bands, source.layout.psf_fwhm, strict=False):
            if isfinite(width):
                widths[band].append(width)
    zero = zeros.most_common(1)[0][0]
    psf = tuple(float(np.median(widths[band])) if band in widths else nan for band in bands)
    scale = next((source.layout.pixel_scale for source in sources if isfinite(source.layout.pixel_scale)), nan)
    return ImageGrid(bands, wish.cutout or sides.most_common(1)[0][0], scale, zero if isfinite(zero) else nan,
                     psf if all(map(isfinite, psf)) else ())


def provenance(wish: Wish) -> dict:
    """What the plan of the store says of the wish."""
    fingerprint = open_store(wish.into).manifest.fingerprint if wish.into else None
    return {"reads": "images", "bands": list(wish.bands) if wish.bands else None, "cutout": wish.cutout,
            "positions": str(wish.positions) if wish.positions else None, "into": fingerprint,
            "pixel_scale": wish.pixel_scale if isfinite(wish.pixel_scale) else None,
            "zero_point": wish.zero_point if isfinite(wish.zero_point) else None}
