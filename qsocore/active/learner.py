"""A light classifier of latents that learns from few verdicts, most of them negative, within seconds.

Logistic regression on an RBF kernel (Nystroem's approximation: Williams & Seeger 2001, NIPS 13, 682), with the Gaussian
(Laplace) approximation of what its weights may be, so that what it says has an uncertainty, which grows away from all that it
has seen: a sparse Gaussian process classifier (Rasmussen & Williams 2006, chapters 3 and 8). Positives and negatives weigh the
same however few there are of either. Objects that nobody has judged, drawn at random, are weak negatives: what is rare is not
among them but rarely, and without them a classifier that was shown ten objects calls most of the sky positive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import entr, expit, ndtr
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

ENOUGH = 20
"""Verdicts of each kind from which the score is a calibrated probability."""
BACKGROUND = 500
"""Objects without a verdict that stand for negatives."""

_WEAK = 1.0  # weight of all weak negatives together, beside 1 of the positives and 1 of the negatives
_LANDMARKS = 256  # objects that span the kernel
_VARIANCE = 10.0  # of the logit, before anything is known
_FOLDS = 5


@dataclass(frozen=True)
class Said:
    """What a learner says of m objects, float32 (m,) each.

    Parameters
    ----------
    score : ndarray
        Probability of being positive. Calibrated from `ENOUGH` verdicts of each kind on: then it is the share of positives
        among judged objects of this score; the share among all objects is smaller, since those that are judged are chosen.
    uncertainty : ndarray
        Entropy of the most likely probability in bits: 1 on the border between the kinds. That of the score would be largest
        for whatever is far from all that was seen, which in a survey is mostly junk.
    improvement : ndarray
        Expected improvement (Jones, Schonlau & Welch 1998, J. Global Optim. 13, 455) of the logit over that of the positives
        so far: large where an object is surely like them, or may well be more so.
    """

    score: NDArray[np.float32]
    uncertainty: NDArray[np.float32]
    improvement: NDArray[np.float32]


class Learner:
    """Learns at once when it is made.

    Parameters
    ----------
    x : array_like, shape (n, k)
        Latents of the judged objects, scaled so that a unit is their scatter in the survey.
    positive : array_like of bool, shape (n,)
        Verdicts; there are some of both kinds.
    background : array_like, shape (m, k)
        Latents of objects without a verdict, drawn at random.
    seed : int
        Draws the landmarks.
    """

    def __init__(self, x, positive, background, seed: int = 0):
        x, background = np.asarray(x, np.float64), np.asarray(background, np.float64)
        positive = np.asarray(positive, bool)
        everything = np.vstack([x, background])
        self._kernel = Nystroem(gamma=1 / x.shape[1], n_components=min(_LANDMARKS, len(everything)), random_state=seed)
        self._kernel.fit(_landmarks(x, positive, background, seed))
        self._fit(x, positive, background)
        self._slope, self._offset = self._calibration(x, positive, background, seed)
        self._best = float(np.median(self._logit(self._kernel.transform(x[positive]))))

    def _fit(self, x: NDArray, positive: NDArray[np.bool_], background: NDArray) -> None:
        """Weights of the logit, and their covariance."""
        model, phi, weight = self._regression(x, positive, background)
        self._weights, self._constant = model.coef_[0], float(model.intercept_[0])
        p = expit(phi @ self._weights + self._constant)
        curvature = (phi * (weight * p * (1 - p))[:, None]).T @ phi
        curvature[np.diag_indices_from(curvature)] += 1 / _VARIANCE
        self._covariance = cho_solve(cho_factor(curvature), np.eye(len(curvature)))

    def _regression(self, x, positive, background) -> tuple[LogisticRegression, NDArray, NDArray]:
        phi = self._kernel.transform(np.vstack([x, background]))
        label = np.concatenate([positive, np.zeros(len(background), bool)])
        weight = np.concatenate([_balanced(positive), np.full(len(background), _WEAK * len(x) / 2 / max(len(background), 1))])
        return LogisticRegression(C=_VARIANCE, max_iter=1000).fit(phi, label, weight), phi, weight

    def _logit(self, phi: NDArray) -> NDArray[np.float64]:
        return phi @ self._weights + self._constant

    def _calibration(self, x, positive, background, seed: int) -> tuple[float, float]:
        """Slope and offset that make of a logit a probability, from verdicts that were held out in turn (Platt 1999)."""
        if min(positive.sum(), (~positive).sum()) < ENOUGH:
            return 1.0, 0.0
        held = np.empty(len(x))
        for known, unknown in StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(x, positive):
            model = self._regression(x[known], positive[known], background)[0]
            held[unknown] = model.decision_function(self._kernel.transform(x[unknown]))
        model = LogisticRegression().fit(held[:, None], positive)
        return max(float(model.coef_[0, 0]), 1e-3), float(model.intercept_[0])  # the order of objects stays

    def __call__(self, x) -> Said:
        """What is said of objects with latents x, shape (m, k)."""
        phi = self._kernel.transform(np.asarray(x, np.float64))
        mean = self._logit(phi)
        known = np.einsum("ij,ij->i", phi, phi)  # of 1; the rest is what the landmarks do not reach
        variance = np.einsum("ij,ij->i", phi @ self._covariance, phi) + _VARIANCE * np.maximum(1 - known, 0)
        mean, variance = self._slope * mean + self._offset, self._slope ** 2 * variance
        score = expit(mean / np.sqrt(1 + np.pi * variance / 8))  # MacKay (1992), Neural Computation 4, 720
        deviation = np.sqrt(variance)
        gain = mean - (self._slope * self._best + self._offset)
        at = gain / np.maximum(deviation, 1e-12)
        improvement = gain * ndtr(at) + deviation * np.exp(-at * at / 2) / np.sqrt(2 * np.pi)
        likely = expit(mean)
        uncertainty = (entr(likely) + entr(1 - likely)) / np.log(2)
        return Said(*(values.astype(np.float32) for values in (score, uncertainty, np.maximum(improvement, 0))))


def _balanced(positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights by which both kinds weigh half of all."""
    n, n_positive = len(positive), int(positive.sum())
    return np.where(positive, n / 2 / n_positive, n / 2 / (n - n_positive))


def _landmarks(x, positive, background, seed: int) -> NDArray[np.float64]:
    """The objects that span the kernel: the positives, then the negatives, then the background, as far as there is room."""
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(np.flatnonzero(positive)), rng.permutation(np.flatnonzero(~positive))])
    room = max(_LANDMARKS - len(background) // 4, 1)
    chosen = x[order[:room]]
    return np.vstack([chosen, background[: _LANDMARKS - len(chosen)]])
