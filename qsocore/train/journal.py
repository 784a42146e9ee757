"""The journal of a training: JSON lines, one per event, and the same numbers as TensorBoard event files beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qsocore.store.files import write_text


class Journal:
    """Append events to ``journal.jsonl`` and scalars to TensorBoard event files in the same folder.

    Parameters
    ----------
    folder : Path
        The run's folder.
    step : int
        Step at which the training starts or resumes; events after it, written before a crash, are dropped.
    tensorboard : bool
        Whether event files are written; they need the ``track`` extra and are left out without it.
    """

    def __init__(self, folder: Path, step: int = 0, tensorboard: bool = True):
        self.path = Path(folder) / "journal.jsonl"
        kept = [event for event in read_journal(self.path) if event.get("step", 0) <= step] if step else []
        write_text(self.path, "".join(json.dumps(event) + "\n" for event in kept))
        self._file = self.path.open("a")
        self._board = _summary_writer(folder, step) if tensorboard else None

    def write(self, event: str, step: int, **values: Any) -> None:
        """One event; numbers among `values` become TensorBoard scalars called ``event/name``."""
        self._file.write(json.dumps({"event": event, "step": step, **values}) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in values.items():
                if isinstance(value, (int, float)):
                    self._board.add_scalar(f"{event}/{name}", value, step)

    def close(self) -> None:
        """Close both files."""
        self._file.close()
        if self._board is not None:
            self._board.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Events of a journal in order; a last line cut off by a crash is left out."""
    if not Path(path).exists():
        return []
    events = []
    for line in Path(path).read_text().splitlines():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return events


def _summary_writer(folder: Path, step: int):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=step or None)
