"""What a training ran on: versions and the machine, kept with the run so that a report can say it."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

from qsocore import __version__


def environment() -> dict[str, Any]:
    """Versions of python, torch, numpy and this package, and the machine; nothing that names the user."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return {"code_version": __version__, "python": platform.python_version(), "torch": torch.__version__,
            "numpy": np.__version__, "system": f"{platform.system()} {platform.machine()}", "cpu": _cpu(),
            "cores": os.cpu_count(), "threads": torch.get_num_threads()} | ({"gpu": device} if device else {})


def _cpu() -> str:
    """Name of the processor, as Linux tells it; else as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())
