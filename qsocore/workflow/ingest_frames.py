"""Which positions are cut from which frames: those that lie best on the same frames, one a band, together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from math import nan

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError, ReadError
from qsocore.surveys._bands import in_order
from qsocore.surveys.frames import SURVEY as FRAMES
from qsocore.surveys.frames import Target
from qsocore.workflow.image_sources import Opened, Source, Wish
from qsocore.workflow.ingest_report import FileReport
from qsocore.workflow.targets import Targets, targets_of_store, targets_of_table


def framed(frames: list[Opened], wish: Wish, refused: dict[str, ReadError]) -> tuple[list[Source], list[FileReport]]:
    """Sources of frames: positions that lie best on the same frames, one a band, are cut from them together.

    Parameters
    ----------
    frames : list of Opened
    wish : Wish
        Says the positions: a table, else those of the store that the images are put into.
    refused : dict of str to ReadError
        By path; frames on which nothing is cut are added.

    Returns
    -------
    sources : list of Source
    others : list of FileReport
        Of the table or store, where a position is refused.

    Raises
    ------
    AtlasError
        When no frame is of a band that is wished for, and those of `read_table`.
    """
    if wish.positions:
        targets, report = targets_of_table(wish.positions)
        if wish.into:
            targets, report = Targets.of(wish.into).named(targets, report)
    else:
        targets, report = targets_of_store(wish.into)
    bands = in_order(entry.layout.bands[0] for entry in frames)
    bands = tuple(band for band in wish.bands if band in bands) if wish.bands else bands
    if not bands:
        raise AtlasError(f"no frame is in {', '.join(wish.bands)}", frames[0].file.path, "choose other --bands")
    best = np.stack([_best([entry for entry in frames if entry.layout.bands[0] == band], targets) for band in bands])
    groups: dict[tuple[int, ...], list[Target]] = defaultdict(list)  # numbers of frames among those of each band
    for target, numbers in zip(targets, best.T.tolist(), strict=True):
        groups[tuple(numbers)].append(target)
    lost = groups.pop((-1,) * len(bands), [])
    _report_lost(report, lost, len(targets), wish)
    sources, used = [], set()
    for numbers, there in groups.items():
        chosen = [[entry for entry in frames if entry.layout.bands[0] == band][number]
                  for band, number in zip(bands, numbers, strict=True) if number >= 0]
        layout = replace(chosen[0].layout, bands=tuple(entry.layout.bands[0] for entry in chosen),
                         psf_fwhm=tuple((entry.layout.psf_fwhm or (nan,))[0] for entry in chosen))
        sources.append(Source(FRAMES.name, tuple(entry.file.path for entry in chosen), layout, tuple(there)))
        used |= {str(entry.file.path) for entry in chosen}
    for entry in frames:
        if str(entry.file.path) not in used:
            what = "no position lies on it, or others hold it farther from their edges"
            refused[str(entry.file.path)] = ReadError("no-target", what, entry.file.path)
    return sources, [report] if report.refused else []


def _best(frames: list[Opened], targets: list[Target]) -> NDArray:
    """Number of the frame on which each position lies farthest from the edge, -1 for none; (n_targets,)."""
    ra, dec = np.array([target.ra for target in targets]), np.array([target.dec for target in targets])
    number, margin = np.full(len(targets), -1), np.full(len(targets), -np.inf)
    for index, entry in enumerate(frames):
        height, width = entry.layout.shape
        middle = map(float, entry.wcs.wcs_pix2world((width - 1) / 2, (height - 1) / 2, 0))
        # A projection also has the other side of the sky, and distortions grow without end: only what is near is looked at
        near = np.flatnonzero(_degrees(ra, dec, *middle) < entry.layout.pixel_scale / 3600 * np.hypot(height, width))
        x, y = entry.wcs.all_world2pix(ra[near], dec[near], 0, quiet=True) if near.size else (np.empty(0), np.empty(0))
        inside = np.full(len(targets), -np.inf)
        inside[near] = np.minimum.reduce([x + 0.5, width - 0.5 - x, y + 0.5, height - 0.5 - y])
        better = (inside > 0) & (inside > margin)
        number[better], margin[better] = index, inside[better]
    return number


def _degrees(ra: NDArray, dec: NDArray, ra0: float, dec0: float) -> NDArray:
    """Distance on the sky (haversine), degrees."""
    a, d, a0, d0 = (np.radians(value) for value in (ra, dec, ra0, dec0))
    part = np.sin((d - d0) / 2) ** 2 + np.cos(d) * np.cos(d0) * np.sin((a - a0) / 2) ** 2
    return np.degrees(2 * np.arcsin(np.sqrt(np.clip(part, 0, 1))))


def _report_lost(report: FileReport, lost: list[Target], total: int, wish: Wish) -> None:
    """Positions on no frame: each by name where the user listed them, their number where they are a whole store's."""
    if lost and not wish.positions:
        what = f"{len(lost):,} of {total:,} objects lie on none of the frames, as {lost[0].object_id}"
        report.refuse("outside", AtlasError(what, report.path))
        return
    for target in lost:
        what = f"{target.object_id} at {target.ra:.5f} {target.dec:+.5f} lies on none of the frames"
        report.refuse("outside", AtlasError(what, report.path))
