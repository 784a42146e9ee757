"""Recipes: several commands one after the other, from what a user has to what a user wants, each said before it is run.

A member of the family is one file with a constant ``RECIPE``; `qso recipe NAME` shows and runs it. A step is a command line of
``qso``, so that whoever has seen a recipe can repeat any of it by hand, or leave it there and go on in another way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qsocore.registry import Family


@dataclass(frozen=True)
class Step:
    """One command of a recipe.

    Parameters
    ----------
    title : str
        What it does, as a heading.
    why : str
        What for, in a sentence or two.
    words : tuple of str
        The command line after ``qso``.
    makes : Path, optional
        What it leaves; where that is there already the step is passed over.
    """

    title: str
    why: str
    words: tuple[str, ...]
    makes: Path | None = None


@dataclass(frozen=True)
class Recipe:
    """A member of the family.

    Parameters
    ----------
    summary : str
        One line.
    settings : type
        A frozen dataclass: what can be set, with its defaults.
    steps : callable
        ``steps(folder, settings)`` yields the `Step` s that work in a folder. A step may depend on what those before it left:
        the next is asked for when they are done. What has to stand while a command runs, such as a service, stands around its
        ``yield``.
    """

    summary: str
    settings: type
    steps: Callable[[Path, Any], Iterator[Step]]


COOKBOOK = Family("recipe", __name__, "RECIPE", "qso_atlas.recipes", apart=("run",))
