"""What readers of images share: a file's layout by its headers, and cubes put together from the files of one object."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import PurePath
from typing import ClassVar

from qsocore.errors import ReadError
from qsocore.records import ImageCube, ObjectId
from qsocore.surveys import Survey
from qsocore.surveys.probe import Probe

NAME_THEM = "name them in order: --bands grizY, or --bands g,r,W1"


@dataclass(frozen=True)
class Layout:
    """The images in a file, as its headers tell.

    Parameters
    ----------
    bands : tuple of str
        One where the file is one band of several.
    n_objects : int
    shape : tuple of int
        Rows and columns.
    pixel_scale, zero_point : float
        Arcsec, and the AB magnitude of flux 1; NaN where the file does not say.
    psf_fwhm : tuple of float
        Arcsec per band, NaN or empty where the file does not say.
    key : str
        Files of one key are bands of the same objects.
    """

    bands: tuple[str, ...]
    n_objects: int
    shape: tuple[int, int]
    pixel_scale: float = nan
    zero_point: float = nan
    psf_fwhm: tuple[float, ...] = ()
    key: str = ""


class ImageSurvey(Survey):
    """A reader of images: a file alone, or several files that are bands of the same objects."""

    holds: ClassVar[str] = "images"
    general: ClassVar[bool] = True

    @abstractmethod
    def layout(self, probe: Probe, bands: tuple[str, ...] | None = None) -> Layout:
        """What images the file holds, by its headers.

        Parameters
        ----------
        probe : Probe
        bands : tuple of str, optional
            What the user calls the bands of a file that does not name them.

        Raises
        ------
        ReadError
            ``no-bands`` when nobody names its bands, ``psf`` for point-spread functions, ``wrong-shape``.
        """

    @abstractmethod
    def cubes(self, probes: Sequence[Probe], bands: tuple[str, ...] | None = None) -> Iterator[ImageCube | ReadError]:
        """Every object of files of one key; for one that is refused, the reason in its place.

        Raises
        ------
        ReadError
            When a whole file is refused.
        """

    def read(self, probe: Probe) -> Iterator[ImageCube | ReadError]:
        """The file's images, of one band where others lie in other files; as `cubes`."""
        return self.cubes([probe])


def unnamed(count: int, shape: tuple[int, ...], bands: tuple[str, ...] | None, where: object) -> ReadError:
    """Why an array without names for its so many bands is refused, when the user named none, or others."""
    known = f"{len(bands)} are named: {' '.join(bands)}" if bands else "nobody names them"
    return ReadError("no-bands", f"it holds {count} band{'s' * (count != 1)} ({'x'.join(map(str, shape))}), and {known}", where,
                     NAME_THEM)


def native_of(key: str, row: int | None = None) -> str:
    """What an object is called by the name of its file: the key less the band's ``*``; of several in a file with ``[row]``."""
    path = PurePath(key)
    name = re.sub(r"[-_. ]*\*[-_. ]*", lambda found: "_" if found.start() and found.end() < len(path.name) else "", path.name)
    return (name or path.parent.name or "image") + ("" if row is None else f"[{row}]")


def identity(survey: str, release: str, native: str, whole: bool = False) -> ObjectId:
    """The object id; a native name that may be a whole id already, as in files that were exported, stands for itself then."""
    if whole and native.count(":") >= 2 and all(native.split(":", 2)):
        return ObjectId.parse(native)
    return ObjectId.make(survey, release, native)
