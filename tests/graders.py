"""Graders in processes of their own, who grade at the same time."""

from __future__ import annotations

import multiprocessing
from multiprocessing.process import BaseProcess

from qsocore.inspection import Verdict
from qsocore.store.labels import Labels

_CONTEXT = multiprocessing.get_context("forkserver")  # which imports once, and then makes a process at once
_CONTEXT.set_forkserver_preload(["tests.graders"])


def grade(where: str, person: str, n: int) -> None:
    """Say n verdicts, each under a token of its own."""
    with Labels(where) as labels:
        for k in range(n):
            labels.append(Verdict(f"toy:r1:{k}", person, "A", desk="lenses", shown={"run": "demo"}, token=f"{person}-{k}"))


def start(where: str, number: int, n: int) -> BaseProcess:
    """One grader, who begins with the first of n verdicts."""
    process = _CONTEXT.Process(target=grade, args=(where, f"grader{number}", n))
    process.start()
    return process


def finish(processes: list[BaseProcess], seconds: float = 120) -> list[int | None]:
    """Exit statuses when they are done."""
    for process in processes:
        process.join(seconds)
    return [process.exitcode for process in processes]
