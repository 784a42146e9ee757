"""Errors that say what is wrong, where, and what to do next.

Everything that a user can cause is raised as an `AtlasError`; the command line prints its one line and exits with 1.
Whatever else escapes is a defect of ours; the command line calls it one, and ``--debug`` shows the traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MOST_KNOWN = 40


class AtlasError(Exception):
    """A fault with a place and a remedy.

    Parameters
    ----------
    what : str
        What is wrong, in the user's terms.
    where : object, optional
        The file, HDU, column, shard or option concerned.
    remedy : str, optional
        What the user can do next.
    """

    def __init__(self, what: str, where: object = None, remedy: str | None = None):
        self.what, self.where, self.remedy = what, None if where is None else str(where), remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f"; {self.remedy}" if self.remedy else "")

    def __reduce__(self):  # worker processes hand errors back whole
        return _rebuild, (type(self), self.__dict__.copy())


def _rebuild(kind: type[AtlasError], state: dict) -> AtlasError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    Exception.__init__(error, str(error))
    return error


class ReadError(AtlasError):
    """A file, HDU or row that a reader refuses.

    Parameters
    ----------
    reason : str
        A short, stable key under which an ingest report counts refusals (``truncated``, ``not-fits``, ``no-coverage`` ...).
    what, where, remedy
        As in `AtlasError`.
    """

    def __init__(self, reason: str, what: str, where: object = None, remedy: str | None = None):
        self.reason = reason
        super().__init__(what, where, remedy)


class StoreError(AtlasError):
    """A store that is absent, unfinished, damaged, of a newer schema, or lacks what was asked of it."""


class ConfigError(AtlasError):
    """An option or configuration value that does not fit."""


class TrainError(AtlasError):
    """A training that cannot start or go on."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy that names the nearest known words, or all of them when none is near; of very many only how they begin.

    Examples
    --------
    >>> did_you_mean("snr_medain", ["snr_median", "z"])
    'did you mean snr_median?'
    """
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=3)
    if near:
        return f"did you mean {' or '.join(near)}?"
    listed = ", ".join(known[:_MOST_KNOWN]) + (f" ... ({len(known):,} in all)" if len(known) > _MOST_KNOWN else "")
    return f"known: {listed}" if known else "none is known"
