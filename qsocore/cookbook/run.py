"""Run a recipe: say each step, do it as the command line would, pass over what is done."""

from __future__ import annotations

import shlex
import textwrap
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from qsocore.cli import parser_of
from qsocore.commands import COMMANDS
from qsocore.config import from_words
from qsocore.cookbook import COOKBOOK, Step

_WIDTH = 100


def run_recipe(name: str, folder: str | Path, settings: Iterable[str] = (), show: bool = False,
               say: Callable[[str], Any] = print) -> int:
    """Run a recipe in a folder.

    Parameters
    ----------
    name : str
        Of the recipe.
    folder : path
        Where everything is put; steps whose result is there are passed over.
    settings : iterable of str
        ``key=value`` each.
    show : bool
        Only say what would be done. Steps that follow from the result of others are said as far as those are there.
    say : callable
        Gets the lines.

    Returns
    -------
    int
        0, or the exit status of the command at which it stopped.

    Raises
    ------
    ConfigError
        For a recipe or setting that there is not. What a command raises is raised here.
    """
    recipe = COOKBOOK.get(name)
    folder = Path(folder)
    if not show:
        folder.mkdir(parents=True, exist_ok=True)
    with closing(recipe.steps(folder, from_words(recipe.settings, settings))) as steps:
        return _all(steps, show, say)


def _all(steps: Iterable[Step], show: bool, say: Callable[[str], Any]) -> int:
    for number, step in enumerate(steps, 1):
        line = shlex.join(("qso", *step.words))
        say("\n".join(["", f"{number}. {step.title}", *textwrap.wrap(step.why, _WIDTH), f"$ {line}"]))
        if show:
            continue
        status = _do(step, say)
        if status:
            say(f"stopped at step {number}; the same command goes on from there")
            return status
    return 0


def _do(step: Step, say: Callable[[str], Any]) -> int:
    if step.makes is not None and step.makes.exists():
        say(f"  {step.makes} is there already")
        return 0
    start = time.monotonic()
    status = COMMANDS.get(step.words[0]).run(parser_of(step.words[0]).parse_args(step.words[1:])) or 0
    if not status:
        say(f"  done in {time.monotonic() - start:.1f} s")
    return status
