"""Progress of long work on one line of standard error: what, how far, how fast, how long still."""

from __future__ import annotations

import sys
import time


class Progress:
    """Count finished pieces of work and show them, at most ten times a second.

    On a terminal the line rewrites itself; elsewhere (a log) only a start and an end line are written.

    Parameters
    ----------
    total : int
        Pieces of work in all.
    label : str
        What is being done.
    """

    def __init__(self, total: int, label: str):
        self.total, self.label, self.done = total, label, 0
        self._start = self._shown = time.monotonic()
        self._live = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        self._write("")
        return self

    def __exit__(self, kind, *_) -> None:
        seconds = time.monotonic() - self._start
        state = "done" if kind is None else "stopped"
        self._write(f" {state}, {self.done:,} in {seconds:.1f} s", end="\n")

    def update(self, n: int = 1, note: str = "") -> None:
        """Count n more pieces; `note` (a loss, a file name) is shown behind."""
        self.done += n
        now = time.monotonic()
        if self._live and now - self._shown > 0.1:
            self._shown = now
            rate = self.done / max(now - self._start, 1e-9)
            left = (self.total - self.done) / rate if rate else 0
            self._write(f" {self.done:,}/{self.total:,}  {rate:,.0f}/s  {left:.0f} s left  {note}")

    def _write(self, text: str, end: str = "") -> None:
        if self._live:
            sys.stderr.write(f"\r\x1b[2K{self.label}{text}{end}")
        elif end or not text:
            sys.stderr.write(f"{self.label}{text}\n")
        sys.stderr.flush()
