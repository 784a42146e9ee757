"""The training loop of every model, on one page.

It goes on from ``checkpoint.safetensors`` where that is there; since the order of the batches, the random draws and the
learning rate follow from the step's number alone, a training that was killed ends as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from qsocore.errors import ConfigError, TrainError
from qsocore.models.base import Labels, LatentModel, Network, Predictor
from qsocore.progress import Progress
from qsocore.train.augment import Augmenter
from qsocore.train.augment_images import ImageAugmenter
from qsocore.train.checkpoint import Progressed, load_checkpoint, save_checkpoint
from qsocore.train.data import Batches
from qsocore.train.journal import Journal

CHECKPOINT = "checkpoint.safetensors"
_APART = 10**12  # draws of the augmentation are none of the model's
_COMPARED = 1000  # validation spectra whose chi2 is told after each epoch


@dataclass(frozen=True)
class TrainSettings:
    """Settings of a training.

    Parameters
    ----------
    epochs, batch : int
        At most so many epochs, of batches of so many spectra.
    lr, weight_decay, clip : float
        AdamW's peak learning rate and weight decay; largest norm of the gradient.
    patience : int
        Stop after so many epochs without a validation loss lower by one part in ten thousand.
    seed : int
        Of the first weights, the order, the split and all draws.
    valid, test : float
        Fractions of sky objects kept out of the training.
    save_every : int
        Steps between checkpoints; there is one after each epoch besides.
    memory_gb : float
        Memory for prepared spectra; a larger training set is streamed.
    device : str
        ``auto`` (an NVIDIA GPU where there is one), ``cpu``, ``cuda``.
    grid : str or None
        Grid of spectra to train on, by name or written out as for `qsocore.grid.get_grid`; none is the store's.
    side : int or None
        Pixels of images to train on, cut out of their middle; none is the store's.
    """

    epochs: int = 20
    batch: int = 128
    lr: float = 3e-3
    weight_decay: float = 1e-4
    clip: float = 100.0
    patience: int = 5
    seed: int = 0
    valid: float = 0.1
    test: float = 0.1
    save_every: int = 500
    memory_gb: float = 4.0
    device: str = "auto"
    grid: str | None = None
    side: int | None = None

    def __post_init__(self):
        if min(self.epochs, self.batch, self.save_every) < 1 or not self.lr > 0 or not self.clip > 0:
            raise ConfigError("epochs, batch, save_every, lr and clip must be positive", "TrainSettings")


def fit(model: Network, train: Batches, valid: Batches, settings: TrainSettings, folder: Path,
        config: dict[str, Any], augment: Augmenter | ImageAugmenter | None = None,
        watch: Callable[[int, dict[str, float]], None] | None = None) -> Progressed:
    """Train `model`, and leave in it the state of its best epoch.

    Parameters
    ----------
    model : Network
        Untrained; its weights are overwritten by those of a checkpoint found in `folder`.
    train, valid : Batches
        Training and validation spectra.
    settings : TrainSettings
        As given.
    folder : Path
        Of the run: takes the checkpoint, the journal and the event files.
    config : dict
        What the checkpoint must agree with to be gone on from.
    augment : Augmenter, optional
        Changes training batches before the model sees them.
    watch : callable, optional
        Called with the epoch and the validation's terms after each epoch; what it raises ends the training.

    Returns
    -------
    Progressed

    Raises
    ------
    TrainError
        When the loss or its gradient is not finite: the batch is named and the last good checkpoint is kept.
    """
    device = pick_device(settings.device)
    model.to(device).train()
    by_steps = model.trained_by == "gradient"
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay,
                                  fused=True) if by_steps else None
    done, best, checkpoint = Progressed(), {}, folder / CHECKPOINT
    if checkpoint.exists():
        done, best = load_checkpoint(checkpoint, model, optimiser, config)
    else:
        model.initialise(*(part.to(device) for part in train.sample(4096)))
    total = settings.epochs * len(train)
    with Journal(folder, done.step) as journal, Progress(settings.epochs * len(train.rows), "train") as progress:
        progress.done = done.step * settings.batch
        while done.step < total and done.stale < settings.patience:
            began, (epoch, start) = time.monotonic(), divmod(done.step, len(train))
            for rows, x, w in train.epoch(epoch, start):
                x, w = x.to(device), w.to(device)  # (B, *shape)
                if augment:
                    x, w = augment(x, w, draws(settings.seed, _APART + done.step, device))
                if by_steps:
                    rate = one_cycle(done.step, total, settings.lr)
                    terms = gradient_step(model, optimiser, x, w, rate, settings, done.step, train.labels_of(rows, device))
                else:
                    terms = {"loss": float(model.accumulate(x, w))}
                if not all(math.isfinite(value) for value in terms.values()):
                    raise TrainError(f"the loss is not finite at step {done.step} ({terms})", f"rows {rows[:8].tolist()}...",
                                     "look at these spectra with 'qso check', lower lr, or use the last checkpoint")
                done.step += 1
                for name, value in terms.items():
                    done.sums[name] = done.sums.get(name, 0.0) + value * len(rows)
                progress.update(len(rows), f"epoch {epoch + 1} loss {terms['loss']:.1f}")
                if by_steps and done.step % settings.save_every == 0 and done.step % len(train):
                    save_checkpoint(checkpoint, model, best, optimiser, done, config)
            if not by_steps:
                model.update()
            means = {name: value / len(train.rows) for name, value in done.sums.items()}
            held_out = evaluate(model, valid, settings)
            journal.write("epoch", done.step, epoch=epoch + 1, **means,
                          **{f"valid_{name}": value for name, value in held_out.items()}, seconds=time.monotonic() - began)
            done.sums, done.stale = {}, done.stale + 1
            if held_out["loss"] < done.best_loss - 1e-4 * abs(done.best_loss) or not best:
                done.best_loss, done.best_step, done.stale = held_out["loss"], done.step, 0
                best = {name: value.detach().clone() for name, value in model.state_dict().items()}
            save_checkpoint(checkpoint, model, best, optimiser, done, config)
            if watch:
                watch(epoch, held_out)
    model.load_state_dict(best)
    model.eval()
    if isinstance(model, Predictor):
        calibrate(model, valid)
    return done


def calibrate(model: Predictor, valid: Batches) -> None:
    """Let a predictor turn its scores to probabilities by at most 20,000 validation spectra."""
    device = next(iter(model.state_dict().values())).device
    x, w, rows = valid.sample(20_000, with_rows=True)
    model.calibrate(x.to(device), w.to(device), valid.labels_of(rows, device))


def gradient_step(model: Network, optimiser: torch.optim.Optimizer, x: Tensor, w: Tensor, lr: float,
                  settings: TrainSettings, step: int, labels: Labels | None = None) -> dict[str, float]:
    """One step of the optimiser, left out when the gradient is not finite; the terms of the loss and the gradient's norm."""
    for group in optimiser.param_groups:
        group["lr"] = lr
    with torch.autocast(x.device.type, torch.bfloat16, enabled=x.device.type == "cuda"):
        terms = model.loss(x, w, draws(settings.seed, step, x.device), labels)
    optimiser.zero_grad(set_to_none=True)
    terms["loss"].backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
    if torch.isfinite(norm) and torch.isfinite(terms["loss"]):
        optimiser.step()
    return {name: value.item() for name, value in terms.items()} | {"grad_norm": norm.item()}


@torch.no_grad()
def evaluate(model: Network, batches: Batches, settings: TrainSettings) -> dict[str, float]:
    """Mean loss and terms over the spectra of `batches`, with the same draws each time.

    For a model with latents there is ``chi2_pix`` besides, of the same first thousand spectra each time, by which models with
    other losses can be compared.
    """
    model.eval()
    device = next(iter(model.state_dict().values())).device
    sums: dict[str, float] = {}
    chi2: list[Tensor] = []
    for number, (rows, x, w) in enumerate(batches.epoch(0)):
        labels = batches.labels_of(rows, device)
        terms = model.loss(x.to(device), w.to(device), draws(settings.seed, -1 - number, device), labels)
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(rows)
        if isinstance(model, LatentModel) and sum(map(len, chi2)) < _COMPARED:
            chi2.append(model.chi2_pix(x.to(device), w.to(device)))
    model.train()
    means = {name: value / max(len(batches.rows), 1) for name, value in sums.items()}
    return means | ({"chi2_pix": float(torch.cat(chi2).mean())} if chi2 else {})


def draws(seed: int, step: int, device: torch.device) -> torch.Generator:
    """The random draws of one step."""
    return torch.Generator(device).manual_seed((seed * 2_000_003 + step) % 2**63)


def one_cycle(step: int, total: int, peak: float) -> float:
    """Learning rate: a cosine from peak / 25 up over the first fifth, then a cosine down to peak / 1000.

    Smith & Topin (2017), arXiv:1708.07120.
    """
    rise = max(total // 5, 1)
    low, place = (peak / 25, 1 - step / rise) if step < rise else (peak / 1000, (step - rise) / max(total - rise, 1))
    return low + 0.5 * (peak - low) * (1 + math.cos(math.pi * place))


def pick_device(name: str) -> torch.device:
    """The device of that name; ``auto`` is an NVIDIA GPU where there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError("torch sees no NVIDIA GPU", f"device {name}", "use device=cpu or install a CUDA torch")
    return torch.device(name)
