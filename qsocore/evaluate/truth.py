"""What is true of a store's objects: the simulator's truth where there is one, else the survey's redshifts and classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import StoreError, TrainError
from qsocore.models.labels import KINDS, among, called, has_troughs, kinds, redshifts

if TYPE_CHECKING:
    from qsocore.store import Store


@dataclass(frozen=True)
class Truth:
    """What is known of n objects.

    Parameters
    ----------
    z : ndarray of float64, shape (n,)
        Redshift, NaN where it is not known or has a warning.
    quasar : ndarray of float64, shape (n,)
        1 for quasars, 0 for stars and galaxies, NaN where the class is not known.
    kind : ndarray of str, shape (n,)
        Finer class, "" where it is not known.
    troughs : ndarray of float64, shape (n,)
        1 for broad absorption lines, 0 for none, NaN between and elsewhere; see `qsocore.models.labels.has_troughs`.
    snr : ndarray of float64, shape (n,)
        Median signal to noise per pixel.
    survey : ndarray of str, shape (n,)
        Where each is from.
    """

    z: NDArray[np.float64]
    quasar: NDArray[np.float64]
    kind: NDArray
    troughs: NDArray[np.float64]
    snr: NDArray[np.float64]
    survey: NDArray

    def __len__(self) -> int:
        return len(self.z)

    def take(self, rows: NDArray) -> Truth:
        """The truth of some of the objects."""
        return Truth(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def has_redshifts(self) -> bool:
        """Whether any redshift is known."""
        return bool(np.isfinite(self.z).any())

    @property
    def has_classes(self) -> bool:
        """Whether any object's class is known."""
        return bool(np.isfinite(self.quasar).any() or (self.kind != "").any())


def truth_of(store: Store, classes: Sequence[str] = (), spectral: bool = True) -> Truth:
    """The truth of all objects of a store, as far as its catalogue knows it; what it does not is missing.

    Parameters
    ----------
    store : Store
        Columns ``true_z``, ``true_class``, ``true_subclass`` are preferred to ``z`` (without ``z_warn``), ``class``,
        ``subclass``.
    classes : sequence of str
        Names that `Truth.kind` takes; by default the thirteen of spectra, or `words_of` the store.
    spectral : bool
        Whether they are among the thirteen classes of spectra, else any words of the catalogue (see
        `qsocore.models.labels.among`).
    """
    classes = tuple(classes) or (KINDS if spectral else words_of(store))
    words = _column(store, "true_class" if "true_class" in store.columns else "class", "").astype(object)
    quasar = np.where(words == "QSO", 1.0, np.where(np.isin(words, ("STAR", "GALAXY")), 0.0, np.nan))
    number = kinds if spectral else among
    named = number(store, classes, true=True) if "class" in store.columns else np.full(store.n_rows, -1)
    return Truth(_redshifts(store), quasar, np.array([*map(called, classes), ""], object)[named],
                 has_troughs(store).astype(np.float64),
                 _column(store, "snr_median", np.nan).astype(np.float64), _column(store, "survey", "").astype(object))


def words_of(store: Store) -> tuple[str, ...]:
    """The words by which a store's catalogue tells its objects apart: its classes, or where these are but QSO, STAR and GALAXY
    the subclasses of what has one.
    """
    classes, subclasses = (_column(store, f"true_{name}" if f"true_{name}" in store.columns else name, "").astype(str)
                           for name in ("class", "subclass"))
    coarse = set(classes.tolist()) <= {"QSO", "STAR", "GALAXY", ""}
    return tuple(sorted(set(np.where((subclasses != "") & coarse, subclasses, classes).tolist()) - {""}))


def need_redshifts(truth: Truth, where: object) -> None:
    """Refuse a store without redshifts.

    Raises
    ------
    StoreError
    """
    if not truth.has_redshifts:
        raise StoreError("no object has a redshift without a warning to compare with", where,
                         "take a store whose column 'z' (or 'true_z') is filled")


def need_classes(truth: Truth, where: object) -> None:
    """Refuse a store without classes.

    Raises
    ------
    StoreError
    """
    if not truth.has_classes:
        raise StoreError("no object has a class to compare with", where,
                         "take a store whose column 'class' (or 'true_class') says what the run tells apart")


def _column(store: Store, name: str, missing) -> NDArray:
    return store.column(name) if name in store.columns else np.full(store.n_rows, missing)


def _redshifts(store: Store) -> NDArray[np.float64]:
    try:
        return redshifts(store).astype(np.float64)
    except TrainError:
        return np.full(store.n_rows, np.nan)
