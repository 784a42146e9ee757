"""Redshift network: boxes along the spectrum that hold lines, after QuasarNET, and every redshift tried on them at once.

Busca & Balland (2018), arXiv:1808.09955, let a convolutional network say for each of six lines in which of 13 boxes along
the spectrum it lies, and where in the box. Here the boxes are many (about 256, 1,240 km/s each on the atlas' grid): they are
the positions of a feature map, so that a line is found by the same weights wherever it lies. Three things are read off it:

- **lines**: the probability of each box to hold the line, in one softmax over the boxes and "in none" (QuasarNET's separate
  sigmoids are no probabilities where boxes are many), and the offset in the box;
- **redshift and class**: on a logarithmic grid a redshift is a shift. A learnt template, one of quasars and one of galaxies,
  is correlated with the map at every shift, as template fitters do with the flux; all shifts of both and "a star" share one
  softmax, so that class and redshift are one posterior;
- **the rest frame**: the map is shifted to the most probable redshift, where lines and troughs lie at fixed places, and read
  by dense layers: what the redshift must be corrected by, how well, and whether C IV has broad troughs.

What is not known of a spectrum weighs nothing: the loss asks for the probability of all that its labels admit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from qsocore.catalog import Column
from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.lines import line_list
from qsocore.models._shift import Correlation, FeatureMap, LogFrame, at_rest, box_width, folded
from qsocore.models._trunk import standardised
from qsocore.models.base import Labels, Model, Predictor
from qsocore.models.labels import has_troughs, is_quasar, redshifts
from qsocore.store import Store
from qsocore.units import C_KM_S

_NAMES = {"LYA": "Lyα", "CIV": "C IV", "CIII": "C III]", "MGII": "Mg II", "HB": "Hβ", "HA": "Hα"}
LINES = {key: next(line.wave for line in line_list() if line.name == name) for key, name in _NAMES.items()}
"""QuasarNET's lines, vacuum Angstrom; of doublets the bluer."""

GOOD = 6000.0
"""A redshift is right within this, km/s, as Busca & Balland (2018) say."""

_BELOW = 2  # shifts below z = 0
_STAR = 0.003  # what is no quasar and nearer than this is a star
_REST = (800.0, 7300.0)  # Angstrom that are read in the rest frame
_TROUGHS = (1420.0, 1545.0)  # rest Angstrom in which troughs of C IV lie
_JITTER = 1  # boxes by which the rest frame is missed in training, since the best shift may miss
_CHUNK = 64  # spectra that the processor's cache holds


@dataclass(frozen=True)
class RedshiftConfig:
    """Settings of `RedshiftNet`.

    Parameters
    ----------
    boxes : int
        About so many along the spectrum: a box is a power of two pixels.
    z_max, z_max_galaxy : float
        Highest redshift of quasars and of galaxies.
    channels : tuple of int
        Of the convolutions: the stem's, then the maps' from the finest to the coarsest.
    features : int
        Of the map in which lines are looked for.
    hidden : int
        Width of the dense layers in the rest frame.
    dropout : float
        Before them.
    """

    boxes: int = 256
    z_max: float = 6.0
    z_max_galaxy: float = 1.2
    channels: tuple[int, ...] = (16, 32, 32, 48, 64, 64, 64)
    features: int = 16
    hidden: int = 128
    dropout: float = 0.1

    def __post_init__(self):
        if min(self.boxes, self.features, self.hidden, *self.channels) < 1 or len(self.channels) < 2:
            raise ConfigError("boxes, features, hidden and at least two channels must be 1 or more", "RedshiftConfig")
        if not (0 < self.z_max_galaxy <= self.z_max and 0 <= self.dropout < 1):
            raise ConfigError("0 < z_max_galaxy <= z_max and dropout in 0 to 1 are needed", "RedshiftConfig")


class Ready(NamedTuple):
    """Parts of a network made ready for many spectra; None is made anew for each batch."""

    maps: nn.Module
    quasars: Tensor | None = None
    galaxies: Tensor | None = None


class RedshiftNet(Predictor):
    """See the module."""

    def __init__(self, grid: WaveGrid, config: RedshiftConfig):
        super().__init__(grid.n_pix)
        if grid.frame != "observed":
            raise ConfigError("redshifts are found in observed spectra", f"grid {grid.name}", "train on an observed-frame grid")
        self.frame = LogFrame(grid)
        self.width = pixels = box_width(self.frame.n_pix, config.boxes)
        self.step = pixels * self.frame.step  # of a box, in ln wavelength
        self.positions = -(-self.frame.n_pix // pixels)
        self.start = self.frame.start  # ln wavelength of the middle of box 0
        self.n_quasar, self.n_galaxy = (math.ceil(math.log1p(z) / self.step) + _BELOW + 1
                                        for z in (config.z_max, config.z_max_galaxy))
        features = config.features
        self.maps = FeatureMap(pixels, config.channels, features)
        self.lines = nn.Conv1d(features, 2 * len(LINES), 1)
        self.quasars = Correlation(features, self.positions, self.n_quasar)
        self.galaxies = Correlation(features, self.positions, self.n_galaxy)
        coarse = -(-self.positions // 2 ** (len(config.channels) - 2))
        self.overall = nn.Linear(config.channels[-1] * coarse + 1, config.hidden)
        self.kinds = nn.Linear(config.hidden, 3 + len(LINES))  # quasar, galaxy, star; none of the boxes
        first = math.floor((math.log(_REST[0]) - self.start) / self.step)  # of the rest frame, in boxes from box 0
        last = min(math.ceil((math.log(_REST[1]) - self.start) / self.step), self.positions + _BELOW)
        self.first, self.places = max(first, -self.n_quasar), max(last - max(first, -self.n_quasar), 1)
        self.rest = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(features * self.places, config.hidden, bias=False),
                                  nn.BatchNorm1d(config.hidden), nn.ReLU())
        self.read = nn.Sequential(nn.Linear(2 * config.hidden, config.hidden), nn.ReLU(), nn.Linear(config.hidden, 3))
        ln_z = self.step * (torch.arange(max(self.n_quasar, self.n_galaxy), dtype=torch.float64) - _BELOW)
        self.register_buffer("ln_z", ln_z, persistent=False)  # ln(1 + z) of each shift
        self.register_buffer("calibration", torch.tensor([1.0, 0.0, 1.0, 0.0]))  # see `calibrate`

    def ready(self) -> Ready:
        """What can be made ready once for many spectra, in evaluation."""
        return Ready(folded(self.maps), self.quasars.matrix(), self.galaxies.matrix())

    def look(self, x: Tensor, w: Tensor, ready: Ready | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """What the first look gives.

        Returns
        -------
        maps : Tensor, shape (B, features, positions)
        overall : Tensor, shape (B, hidden)
            Of the spectrum as a whole.
        cells : Tensor, shape (B, n_quasar + n_galaxy + 1)
            Log probability of each redshift as a quasar's, then as a galaxy's, and of a star.
        boxes : Tensor, shape (B, n_lines, positions + 1)
            Log probability of each box to hold each line, and of none.
        offsets : Tensor, shape (B, n_lines, positions)
            Place of the line in the box, if it is there, in boxes from the middle.
        """
        channels, strength = standardised(*self.frame(x, w))
        ready = ready or Ready(self.maps)
        maps, coarse = ready.maps(channels)
        overall = self.overall(torch.cat([coarse.flatten(1), strength], dim=1)).relu()
        kinds = self.kinds(overall)
        boxes, offsets = self.lines(maps).chunk(2, dim=1)
        boxes = torch.cat([boxes, kinds[:, 3:, None]], dim=2).log_softmax(dim=2)
        cells = torch.cat([self.quasars(maps, ready.quasars) + kinds[:, :1],
                           self.galaxies(maps, ready.galaxies) + kinds[:, 1:2], kinds[:, 2:3]], dim=1).log_softmax(dim=1)
        return maps, overall, cells, boxes, offsets

    def read_at_rest(self, maps: Tensor, overall: Tensor, shift: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Correction of ln(1 + z) and its log scatter, in boxes, and the logit of troughs, (B,) each, at a shift (B,)."""
        rest = self.rest(at_rest(maps, shift - _BELOW, self.first, self.places).flatten(1))
        correction, log_scatter, troughs = self.read(torch.cat([rest, overall], dim=1)).unbind(1)
        return correction, log_scatter.clamp(-6.0, 3.0), troughs

    def loss(self, x: Tensor, w: Tensor, generator: torch.Generator | None = None,
             labels: Labels | None = None) -> dict[str, Tensor]:
        """The loss and its terms: ``cells``, ``boxes``, ``offsets``, ``correction``, ``troughs``, means over what is known."""
        labels = labels or {}
        unknown = x.new_full((len(x),), math.nan)
        z, quasar, trough = (labels.get(name, unknown).to(x.dtype) for name in ("z", "is_quasar", "has_troughs"))
        maps, overall, cells, boxes, offsets = self.look(x, w)
        place = torch.log1p(z) / self.step + _BELOW  # of the true redshift among the shifts, (B,)
        known = torch.isfinite(place) & (place > -0.5) & (place < self.n_quasar - 0.5)

        jitter = torch.randint(-_JITTER, _JITTER + 1, (len(x),), generator=generator, device=x.device)
        shift = torch.where(known, place, _BELOW).round().long() + jitter
        correction, log_scatter, trough_logit = self.read_at_rest(maps, overall, shift)
        miss = (torch.where(known, place, 0.0) - shift - correction).abs()  # in boxes
        seen = known & torch.isfinite(trough)
        terms = {
            "cells": _mean(self._admitted(cells, place, known, quasar), known | torch.isfinite(quasar)),
            "correction": _mean(miss * torch.exp(-log_scatter) + log_scatter, known),
            "troughs": _mean(F.binary_cross_entropy_with_logits(trough_logit, trough.nan_to_num(), reduction="none"), seen),
            **self._line_terms(boxes, offsets, self._seen_boxes(x, w), place, known, quasar),
        }
        return {"loss": sum(terms.values()), **terms}

    def _admitted(self, cells: Tensor, place: Tensor, known: Tensor, quasar: Tensor) -> Tensor:
        """Minus log probability (B,) of the cells that the labels admit; the two beside the true redshift share it."""
        def near(n: int) -> Tensor:
            hat = (1.0 - (torch.arange(n, device=place.device) - place.nan_to_num()[:, None]).abs()).clamp_min(0.0)
            return torch.where(known[:, None], hat, 1.0)  # (B, n)

        nearby = (place - _BELOW).abs() * self.step < _STAR
        star = (nearby | ~known).to(cells.dtype)
        admit_quasar, admit_other = quasar.nan_to_num(1.0)[:, None], 1.0 - quasar.nan_to_num(0.0)[:, None]
        galaxy = 1.0 - (nearby & known).to(cells.dtype)[:, None]
        weight = torch.cat([near(self.n_quasar) * admit_quasar, near(self.n_galaxy) * admit_other * galaxy,
                            star[:, None] * admit_other], dim=1)
        return -torch.logsumexp(cells + weight.clamp_min(1e-6).log(), dim=1)

    def _line_terms(self, boxes: Tensor, offsets: Tensor, seen: Tensor, place: Tensor, known: Tensor,
                    quasar: Tensor) -> dict[str, Tensor]:
        """Cross entropy of the boxes and miss of the offsets; lines that are not seen, or of no quasar, are in no box."""
        observed = self._line_place(place.nan_to_num())  # (B, n_lines), in boxes
        box = observed.round().long()
        inside = (box >= 0) & (box < self.positions)
        there = inside & (quasar == 1.0)[:, None] & seen.gather(1, box.clamp(0, self.positions - 1))
        target = torch.where(there, box, self.positions)
        sure = ((quasar == 0.0) | (known & (quasar == 1.0)))[:, None].expand_as(there)
        surprise = -boxes.gather(2, target[:, :, None])[:, :, 0]
        offset = offsets.gather(2, box.clamp(0, self.positions - 1)[:, :, None])[:, :, 0]
        return {"boxes": _mean(surprise, sure), "offsets": _mean((offset - (observed - box)).abs(), there & known[:, None])}

    def _line_place(self, place: Tensor) -> Tensor:
        """Where the lines are (B, n_lines), in boxes, by the place of the redshift among the shifts (B,)."""
        log_rest = torch.tensor([math.log(wave) for wave in LINES.values()], device=place.device, dtype=torch.float64)
        return ((place[:, None] - _BELOW) + (log_rest - self.start) / self.step).to(place.dtype)

    def _seen_boxes(self, x: Tensor, w: Tensor) -> Tensor:
        """Whether a box has a good pixel, (B, positions)."""
        half = self.width // 2
        return F.max_pool1d(self.frame(x, w)[1][:, None], 2 * half + 1, self.width, half)[:, 0] > 0

    def columns(self) -> tuple[Column, ...]:
        """See `Predictor.columns`."""
        per_line = (column for key, name in _NAMES.items() for column in (
            Column(f"c_{key}", "float32", "quality", "", f"Probability that {name} is seen where z_{key} says"),
            Column(f"z_{key}", "float64", "redshift", "", f"Redshift of {name} alone ({LINES[key]:.2f} Angstrom)")))
        return (
            Column("z_pred", "float64", "redshift", "", "Predicted redshift"),
            Column("z_err", "float32", "error", "", "Its standard error, if it is not catastrophically wrong"),
            Column("z_2nd", "float64", "redshift", "", "Second most probable redshift, more than 6000 km/s away"),
            Column("z_conf", "float32", "quality", "", "Probability that z_pred is right within 6000 km/s"),
            Column("is_qso", "float32", "quality", "", "Probability to be a quasar"),
            Column("bal_prob_pred", "float32", "quality", "",
                   "Probability of broad troughs of C IV at even odds; missing where C IV is not seen"),
            *per_line,
        )

    @torch.no_grad()
    def predict(self, x: Tensor, w: Tensor) -> dict[str, NDArray]:
        """See `Predictor.predict`."""
        said = self._said(x, w)
        return {column.name: said[column.name].cpu().numpy().astype(column.dtype) for column in self.columns()}

    def _said(self, x: Tensor, w: Tensor) -> dict[str, Tensor]:
        """The columns (B,), and ``mass``, the probability within 6000 km/s of the redshift before it is calibrated."""
        was_training = self.training
        ready = self.eval().ready()
        parts = [self._said_of_chunk(a, b, ready) for a, b in zip(x.split(_CHUNK), w.split(_CHUNK), strict=True)]
        self.train(was_training)
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _said_of_chunk(self, x: Tensor, w: Tensor, ready: Ready) -> dict[str, Tensor]:
        maps, overall, cells, boxes, offsets = self.look(x, w, ready)
        p = cells.exp()
        quasar, galaxy, star = p.split([self.n_quasar, self.n_galaxy, 1], dim=1)
        kinds = torch.cat([quasar.sum(1, keepdim=True), galaxy.sum(1, keepdim=True), star], dim=1)  # (B, 3)
        best = torch.stack([_with_neighbours(quasar).argmax(1), _with_neighbours(galaxy).argmax(1),
                            torch.full((len(x),), _BELOW, device=x.device)], dim=1)
        shift = best.gather(1, kinds.argmax(1, keepdim=True))[:, 0]
        correction, log_scatter, troughs = self.read_at_rest(maps, overall, shift)
        ln_z = self.ln_z[shift] + self.step * correction.clamp(-2.0, 2.0).double()
        by_z = quasar + F.pad(galaxy, (0, self.n_quasar - self.n_galaxy))
        by_z[:, _BELOW] += star[:, 0]
        right = (self.ln_z[: self.n_quasar] - ln_z[:, None]).abs() < math.log1p(GOOD / C_KM_S)
        slope, offset, factor, odds = self.calibration
        mass = (by_z * right).sum(1)
        second = self.ln_z[_with_neighbours(by_z * ~right).argmax(1)]
        out = {"z_pred": ln_z.expm1(), "z_err": factor * self.step * log_scatter.exp() * ln_z.exp(), "z_2nd": second.expm1(),
               "mass": mass, "z_conf": torch.sigmoid(slope * torch.logit(mass, 1e-6) + offset),
               "is_qso": kinds[:, 0].clamp_max(1.0),
               "bal_prob_pred": torch.where(self._sees_troughs(x, w, ln_z), (troughs + odds).sigmoid(), math.nan)}
        here = boxes[:, :, :-1].argmax(2, keepdim=True)  # (B, n_lines, 1)
        framed = F.pad(boxes[:, :, :-1], (1, 1), value=-math.inf)
        chance = framed.gather(2, here + torch.arange(3, device=x.device)).exp().sum(2).clamp_max(1.0)  # (B, n_lines)
        observed = self.start + self.step * (here + offsets.gather(2, here)).double()[:, :, 0]
        for number, (key, wave) in enumerate(LINES.items()):
            out[f"c_{key}"], out[f"z_{key}"] = chance[:, number], torch.expm1(observed[:, number] - math.log(wave))
        empty = ~(w > 0).any(dim=1)
        return {name: torch.where(empty, math.nan, values) for name, values in out.items()}

    def explainable(self) -> dict[str, Callable[[Tensor, Tensor], Tensor]]:
        """The mean of ln(1 + z), the log probability of the best redshift, the log odds of a quasar, and of each line the log
        probability of its best box.
        """
        n = self.n_quasar

        def mean_ln_z(x: Tensor, w: Tensor) -> Tensor:
            p = self.look(x, w)[2].exp()
            return p[:, :n] @ self.ln_z[:n].to(p) + p[:, n:-1] @ self.ln_z[: self.n_galaxy].to(p)

        def quasar(x: Tensor, w: Tensor) -> Tensor:
            cells = self.look(x, w)[2]
            return cells[:, :n].logsumexp(dim=1) - cells[:, n:].logsumexp(dim=1)

        lines = {f"line {key}": lambda x, w, k=k: self.look(x, w)[3][:, k, :-1].amax(dim=1) for k, key in enumerate(LINES)}
        return {"redshift": mean_ln_z, "redshift confidence": lambda x, w: self.look(x, w)[2][:, :-1].amax(dim=1),
                "quasar": quasar, **lines}

    def _sees_troughs(self, x: Tensor, w: Tensor, ln_z: Tensor) -> Tensor:
        """Whether at least half of the boxes in which troughs of C IV lie have good pixels, (B,)."""
        rest = self.start + self.step * torch.arange(self.positions, device=x.device) - ln_z[:, None]
        within = (rest > math.log(_TROUGHS[0])) & (rest < math.log(_TROUGHS[1]))
        wanted = (math.log(_TROUGHS[1]) - math.log(_TROUGHS[0])) / self.step
        return (within & self._seen_boxes(x, w)).sum(1) >= 0.5 * wanted

    @torch.no_grad()
    def calibrate(self, x: Tensor, w: Tensor, labels: Labels) -> None:
        """Fit z_conf to the share of redshifts that are right, and z_err to the scatter of those; and even the odds of troughs.

        The last makes 0.5 the threshold between two classes that count alike, as QuasarNET's balanced loss does.
        """
        self.calibration.copy_(torch.tensor([1.0, 0.0, 1.0, 0.0]))
        said = self._said(x, w)
        z_pred, z_err, mass = (said[name].double() for name in ("z_pred", "z_err", "mass"))
        known = torch.isfinite(labels["z"]) & torch.isfinite(z_pred)
        if known.sum() < 100:
            return
        miss = (z_pred - labels["z"])[known].abs()
        right = miss < GOOD / C_KM_S * (1.0 + labels["z"][known])
        slope, offset = _fit_logistic(torch.logit(mass[known], 1e-6), right.double())
        factor = (miss / z_err[known])[right].quantile(0.683)
        trough = labels["has_troughs"]
        odds = torch.log(((trough == 0).sum() + 1.0) / ((trough == 1).sum() + 1.0))
        self.calibration.copy_(torch.tensor([slope, offset, float(factor.clamp(0.1, 10.0)), float(odds)]))


def _with_neighbours(p: Tensor) -> Tensor:
    """Probability of each cell and the two beside it, (B, n)."""
    return F.avg_pool1d(p[:, None], 3, 1, 1, count_include_pad=True)[:, 0] * 3.0


def _mean(values: Tensor, where: Tensor) -> Tensor:
    """Mean of the values where it says so, 0 if nowhere."""
    where = where.to(values.dtype)
    return (torch.where(where > 0, values, 0.0)).sum() / where.sum().clamp_min(1.0)


def _fit_logistic(score: Tensor, truth: Tensor, steps: int = 50) -> tuple[float, float]:
    """Slope and offset of sigmoid(slope * score + offset) by Newton's method, held to 1 and 0 by a weak prior."""
    design = torch.stack([score, torch.ones_like(score)], dim=1)  # (n, 2)
    prior = torch.tensor([1.0, 0.0], dtype=score.dtype, device=score.device)
    beta = prior.clone()
    for _ in range(steps):
        p = torch.sigmoid(design @ beta)
        gradient = design.T @ (p - truth) + (beta - prior)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + torch.eye(2, dtype=score.dtype, device=score.device)
        beta = beta - torch.linalg.solve(hessian, gradient)
    return float(beta[0]), float(beta[1])


def labels(config: RedshiftConfig, store: Store) -> dict[str, NDArray]:
    """What the loss is told of a store's objects."""
    return {"z": redshifts(store), "is_quasar": is_quasar(store), "has_troughs": has_troughs(store)}


def build(config: RedshiftConfig, grid: WaveGrid) -> RedshiftNet:
    """An untrained network for spectra on `grid`."""
    return RedshiftNet(grid, config)


MODEL = Model("redshift", "Redshift, quasar or not, broad absorption: line boxes and every shift (after QuasarNET)",
              "Busca & Balland 2018, arXiv:1808.09955", RedshiftConfig, build, labels,
              ("epochs=8", "lr=3e-3", "batch=256", "clip=50", "noisier=0.5", "bent=0.5", "gapped=0.4", "armless=0.1",
               "shortened=0.5", "skyed=0.3", "blurred=0.2"))
