"""Figures for paper and talks, one a file: functions without a GUI that return a matplotlib figure.

A figure's module stays light, for ``qso figure --help`` imports them all: matplotlib is imported where it draws.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qsocore.registry import Family

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


@dataclass(frozen=True)
class Figure:
    """One figure; its name is its file's name.

    Parameters
    ----------
    summary : str
        One line, as listed by ``qso figure --help``.
    example : str
        A command line that runs as it stands.
    arguments : callable
        Adds the figure's options to an `argparse.ArgumentParser`.
    draw : callable
        Gets the options by name and returns a `matplotlib.figure.Figure`.
    """

    summary: str
    example: str
    arguments: Callable[[ArgumentParser], None]
    draw: Callable[..., Canvas]


FIGURES = Family("figure", "qsocore.figures", "FIGURE", "qso_atlas.figures", apart=("style",))


def save(figure: Canvas, path: str | Path) -> None:
    """Write a figure whole; the suffix (.png, .pdf, .svg) says how.

    Raises
    ------
    ConfigError
        When matplotlib writes no such format.
    """
    from qsocore.errors import ConfigError
    from qsocore.figures.style import styled
    from qsocore.store.files import write_whole

    path = Path(path)
    kind, known = path.suffix.lstrip(".").lower(), figure.canvas.get_supported_filetypes()
    if kind not in known:
        raise ConfigError(f"{path.suffix or 'no suffix'} is no format of a figure", path, f"known: {', '.join(known)}")
    styled(write_whole)(path, lambda file: figure.savefig(file, format=kind, dpi=150))
