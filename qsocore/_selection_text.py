"""Selections as text: ``z > 2 & class == "QSO"``, a small grammar that is parsed, never evaluated.

::

    rule       = and-rule { ("|" | "or") and-rule }
    and-rule   = not-rule { ("&" | "and") not-rule }
    not-rule   = ("~" | "not" | "outside") not-rule | "(" rule ")" | condition
    condition  = column cmp value | number cmp column cmp number | column ["not"] "in" list
               | column "is" ["not"] "missing" | "ids" list | "all"
               | "polygon" "(" projection | column "," column ";" number number { "," number number } ")"
               | "cone" "(" [column "," column ";"] number "," number "," number ["deg" | "arcmin" | "arcsec"] ")"

A column with other signs than letters, digits, ``_`` and ``.`` is written between backticks.
"""

from __future__ import annotations

import json
import re
from typing import Any

from qsocore._cone import UNITS, radius_text, to_degrees
from qsocore.errors import ConfigError

_TOKEN = re.compile(r"""\s*(?:
    (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
  | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<tick>`[^`]+`)
  | (?P<word>[A-Za-z_][\w.]*)
  | (?P<sign>==|!=|<=|>=|&&|\|\||[<>=&|~!()\[\],;])
)""", re.VERBOSE)
_SAME = {"&&": "&", "and": "&", "||": "|", "or": "|", "!": "~", "not": "~", "=": "=="}
_CMP = ("==", "!=", "<", "<=", ">", ">=")
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_WORDS = {"and", "or", "not", "in", "is", "missing", "ids", "all", "polygon", "cone", "outside", "true", "false"}
_DEEPEST = 100


class TextError(ConfigError):
    """A text that is no selection.

    Parameters
    ----------
    what, where, remedy
        As in `AtlasError`.
    place : int
        Number of the sign in the text at which it is not understood.
    """

    def __init__(self, what: str, where: object, remedy: str, place: int):
        super().__init__(what, where, remedy)
        self.place = place


def parse(text: str) -> dict[str, Any]:
    """Read a selection written as text.

    Examples
    --------
    >>> parse('2 <= z <= 3')
    {'op': 'range', 'column': 'z', 'low': 2, 'high': 3}

    Raises
    ------
    TextError
        With the place that is not understood.
    """
    parser = _Parser(text)
    rule = parser.any_of(0)
    if parser.peek()[0] != "end":
        parser.fail("expected & or |")
    return rule


def to_text(rule: dict[str, Any]) -> str:
    """A rule as text that `parse` reads back to the same rule."""
    op = rule["op"]
    if op in ("and", "or"):
        if len(rule["rules"]) < 2:  # a text has no sign for an empty or single and/or
            return to_text(rule["rules"][0]) if rule["rules"] else "all" if op == "and" else "~all"
        return (" & " if op == "and" else " | ").join(_inner(part) for part in rule["rules"])
    if op == "not":
        return f"~{_inner(rule['rule'])}"
    if op == "outside":
        return f"outside {_inner(rule['rule'])}"
    if op == "all":
        return "all"
    if op == "ids":
        return f"ids {_list(rule['ids'])}"
    if op == "polygon":
        name = ", ".join(map(_name, rule["axes"])) if rule.get("axes") else _name(rule["projection"])
        return f"polygon({name}; {', '.join(f'{x!r} {y!r}' for x, y in rule['vertices'])})"
    if op == "cone":
        axes = f"{', '.join(map(_name, rule['axes']))}; " if rule.get("axes") else ""
        return f"cone({axes}{rule['ra']!r}, {rule['dec']!r}, {radius_text(rule['radius'])})"
    column = _name(rule["column"])
    if op == "compare":
        return f"{column} {rule['cmp']} {_value(rule['value'])}"
    if op == "range":
        return f"{rule['low']!r} <= {column} <= {rule['high']!r}"
    if op == "isin":
        return f"{column} in {_list(rule['values'])}"
    return f"{column} is missing"


def _inner(rule: dict[str, Any]) -> str:
    text = to_text(rule)
    return f"({text})" if rule["op"] in ("and", "or") else text


def _name(column: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_][\w.]*", column) and column.lower() not in _WORDS
    return column if plain else f"`{column}`"


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (str, bool)) else repr(value)


def _list(values: list) -> str:
    return f"[{', '.join(map(_value, values))}]"


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str):
        self.text, self.tokens, self.at = text, [], 0
        place = 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            if match is None:
                self.fail("not understood", place + len(text[place:]) - len(text[place:].lstrip()))
            kind, word = match.lastgroup, match[match.lastgroup]
            if kind in ("sign", "word") and word.lower() in _SAME:
                kind, word = "sign", _SAME[word.lower()]
            self.tokens.append((kind, word, match.start(match.lastgroup)))
            place = match.end()
        self.tokens.append(("end", "", len(text)))

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at]

    def take(self, *words: str) -> str | None:
        """The next token if it is one of these signs or words."""
        kind, word, _ = self.peek()
        if kind in ("sign", "word") and word.lower() in words:
            self.at += 1
            return word.lower()
        return None

    def need(self, *words: str) -> str:
        return self.take(*words) or self.fail(f"expected {' or '.join(words)}")

    def fail(self, why: str, place: int | None = None):
        place = self.peek()[2] if place is None else place
        rest = self.text[place:place + 20] or "the end"
        raise TextError(f"{why} at {rest!r}", f"selection {self.text!r}", 'write it like  z > 2 & class == "QSO"', place)

    def any_of(self, depth: int) -> dict[str, Any]:
        return self._joined("|", "or", self.all_of, depth)

    def all_of(self, depth: int) -> dict[str, Any]:
        return self._joined("&", "and", self.one, depth)

    def _joined(self, sign: str, op: str, inner, depth: int) -> dict[str, Any]:
        rules = [inner(depth)]
        while self.take(sign):
            rules.append(inner(depth))
        return rules[0] if len(rules) == 1 else {"op": op, "rules": rules}

    def one(self, depth: int) -> dict[str, Any]:
        if depth > _DEEPEST:
            self.fail(f"nested deeper than {_DEEPEST} levels")
        if self.take("~"):
            return {"op": "not", "rule": self.one(depth + 1)}
        if self.take("outside"):
            return {"op": "outside", "rule": self.one(depth + 1)}
        if self.take("("):
            rule = self.any_of(depth + 1)
            self.need(")")
            return rule
        return self.condition()

    def condition(self) -> dict[str, Any]:
        if self.peek()[0] == "number":
            return self.chain(self.number())
        if self.take("all"):
            return {"op": "all"}
        if self.take("ids"):
            return {"op": "ids", "ids": self.values()}
        if self.take("polygon"):
            return self.polygon()
        if self.take("cone"):
            return self.cone()
        column = self.column()
        if self.take("is"):
            negated = self.take("~")
            self.need("missing")
            rule = {"op": "missing", "column": column}
            return {"op": "not", "rule": rule} if negated else rule
        negated = self.take("~")
        if negated or self.peek()[1].lower() == "in":
            self.need("in")
            rule = {"op": "isin", "column": column, "values": self.values()}
            return {"op": "not", "rule": rule} if negated else rule
        return {"op": "compare", "column": column, "cmp": self.need(*_CMP), "value": self.value()}

    def chain(self, low: float) -> dict[str, Any]:
        """``2 <= z <= 3``, ``2 < z`` and the like."""
        first, column = self.need(*_CMP), self.column()
        left = {"op": "compare", "column": column, "cmp": _FLIPPED[first], "value": low}
        second = self.take(*_CMP)
        if second is None:
            return left
        high = self.number()
        if (first, second) == ("<=", "<="):
            return {"op": "range", "column": column, "low": low, "high": high}
        return {"op": "and", "rules": [left, {"op": "compare", "column": column, "cmp": second, "value": high}]}

    def polygon(self) -> dict[str, Any]:
        self.need("(")
        names = [self.column()]
        if self.take(","):
            names.append(self.column())
        self.need(";")
        vertices = [[self.number(), self.number()]]
        while self.take(","):
            vertices.append([self.number(), self.number()])
        self.need(")")
        where = {"axes": names} if len(names) == 2 else {"projection": names[0]}
        return {"op": "polygon", **where, "vertices": vertices}

    def cone(self) -> dict[str, Any]:
        self.need("(")
        axes = {}
        if self.peek()[0] != "number":
            first = self.column()
            self.need(",")
            axes = {"axes": [first, self.column()]}
            self.need(";")
        ra = self.number()
        self.need(",")
        dec = self.number()
        self.need(",")
        radius = to_degrees(self.number(), self.take(*UNITS) or "deg")
        self.need(")")
        return {"op": "cone", **axes, "ra": ra, "dec": dec, "radius": radius}

    def column(self) -> str:
        kind, word, _ = self.peek()
        if kind == "tick":
            self.at += 1
            return word[1:-1]
        if kind != "word" or word.lower() in _WORDS:
            self.fail("expected a column")
        self.at += 1
        return word

    def values(self) -> list:
        end = {"[": "]", "(": ")"}[self.need("[", "(")]
        values = [] if self.peek()[1] == end else [self.value()]
        while self.take(","):
            values.append(self.value())
        self.need(end)
        return values

    def value(self) -> Any:
        kind, word, _ = self.peek()
        if kind == "text":
            try:
                literal = json.loads(word) if word[0] == '"' else re.sub(r"\\(.)", r"\1", word[1:-1])
            except json.JSONDecodeError:
                self.fail("not understood")
            self.at += 1
            return literal
        if kind == "word" and word.lower() in ("true", "false"):
            self.at += 1
            return word.lower() == "true"
        if kind != "number":
            self.fail("expected a number, or a text in quotes")
        return self.number()

    def number(self) -> float | int:
        kind, word, _ = self.peek()
        if kind != "number":
            self.fail("expected a number")
        self.at += 1
        return int(word) if re.fullmatch(r"[-+]?\d+", word) else float(word)
