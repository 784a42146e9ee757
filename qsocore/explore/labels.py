"""What sets a group of objects apart from all others, in the fewest words: "STAR M", "QSO 2.1 < z < 2.6", "high χ²".

Candidates are the class that most members have and the subclass that most of these have, the redshifts between which nine in
ten of them lie, and for every other number that most are above or below a value. Each is judged by one statistic, Youden's J
(1950, Cancer 3, 32):

    J = share of the members that have it - share of the others that have it,

which is 1 for what all members and nobody else has, 0 for what says nothing, and does not depend on outliers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from qsocore.catalog import Column

_MOST = 0.7  # share of the members that have one class
_TELLS = {"class": 0.2, "redshift": 0.4, "number": 0.6}  # least J of what is said
_INNER = (5.0, 95.0)  # percentiles of the members' redshifts
_EDGE = 10.0  # percentile of the members beyond which a number is high
_NUMBERS = ("quality", "magnitude", "flux", "property")
_SHORT = {"chi2_pix": "χ²", "snr_median": "S/N", "mse": "reconstruction error"}


@dataclass(frozen=True)
class Reason:
    """One thing that sets a group apart: its text, the column that it is read from, and Youden's J."""

    text: str
    column: str
    share: float


def reasons(inside: NDArray[np.bool_], values: Mapping[str, NDArray], columns: Mapping[str, Column]) -> list[Reason]:
    """Everything that sets a group apart: its class, its redshifts, then numbers, the most telling first.

    Parameters
    ----------
    inside : ndarray of bool, shape (r,)
        The group among the reference.
    values : mapping of str to ndarray
        Columns of the reference, (r,) each: numbers with NaN, or text with "" where missing.
    columns : mapping of str to Column
        What they mean.
    """
    found = [_common(inside, values[name], name) for name in ("class", "survey") if name in values]
    if found and found[0] and found[0].column == "class" and "subclass" in values:  # without its class it says nothing
        among = values["class"].astype(str) == found[0].text
        found.insert(1, _common(inside[among], values["subclass"][among], "subclass"))
    found += [_between(inside, values[name], name) for name in columns if columns[name].role == "redshift" and name in values]
    numbers = [_beyond(inside, values[name], name) for name in columns
               if columns[name].role in _NUMBERS and name in values and values[name].dtype.kind == "f"]
    numbers = sorted((reason for reason in numbers if reason), key=lambda reason: -reason.share)
    return [reason for reason in found if reason] + numbers[:3]


def names(groups: Sequence[Sequence[Reason]]) -> list[str]:
    """A label for each group from its reasons; those that would be called alike get what else tells them apart."""
    labels = [_name(group) for group in groups]
    for k, group in enumerate(groups):
        if labels.count(labels[k]) > 1 and (more := _further(group)):
            labels[k] = f"{labels[k]} · {more}"
    seen: dict[str, int] = {}
    out = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        out.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return out


def as_dicts(group: Sequence[Reason]) -> list[dict]:
    """For JSON, J with three digits."""
    return [asdict(reason) | {"share": round(reason.share, 3)} for reason in group]


def _name(group: Sequence[Reason]) -> str:
    kind = {reason.column: reason.text for reason in group}
    words = [kind[name] for name in ("class", "subclass", "z") if name in kind]
    if kind.get("class", "").upper() == "STAR" and "z" in kind:
        words.remove(kind["z"])  # all of them are at rest
    if "class" not in kind and "survey" in kind:
        words.insert(0, kind["survey"])
    return " ".join(words) or _further(group) or "mixed"


def _further(group: Sequence[Reason]) -> str:
    return next((reason.text for reason in group if reason.text.startswith(("high ", "low "))), "")


def _share(has: NDArray[np.bool_], inside: NDArray[np.bool_], known: NDArray[np.bool_]) -> tuple[float, float]:
    """Share of the members, and of the others, that have it, among those of whom it is known."""
    members, others = has[inside & known], has[~inside & known]
    return float(members.mean()) if members.size else 0.0, float(others.mean()) if others.size else 0.0


def _common(inside: NDArray[np.bool_], values: NDArray, name: str) -> Reason | None:
    texts, counts = np.unique(values[inside].astype(str), return_counts=True)
    text = str(texts[counts.argmax()])
    here, elsewhere = _share(values == text, inside, np.ones(len(values), bool))
    return Reason(text, name, here - elsewhere) if text and here >= _MOST and here - elsewhere >= _TELLS["class"] else None


def _between(inside: NDArray[np.bool_], values: NDArray, name: str) -> Reason | None:
    known = np.isfinite(values)
    if known[inside].mean() < _MOST:
        return None
    low, high = (float(end) for end in np.percentile(values[inside & known], _INNER))
    if abs(low) < 0.01 and abs(high) < 0.01:
        here, elsewhere = _share(np.abs(values) < 0.01, inside, known)
        text = f"{name} ≈ 0"
    else:
        here, elsewhere = _share((values >= low) & (values <= high), inside, known)
        digits = 1 if high - low > 0.25 else 2
        text = f"{name} < {high:.{digits}f}" if low < 0.02 else f"{low:.{digits}f} < {name} < {high:.{digits}f}"
    return Reason(text, name, here - elsewhere) if here - elsewhere >= _TELLS["redshift"] else None


def _beyond(inside: NDArray[np.bool_], values: NDArray, name: str) -> Reason | None:
    known = np.isfinite(values)
    if known[inside].mean() < _MOST:
        return None
    low, high = np.percentile(values[inside & known], [_EDGE, 100 - _EDGE])
    share, word = max((np.subtract(*_share(has, inside, known)), word)
                      for has, word in ((values >= low, "high"), (values <= high, "low")))
    return Reason(f"{word} {_SHORT.get(name, name)}", name, float(share)) if share >= _TELLS["number"] else None
