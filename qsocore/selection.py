"""Selection: a rule that yields rows and can be replayed, written as JSON or as text.

A rule is a mapping with an ``op``:

========  ====================================================================================================
``all``   every row
``and``   ``rules``: all of them hold
``or``    ``rules``: at least one holds
``not``   ``rule``: it does not hold
outside   ``rule``: it does not select the row, be it that it does not hold or that this is unknown
compare   ``column``, ``cmp`` (one of == != < <= > >=), ``value``
range     ``column``, ``low``, ``high``: low <= value <= high
isin      ``column``, ``values``
missing   ``column``: it has no value
ids       ``ids``: object ids
polygon   ``vertices`` [[x, y], ...] and ``axes`` [column, column], or ``projection`` (columns NAME_x and NAME_y)
cone      ``ra``, ``dec``, ``radius`` in degrees; ``axes`` [column, column] if they are not called ra and dec
========  ====================================================================================================

What is missing (NaN, an empty string) is neither inside nor outside: a condition on it is unknown, and so is its negation
(Kleene's three-valued logic); rows for which the whole rule is unknown are not selected. ``outside`` knows only selected and
not selected, so that what is taken out of a selection takes nothing else with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsocore import _cone
from qsocore._selection_text import TextError, parse, to_text
from qsocore.catalog import is_missing
from qsocore.errors import ConfigError, did_you_mean

__all__ = ["Coded", "Names", "Rule", "TextError", "check", "columns_of", "combine", "evaluate", "from_json", "inside", "parse",
           "to_json", "to_text", "truths"]

Rule = dict[str, Any]


@dataclass(frozen=True)
class Coded:
    """A column of text of which many rows share few values.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)
        Number of each row's label.
    labels : sequence of str
        The text of each code; "" is missing.
    """

    codes: NDArray[np.integer]
    labels: Sequence[str]


class Names(Protocol):
    """A column of text in which every row differs, such as object ids: it can only be searched."""

    def isin(self, wanted: Sequence[str]) -> NDArray[np.bool_]:
        """Which rows hold one of these, shape (n_rows,)."""
        ...


Columns = Callable[[str], "NDArray | Coded | Names"]
Within = Callable[[tuple[str, str], NDArray[np.float64]], NDArray[np.bool_]]

_KEYS = {"all": (), "and": ("rules",), "or": ("rules",), "not": ("rule",), "outside": ("rule",),
         "compare": ("column", "cmp", "value"), "range": ("column", "low", "high"), "isin": ("column", "values"),
         "missing": ("column",), "ids": ("ids",), "polygon": ("vertices",), "cone": ("ra", "dec", "radius")}
_COMPARE = {"==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
_MODES = ("replace", "add", "subtract", "intersect")
_DEEPEST = 100  # levels of and/or/not; a rule from a file or a URL may not exhaust the interpreter


def evaluate(rule: Rule, columns: Columns, n_rows: int, within: Within | None = None) -> NDArray[np.bool_]:
    """Which rows a rule selects.

    Parameters
    ----------
    rule : dict
        See the module's text.
    columns : callable
        Gives the values of a column by name, shape (n_rows,); missing numbers are NaN, missing strings "". Text may come as
        `Coded` or as `Names`.
    n_rows : int
        How many rows there are.
    within : callable, optional
        Says which rows lie in a polygon, from its axes and corners, as `inside` would; for those who have an index.

    Returns
    -------
    ndarray of bool, shape (n_rows,)

    Raises
    ------
    ConfigError
        For a rule that is none, or that compares text with numbers.
    """
    check(rule)
    return _where(rule, True, columns, n_rows, within)


def truths(rule: Rule, columns: Columns, n_rows: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where a rule surely holds and where it surely does not, shape (n_rows,) each; where neither is said it is unknown.

    Parameters and errors are those of `evaluate`.
    """
    check(rule)
    return _where(rule, True, columns, n_rows, None), _where(rule, False, columns, n_rows, None)


def combine(old: Rule | None, new: Rule, mode: str) -> Rule:
    """What a new rule does to an old one.

    Parameters
    ----------
    old : dict or None
        None selects nothing.
    new : dict
    mode : {"replace", "add", "subtract", "intersect"}

    Returns
    -------
    dict
        As flat as it goes: adding thrice gives one ``or`` of four.
    """
    if mode not in _MODES:
        raise ConfigError(f"there is no mode {mode!r}", "selection", did_you_mean(mode, _MODES))
    if mode == "replace" or (old is None and mode == "add"):
        return new
    if old is None:
        return {"op": "not", "rule": {"op": "all"}}
    op, part = ("or", new) if mode == "add" else ("and", {"op": "outside", "rule": new} if mode == "subtract" else new)
    return {"op": op, "rules": [*(old["rules"] if old["op"] == op else [old]), part]}


def columns_of(rule: Rule) -> list[str]:
    """Names of all columns that a rule reads, each once."""
    check(rule)
    op = rule["op"]
    if op in ("and", "or"):
        names = [name for part in rule["rules"] for name in columns_of(part)]
    elif op in ("not", "outside"):
        names = columns_of(rule["rule"])
    elif op in ("polygon", "cone"):
        names = list(_axes(rule))
    else:
        names = {"all": [], "ids": ["object_id"]}.get(op, [rule.get("column")])
    return list(dict.fromkeys(names))


def to_json(rule: Rule) -> str:
    """A rule as JSON, the same text for the same rule."""
    check(rule)
    return json.dumps(rule, sort_keys=True, allow_nan=False)


def from_json(text: str) -> Rule:
    """Read back `to_json`; what is no rule is refused with ConfigError."""
    try:
        rule = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ConfigError(f"it is no JSON ({error})", "selection") from None
    check(rule)
    return rule


def check(rule: Any, depth: int = 0) -> None:
    """Refuse what is no rule, naming the part that is not understood.

    Raises
    ------
    ConfigError
    """
    if depth > _DEEPEST:
        raise ConfigError(f"it is nested deeper than {_DEEPEST} levels", "selection", "write it flatter")
    if not isinstance(rule, dict) or not isinstance(rule.get("op"), str):
        raise ConfigError(f"{str(rule)[:60]!r} is no rule", "selection", "a rule is a mapping with an op")
    op = rule["op"]
    if op not in _KEYS:
        raise ConfigError(f"there is no op {op!r}", "selection", did_you_mean(op, _KEYS))
    for key in _KEYS[op]:
        if key not in rule:
            raise ConfigError(f"{op} needs {key!r}", "selection")
    for part in rule["rules"] if op in ("and", "or") else [rule["rule"]] if op in ("not", "outside") else []:
        check(part, depth + 1)
    if op == "compare" and (rule["cmp"] not in _COMPARE or not _scalar(rule["value"])):
        raise ConfigError(f"cannot compare by {rule['cmp']!r} with {rule['value']!r}", "selection")
    if op == "range" and not (_number(rule["low"]) and _number(rule["high"])):
        raise ConfigError(f"a range needs two numbers, not {rule['low']!r} and {rule['high']!r}", "selection")
    if op in ("isin", "ids") and not all(map(_scalar, rule[_KEYS[op][-1]])):
        raise ConfigError(f"{op} takes a list of numbers or texts", "selection")
    if op == "polygon":
        _vertices(rule)
        _axes(rule)
    if op == "cone":
        _check_cone(rule)


def inside(x: ArrayLike, y: ArrayLike, vertices: ArrayLike) -> NDArray[np.bool_]:
    """Which points lie inside a polygon, by the even-odd rule.

    Parameters
    ----------
    x, y : array_like, shape (n,)
        Points; those that are not finite are outside.
    vertices : array_like, shape (m, 2)
        Corners in order; the polygon is closed by itself, and may cross itself.

    Notes
    -----
    A ray to the right of each point is crossed by an edge where the point's y lies within the edge's. Points inside the
    bounding box are sorted by y once, so that an edge looks only at the points it may change: 1 million points and a lasso
    of 200 corners take a fraction of a second.
    """
    x, y, corners = np.asarray(x, np.float64), np.asarray(y, np.float64), np.asarray(vertices, np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    candidates = np.flatnonzero((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))
    candidates = candidates[np.argsort(y[candidates], kind="stable")]
    px, py = x[candidates], y[candidates]
    odd = np.zeros(candidates.size, bool)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        span = slice(*np.searchsorted(py, sorted((y1, y2))))  # the upper end is left out, so a corner counts once
        odd[span] ^= px[span] < x1 + (py[span] - y1) * (x2 - x1) / (y2 - y1)
    out = np.zeros(x.shape, bool)
    out[candidates[odd]] = True
    return out


def _where(rule: Rule, truth: bool, columns: Columns, n: int, within: Within | None) -> NDArray[np.bool_]:
    """Rows for which a rule surely holds, or surely does not, shape (n,); where it is unknown neither is said."""
    op = rule["op"]
    if op == "all":
        return np.full(n, truth)
    if op == "not":
        return _where(rule["rule"], not truth, columns, n, within)
    if op == "outside":
        holds = _where(rule["rule"], True, columns, n, within)
        return ~holds if truth else holds
    if op in ("and", "or"):
        every = (op == "and") == truth  # what does not hold for all of several fails for at least one
        out = np.full(n, every)
        for part in rule["rules"]:
            (np.logical_and if every else np.logical_or)(out, _where(part, truth, columns, n, within), out=out)
        return out
    if op == "missing":
        return _of_labels(columns(rule["column"]), lambda labels: is_missing(labels) == truth)
    if op in ("polygon", "cone"):
        return (_in_polygon if op == "polygon" else _in_cone)(rule, truth, columns, within)
    name = "object_id" if op == "ids" else rule["column"]
    values = columns(name)
    if hasattr(values, "isin"):
        return _named(rule, name, values) == truth
    return _of_labels(values, lambda labels: (_holds(rule, name, labels) == truth) & ~is_missing(labels))


def _of_labels(values: NDArray | Coded, do: Callable[[NDArray], NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """`do` for every row, asked only once per label where rows share few."""
    if isinstance(values, Coded):
        return do(np.array(values.labels, object))[values.codes]
    return do(np.asarray(values))


def _in_polygon(rule: Rule, truth: bool, columns: Columns, within: Within | None) -> NDArray[np.bool_]:
    axes, vertices = _axes(rule), _vertices(rule)
    holds = within(axes, vertices) if within else inside(columns(axes[0]), columns(axes[1]), vertices)
    return holds if truth else ~holds & np.isfinite(columns(axes[0])) & np.isfinite(columns(axes[1]))  # NaN is not inside


def _in_cone(rule: Rule, truth: bool, columns: Columns, _: Within | None) -> NDArray[np.bool_]:
    ra, dec = (np.asarray(columns(name)) for name in _axes(rule))
    holds = _cone.within(ra, dec, rule["ra"], rule["dec"], rule["radius"])
    return (holds == truth) & np.isfinite(ra) & np.isfinite(dec)


def _named(rule: Rule, name: str, values: Names) -> NDArray[np.bool_]:
    """Conditions on a column that can only be searched."""
    op = rule["op"]
    if op not in ("ids", "isin") and not (op == "compare" and rule["cmp"] in ("==", "!=")):
        raise ConfigError(f"column {name} holds text, which has no order", "selection", "use ==, != or in")
    found = values.isin([str(word) for word in ([rule["value"]] if op == "compare" else rule[_KEYS[op][-1]])])
    return ~found if op == "compare" and rule["cmp"] == "!=" else found


def _holds(rule: Rule, name: str, values: NDArray) -> NDArray[np.bool_]:
    """Whether a condition on one column holds, shape (n,)."""
    op = rule["op"]
    if op == "range":
        _same_kind(name, values, [rule["low"], rule["high"]])
        return (values >= rule["low"]) & (values <= rule["high"])
    if op == "compare":
        _same_kind(name, values, [rule["value"]], ordered=rule["cmp"] not in ("==", "!="))
        return np.asarray(_COMPARE[rule["cmp"]](values, rule["value"]), bool)
    wanted = rule["ids"] if op == "ids" else rule["values"]
    _same_kind(name, values, wanted)
    wanted = set(wanted)
    if values.dtype.kind in "OUT":
        return np.fromiter((value in wanted for value in values), bool, values.size)
    return np.isin(values, list(wanted))


def _same_kind(name: str, values: NDArray, wanted: list, ordered: bool = False) -> None:
    is_text = values.dtype.kind in "OUT"
    for value in wanted:
        if isinstance(value, str) != is_text:
            holds, given = ("text", "a number") if is_text else ("numbers", "text")
            raise ConfigError(f"column {name} holds {holds}, but {value!r} is {given}", "selection",
                              "write text in quotes and numbers without")
    if ordered and is_text:
        raise ConfigError(f"column {name} holds text, which has no order", "selection", "use ==, != or in")


def _axes(rule: Rule) -> tuple[str, str]:
    if rule["op"] == "cone" and not rule.get("axes"):
        return "ra", "dec"
    axes = rule.get("axes") or [f"{rule.get('projection')}_x", f"{rule.get('projection')}_y"]
    if not (rule.get("axes") or rule.get("projection")) or len(axes) != 2 or not all(isinstance(a, str) for a in axes):
        raise ConfigError(f"a {rule['op']} needs two columns as axes, or a polygon a projection's name", "selection")
    return axes[0], axes[1]


def _check_cone(rule: Rule) -> None:
    if not all(_number(rule[key]) for key in _KEYS["cone"]) or abs(rule["dec"]) > 90 or not 0 < rule["radius"] <= 180:
        raise ConfigError("a cone needs a right ascension, a declination from -90 to 90 and a radius up to 180, in degrees",
                          "selection", "write it like  cone(150.1, 2.2, 10 arcsec)")
    _axes(rule)


def _vertices(rule: Rule) -> NDArray[np.float64]:
    try:
        vertices = np.asarray(rule["vertices"], dtype=np.float64)
    except (TypeError, ValueError):
        vertices = np.empty(0)
    if vertices.ndim != 2 or vertices.shape[1] != 2 or len(vertices) < 3 or not np.isfinite(vertices).all():
        raise ConfigError("a polygon needs at least three corners [x, y]", "selection")
    return vertices


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and bool(np.isfinite(value))


def _scalar(value: Any) -> bool:
    return isinstance(value, (str, bool)) or _number(value)
