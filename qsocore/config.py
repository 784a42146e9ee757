"""Configurations are frozen dataclasses; this turns ``key=value`` words and JSON into them, with types checked."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable
from typing import Any, TypeVar

from qsocore.errors import ConfigError, did_you_mean

T = TypeVar("T")
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def from_words(kind: type[T], words: Iterable[str] = ()) -> T:
    """Build a configuration from ``key=value`` words over its defaults.

    Parameters
    ----------
    kind : dataclass type
        The configuration.
    words : iterable of str
        ``key=value`` each; tuples are written with commas, None as ``none``.

    Raises
    ------
    ConfigError
        For a word without ``=``, an unknown key, or a value of another type.
    """
    values: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise ConfigError(f"{word!r} is not of the form key=value", kind.__name__)
        values[key.strip()] = text.strip()
    return from_dict(kind, values)


def from_dict(kind: type[T], values: dict[str, Any]) -> T:
    """Build a configuration from a mapping (as read from JSON); unknown keys and unfit values are refused."""
    hints = typing.get_type_hints(kind)
    known = [field.name for field in dataclasses.fields(kind) if field.init]
    for key in values:
        if key not in known:
            raise ConfigError(f"{kind.__name__} has no setting {key!r}", remedy=did_you_mean(key, known))
    return kind(**{key: _fit(value, hints[key], f"{kind.__name__}.{key}") for key, value in values.items()})


def to_dict(config: Any) -> dict[str, Any]:
    """A configuration as plain JSON-able values."""
    return dataclasses.asdict(config)


def _fit(value: Any, hint: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        options = [option for option in typing.get_args(hint) if option is not type(None)]
        if value is None or (isinstance(value, str) and value.lower() == "none"):
            return None
        return _fit(value, options[0], where)
    if origin is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        item = typing.get_args(hint)[0]
        return tuple(_fit(part.strip() if isinstance(part, str) else part, item, where) for part in parts)
    if origin is typing.Literal:
        if value not in typing.get_args(hint):
            raise ConfigError(f"{value!r} is not one of {', '.join(map(str, typing.get_args(hint)))}", where)
        return value
    try:
        if hint is bool and isinstance(value, str):
            if value.lower() not in _TRUE | _FALSE:
                raise ValueError
            return value.lower() in _TRUE
        if hint is int and isinstance(value, str):
            return int(value.replace("_", ""))
        return hint(value) if hint in (int, float, str, bool) else value
    except (TypeError, ValueError):
        raise ConfigError(f"{value!r} is not a {getattr(hint, '__name__', hint)}", where) from None
