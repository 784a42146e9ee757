"""What a store's catalogue says of its objects, as the arrays that predictors are trained towards.

Simulated stores know the truth; of survey catalogues only redshifts without a warning are taken. "Not known" is NaN, or -1
for numbers of classes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import TrainError
from qsocore.store import Store

log = logging.getLogger(__name__)

KINDS = ("QSO", "BAL", "O", "B", "A", "F", "G", "K", "M", "L", "WD", "C", "GAL")
"""The thirteen classes of mqc-nets, in their order."""


def redshifts(store: Store) -> NDArray[np.float32]:
    """Redshift of each object (n_rows,), NaN where it is not known or has a warning.

    Raises
    ------
    TrainError
        When no object has one.
    """
    if "true_z" in store.columns:
        z = store.column("true_z").astype(np.float32)
    elif "z" in store.columns:
        warned = store.column("z_warn") > 0 if "z_warn" in store.columns else np.zeros(store.n_rows, bool)
        z = np.where(warned, np.nan, store.column("z")).astype(np.float32)
    else:
        z = np.full(store.n_rows, np.nan, np.float32)
    if not np.isfinite(z).any():
        raise TrainError("no object of the store has a redshift to learn from", store.path,
                         "take a store whose column 'z' is filled, or simulate one: qso simulate")
    return z


def is_quasar(store: Store) -> NDArray[np.float32]:
    """1 for quasars, 0 for stars and galaxies, NaN where the class is not known; (n_rows,)."""
    names = _classes(store)
    out = np.full(store.n_rows, np.nan, np.float32)
    out[np.isin(names, ("STAR", "GALAXY"))] = 0.0
    out[names == "QSO"] = 1.0
    return out


def has_troughs(store: Store) -> NDArray[np.float32]:
    """1 for quasars with a balnicity index of C IV above zero, 0 for those without any absorption, else NaN; (n_rows,).

    Quasars with narrower troughs (an absorption index above zero without balnicity) are neither, as are those in which C IV
    is not covered; QuasarNET leaves out those of whom its two labels disagree (Busca & Balland 2018).
    """
    if "bi_civ" not in store.columns:
        return np.full(store.n_rows, np.nan, np.float32)
    bi = store.column("bi_civ")
    ai = store.column("ai_civ") if "ai_civ" in store.columns else bi
    with np.errstate(invalid="ignore"):
        return np.where(bi > 0, 1.0, np.where(ai == 0, 0.0, np.nan)).astype(np.float32)


def kinds(store: Store, classes: Sequence[str] = KINDS, true: bool = False) -> NDArray[np.int64]:
    """Number of each object's class in `classes`, -1 for an object of none of them; (n_rows,).

    A quasar with a balnicity index above zero is BAL where that is a class, a galaxy is GAL or GALAXY; a star is called by the
    first letter of its subclass (sd is F, every white dwarf WD), as mqc-nets does with the pipeline's subclass.

    Parameters
    ----------
    store : Store
        With columns ``class`` and, for stars, ``subclass``.
    classes : sequence of str
        In the order of their numbers.
    true : bool
        Use the truth of a simulated store instead of its labels, which may have errors.
    """
    number = {name: index for index, name in enumerate(classes)}
    subclass = _text(store, "true_subclass" if true and "true_subclass" in store.columns else "subclass")
    names = _text(store, "true_class") if true and "true_class" in store.columns else _classes(store)
    troughs = (has_troughs(store) == 1.0) | (subclass == "BAL")  # or its catalogue says no more than that
    galaxy = number.get("GAL", number.get("GALAXY", -1))
    out = np.full(store.n_rows, -1, np.int64)
    for name, sub in {(a, b) for a, b in zip(names, subclass, strict=True)}:
        here = (names == name) & (subclass == sub)
        if name == "QSO":
            out[here] = number.get("QSO", -1)
            out[here & troughs] = number.get("BAL", number.get("QSO", -1))
        elif name == "GALAXY":
            out[here] = galaxy
        elif name == "STAR":
            out[here] = number.get(star_kind(sub), -1)
    return out


def need_two(kind: NDArray[np.int64], names: Sequence[str], store: Store, example: str) -> None:
    """Refuse numbers of classes (n_rows,) among which there is nothing to tell apart; name the classes that have no object.

    Parameters
    ----------
    kind : ndarray of int64, shape (n_rows,)
        Numbers in `names`, -1 for none of them.
    names : sequence of str
        The classes.
    store : Store
        Whose objects.
    example : str
        Of a list of classes, for the message.

    Raises
    ------
    TrainError
        When objects of fewer than two classes are there.
    """
    count = np.bincount(kind[kind >= 0], minlength=len(names))
    absent = [name for name, n in zip(names, count, strict=True) if not n]
    if (count > 0).sum() < 2:
        raise TrainError(f"no object of the store is {' or '.join(absent)}: there is nothing to tell apart", store.path,
                         f"give another list: --set classes={example}, or simulate a store with a richer --mixture")
    if absent:
        log.info("%s: no object is %s; nothing will be called that", store.path, " or ".join(absent))


def star_kind(subclass: str) -> str:
    """The letter of a star's class by its subclass as the SDSS pipeline writes it; "" for what is none (CV, unknown).

    Examples
    --------
    >>> [star_kind(word) for word in ("A0", "F5V", "sdF3", "WDhotter", "CalciumWD", "CV", "Carbon_lines", "M4.5:III")]
    ['A', 'F', 'F', 'WD', 'WD', '', 'C', 'M']
    """
    word = subclass.strip()
    if "WD" in word:
        return "WD"
    if word.startswith("CV"):
        return ""
    if word.startswith("sd"):
        return "F"
    return word[:1] if word[:1] in set("OBAFGKMLC") else ""


def tags(store: Store, columns: Sequence[str] = ("class",)) -> tuple[list[str], NDArray[np.int64]]:
    """What a catalogue says in some columns of text, together: the different words, and the number of each object's (n_rows,).

    An object in which the first of them is empty has none, -1; columns after the first may be missing.

    Raises
    ------
    TrainError
        When there is no such column, or there are fewer than two different words.
    """
    if columns[0] not in store.columns:
        raise TrainError(f"the store's catalogue has no tags to learn from, it lacks '{columns[0]}'", store.path,
                         f"its columns of text are {', '.join(_text_columns(store))}: --set tags=NAME")
    parts = [_text(store, name).astype(str) for name in columns]
    words = np.array([" ".join(part for part in row if part) if row[0] else "" for row in zip(*parts, strict=True)], object)
    names = sorted(set(words) - {""})
    if len(names) < 2:
        only = " or ".join(names) or "without a tag"
        raise TrainError(f"all objects of the store are {only}: there is nothing to tell apart", store.path,
                         "take a store with several kinds of objects, or a loss that needs no tags")
    number = {name: index for index, name in enumerate(names)}
    return names, np.array([number.get(word, -1) for word in words], np.int64)


def among(store: Store, classes: Sequence[str], true: bool = False) -> NDArray[np.int64]:
    """Number of each object's class in a list of any names, -1 for an object of none of them; (n_rows,).

    Parameters
    ----------
    store : Store
        With a column ``class``, and ``subclass`` where that says more: an object belongs to the entry that names its
        subclass, else to the one that names its class.
    classes : sequence of str
        Each a name, or several that count as one: ``SPIRAL+EDGEON``, or ``DISC:SPIRAL+EDGEON`` to call it otherwise.
    true : bool
        Use the truth of a simulated store instead of its labels, which may have errors.
    """
    number = {name: index for index, entry in enumerate(classes) for name in members(entry)}
    names = _text(store, "true_class") if true and "true_class" in store.columns else _classes(store)
    subclass = _text(store, "true_subclass" if true and "true_subclass" in store.columns else "subclass")
    found = {(a, b): number.get(str(b), number.get(str(a), -1)) for a, b in set(zip(names, subclass, strict=True))}
    return np.array([found[pair] for pair in zip(names, subclass, strict=True)], np.int64)


def called(entry: str) -> str:
    """What a class of `among` is called.

    Examples
    --------
    >>> [called(entry) for entry in ("SPIRAL", "SPIRAL+EDGEON", "DISC:SPIRAL+EDGEON")]
    ['SPIRAL', 'SPIRAL+EDGEON', 'DISC']
    """
    return entry.partition(":")[0]


def members(entry: str) -> list[str]:
    """The names that a class of `among` goes by in a catalogue.

    Examples
    --------
    >>> members("DISC:SPIRAL+EDGEON")
    ['SPIRAL', 'EDGEON']
    """
    return entry.rpartition(":")[2].split("+")


def _text_columns(store: Store) -> list[str]:
    return [name for name, column in store.columns.items() if column.dtype == "string" and name != "object_id"] or ["none"]


def _classes(store: Store) -> NDArray:
    if "class" not in store.columns:
        raise TrainError("the store's catalogue has no classes to learn from", store.path, "it needs a column 'class'")
    return _text(store, "class")


def _text(store: Store, name: str) -> NDArray:
    if name not in store.columns:
        return np.full(store.n_rows, "", object)
    return store.column(name).astype(object)
