"""What an ingest of images is told, and what it makes of the files: those that are read together."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from qsocore.surveys._images import ImageSurvey, Layout
from qsocore.surveys.frames import Target
from qsocore.workflow.find_files import Found

if TYPE_CHECKING:
    from astropy.wcs import WCS


@dataclass(frozen=True)
class Wish:
    """What the user says of the images.

    Parameters
    ----------
    bands : tuple of str, optional
        Of the store; also the names of those in files that do not name theirs, in order.
    cutout : int, optional
        Pixels of a side.
    positions : Path, optional
        Table of ids and positions at which frames are cut.
    into : Path, optional
        Store of spectra beside which the images are put.
    pixel_scale, zero_point : float
        Of files that do not say theirs.
    """

    bands: tuple[str, ...] | None = None
    cutout: int | None = None
    positions: Path | None = None
    into: Path | None = None
    pixel_scale: float = nan
    zero_point: float = nan


@dataclass(frozen=True)
class Source:
    """Files that are read together: bands of the same objects, or frames with the positions to cut them at."""

    survey: str
    files: tuple[Path, ...]
    layout: Layout
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Opened:
    """A file of images, looked at."""

    file: Found
    survey: ImageSurvey
    layout: Layout
    wcs: WCS | None = None  # of frames
