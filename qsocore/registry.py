"""Families of plug-ins: one member is one file in the family's folder; other people's packages add theirs by entry points.

A member's module holds one constant named after the family (``SURVEY``, ``MODEL``, ``COMMAND`` ...). Its name is the
file's name with ``_`` read as ``-``. Names are listed without importing anything; a member is imported when it is asked for.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from importlib.metadata import entry_points
from typing import Any

from qsocore.errors import ConfigError, did_you_mean


class Family:
    """The members of one kind of plug-in.

    Parameters
    ----------
    kind : str
        What a member is called in messages ("survey", "model" ...).
    package : str
        Package whose modules are the members; modules that start with ``_`` or are listed in `apart` are not.
    constant : str
        Name of the module constant that is the member.
    group : str
        Entry-point group through which other packages add members.
    apart : tuple of str
        Modules of the package that serve the members and are none themselves.
    """

    def __init__(self, kind: str, package: str, constant: str, group: str, apart: tuple[str, ...] = ()):
        self.kind, self.package, self.constant, self.group, self.apart = kind, package, constant, group, apart

    @cached_property
    def _sources(self) -> dict[str, str]:
        folder = importlib.import_module(self.package).__path__
        sources = {
            module.name.replace("_", "-"): f"{self.package}.{module.name}:{self.constant}"
            for module in pkgutil.iter_modules(folder)
            if not module.name.startswith("_") and module.name not in self.apart
        }
        for point in entry_points(group=self.group):
            sources.setdefault(point.name, point.value)
        return sources

    def names(self) -> list[str]:
        """Names of all members, sorted."""
        return sorted(self._sources)

    def __contains__(self, name: str) -> bool:
        return self._written(name) in self._sources

    def _written(self, name: str) -> str:
        """A name as it is listed: with ``-`` where the file has ``_``, either of which may be asked for."""
        return name if name in self._sources else name.replace("_", "-")

    def get(self, name: str) -> Any:
        """Import and return one member.

        Raises
        ------
        ConfigError
            When there is no such member; the message names the nearest.
        """
        written = self._written(name)
        if written not in self._sources:
            raise ConfigError(f"no {self.kind} is called {name!r}", remedy=did_you_mean(name, self.names()))
        module, _, attribute = self._sources[written].partition(":")
        return getattr(importlib.import_module(module), attribute)

    def __iter__(self) -> Iterator[Any]:
        return (self.get(name) for name in self.names())
