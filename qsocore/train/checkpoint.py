"""Checkpoints: one safetensors file, replaced in one stroke, that holds all a training needs to go on as if never stopped.

The tensors are the model's state (``model.``), that of the best epoch (``best.``) and the optimiser's (``optimiser.``);
step, counters and configuration are JSON in the file's metadata. Random draws need no state: each step seeds its own.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from qsocore.errors import TrainError
from qsocore.store.files import write_whole


@dataclass
class Progressed:
    """How far a training is: steps taken, best validation loss and its step, epochs since, sums of the running epoch."""

    step: int = 0
    best_loss: float = float("inf")
    best_step: int = 0
    stale: int = 0
    sums: dict[str, float] = field(default_factory=dict)


def save_checkpoint(path: Path, model: nn.Module, best: dict[str, Tensor], optimiser: torch.optim.Optimizer | None,
                    progressed: Progressed, config: dict[str, Any]) -> None:
    """Write a checkpoint aside and put it in place; what was there stays whole until then."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"best.{name}": value for name, value in best.items()}
    if optimiser is not None:
        for index, state in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{name}": value for name, value in state.items()}
    metadata = {"progressed": json.dumps(asdict(progressed)), "config": json.dumps(config, sort_keys=True)}
    write_tensors(path, tensors, metadata)


def load_checkpoint(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer | None,
                    config: dict[str, Any]) -> tuple[Progressed, dict[str, Tensor]]:
    """Put a checkpoint into model and optimiser.

    Returns
    -------
    progressed : Progressed
    best : dict of str to Tensor
        State of the best epoch so far, empty before the first.

    Raises
    ------
    TrainError
        When the file is damaged or belongs to another configuration.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise TrainError(f"the checkpoint cannot be read ({error})", path, "delete its folder and train anew") from None
    if json.loads(metadata["config"]) != json.loads(json.dumps(config)):
        raise TrainError("an unfinished run of this name has other settings", path, "use its settings or another --run name")
    model.load_state_dict(_under("model.", tensors))
    if optimiser is not None:
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _under("optimiser.", tensors).items():
            index, _, field_name = name.partition(".")
            state.setdefault(int(index), {})[field_name] = value
        optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return Progressed(**json.loads(metadata["progressed"])), _under("best.", tensors)


def write_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write a safetensors file whole or not at all."""
    content = save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, metadata)
    write_whole(Path(path), lambda file: file.write(content))


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
