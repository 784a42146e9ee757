"""Surveys, one file each: how to recognise and read one survey's files.

A member's module holds ``SURVEY``, an instance of a subclass of `Survey`; its docstring is the survey's product notes and
citation. `read_file` is the whole way from a path to spectra or images.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from struct import error as StructError
from typing import Any, ClassVar
from urllib.parse import urlsplit

from qsocore.errors import ReadError
from qsocore.records import ImageCube, Spectrum
from qsocore.registry import Family
from qsocore.surveys._links import by_position as by_position
from qsocore.surveys._otherwise import otherwise
from qsocore.surveys.probe import Probe

SURVEYS = Family("survey", "qsocore.surveys", "SURVEY", "qso_atlas.surveys", apart=("probe", "roles", "tables"))


class Survey(ABC):
    """How to recognise and read one survey's files.

    Attributes
    ----------
    name : str
        Under which users ask for it: its file's name with ``_`` read as ``-``.
    title : str
        What people call it.
    citation : str
        What to cite when its spectra are used.
    general : bool
        Whether it also reads files of other surveys, so that it is asked after all others.
    holds : str
        What its files hold: "spectra", "images" or "catalogue".
    """

    name: ClassVar[str]
    title: ClassVar[str]
    citation: ClassVar[str]
    general: ClassVar[bool] = False
    holds: ClassVar[str] = "spectra"

    @abstractmethod
    def identify(self, probe: Probe) -> bool:
        """Whether this is a file of the survey; looks at kind and headers only, and never raises."""

    @abstractmethod
    def read(self, probe: Probe) -> Iterator[Spectrum | ImageCube | ReadError]:
        """The file's spectra or images; for a row or fibre that is refused, the reason in its place.

        Raises
        ------
        ReadError
            When the whole file is refused.
        """

    def links(self, row: dict[str, Any]) -> dict[str, str]:
        """Pages about an object elsewhere: label to URL, from its catalogue row; none unless the survey has some."""
        return {}


def links_of(values: dict[str, Any]) -> dict[str, str]:
    """Pages about an object elsewhere, label to address: as its survey knows them, then by its position.

    Parameters
    ----------
    values : dict
        Its catalogue row.
    """
    name = values.get("survey") or ""
    member = next((member for member in SURVEYS.names() if name and (member == name or member.startswith(f"{name}-"))), None)
    found = (SURVEYS.get(member).links(values) if member else {}) | by_position(values)
    return {text: url for text, url in found.items() if urlsplit(url).scheme in ("http", "https")}


def recognise(probe: Probe, name: str | None = None) -> Survey:
    """The survey whose file this is.

    Parameters
    ----------
    probe : Probe
        The file.
    name : str, optional
        The user's word for it; nothing is guessed then.

    Raises
    ------
    ReadError
        ``empty``, ``pickle``, ``truncated`` ... as `Probe.refusal` says; ``image``, ``catalogue`` or ``redshift-table`` for
        what is sound and no spectrum; else ``unrecognised``.
    ConfigError
        When no survey has that name.
    """
    if name is not None:
        return SURVEYS.get(name)
    for survey in sorted(SURVEYS, key=lambda survey: (survey.general, survey.holds != "spectra")):
        if survey.identify(probe):
            return survey
    raise probe.refusal() or otherwise(probe) or ReadError(
        "unrecognised", f"no survey's file looks like this {probe.summary()}", probe.path,
        f"name one of {', '.join(SURVEYS.names())}, or give spectra in a FITS layout they read")


def read_file(path: str | Path, name: str | None = None) -> Iterator[Spectrum | ImageCube | ReadError]:
    """All spectra or images of a file, and the reason for every row that is none.

    Parameters
    ----------
    path : str or Path
        A file; gzip and bzip2 are opened on the way.
    name : str, optional
        Survey, when it shall not be guessed.

    Yields
    ------
    Spectrum, ImageCube or ReadError

    Raises
    ------
    ReadError
        When the whole file is refused; ``damaged`` when its inside contradicts its headers.
    """
    with Probe(path) as probe:
        survey = recognise(probe, name)
        try:
            yield from survey.read(probe)
        except (KeyError, IndexError, ValueError, OSError, StructError) as error:
            raise ReadError("damaged", f"read as {survey.title} it breaks off with {type(error).__name__}: {error}", path,
                            "check the file against its origin") from error
