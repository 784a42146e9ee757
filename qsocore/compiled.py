"""Loops compiled by numba, whose machine code is kept on the disk and may be written and read by several processes at once.

Numba gives the code of each signature a file, numbers them one after the other, and locks nothing: two processes that compile
at the same time, such as two servers that are started for the first time, may give two signatures the same file, and every
later process then runs the one's code on the other's arrays. It also names a file before it is written, so that one which is
killed in between leaves the name to what an earlier version of the function had there. Here one process at a time reads or
writes, and what an earlier version left is thrown away first.
"""

from __future__ import annotations

import functools
import glob
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from numba import njit
from numba.core.caching import FunctionCache

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE_S = 60
"""Reading or writing takes milliseconds: who waits longer goes on without a cache."""


def compiled(loop: Callable | None = None, **options: Any) -> Callable:
    """Compile a function that lets go of the interpreter lock, at its first call for each kind of argument.

    Parameters
    ----------
    loop : callable
        Of arrays and numbers.
    options
        Further ones of `numba.njit`.
    """
    if loop is None:
        return functools.partial(compiled, **options)
    dispatcher = njit(nogil=True, **options)(loop)
    dispatcher._cache = LockedCache(loop)
    return dispatcher


class LockedCache(FunctionCache):
    """Numba's cache of one function, used by one process at a time."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for a signature, None where there is none."""
        with self._alone() as here:
            return super().load_overload(sig, target_context) if here else None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code for a signature."""
        with self._alone() as here:
            if here:
                if not self._cache_file._load_index():
                    for file in Path(self.cache_path).glob(f"{glob.escape(self._impl.filename_base)}.*.nbc"):
                        file.unlink(missing_ok=True)
                super().save_overload(sig, data)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether no other process is at it; not so where nothing can be written."""
        try:
            Path(self.cache_path).mkdir(parents=True, exist_ok=True)
            lock = _lock_of(self.cache_path)
            lock.acquire()
        except (OSError, Timeout):
            yield False
            return
        try:
            yield True
        finally:
            lock.release()


@functools.cache
def _lock_of(folder: str) -> FileLock:
    """One lock a folder, which who holds it may take again: the code of a function brings that of those it calls."""
    return FileLock(Path(folder) / "cache.lock", timeout=_PATIENCE_S)
