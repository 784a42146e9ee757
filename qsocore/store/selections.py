"""Kept selections: rules under names, one JSON file each, in a folder of the store (or of the user, for a bare table)."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qsocore import __version__
from qsocore.errors import AtlasError, ConfigError, StoreError, did_you_mean
from qsocore.selection import Rule, check, from_json, to_text
from qsocore.store import paths
from qsocore.store.files import write_text

SCHEMA_VERSION = 1
_NAME = re.compile(r"\w(?:[\w .+-]{0,78}[\w+-])?")


@dataclass(frozen=True)
class Kept:
    """A selection under a name.

    Parameters
    ----------
    name : str
        Letters, digits, spaces, ``. _ + -``, at most 80.
    rule : dict
        See `qsocore.selection`.
    count : int
        Objects that it selected when it was kept.
    store : str
        Fingerprint of the store that it was kept for.
    run : str
        Name of the run whose latents, maps and columns the rule was made with; empty for none.
    created : str
        UTC, ISO 8601.
    code_version : str
        By what.
    """

    name: str
    rule: Rule
    count: int
    store: str = ""
    run: str = ""
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    code_version: str = __version__

    @property
    def text(self) -> str:
        """The rule as text."""
        return to_text(self.rule)

    def to_json(self) -> str:
        """The file's content."""
        values = {"schema_version": SCHEMA_VERSION, **asdict(self), "text": self.text}
        return json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, where: object = "selection") -> Kept:
        """Read back `to_json`; a bare rule is none, see `qsocore.selection.from_json`.

        Raises
        ------
        StoreError
            When it is no kept selection, or one of a newer version.
        """
        try:
            values = json.loads(text)
            version = values.pop("schema_version")
            if version > SCHEMA_VERSION:
                raise StoreError(f"it is of version {version}, this reads up to {SCHEMA_VERSION}", where, "update QSO Atlas")
            values.pop("text", None)  # said by the rule
            kept = cls(**values)
            check_name(kept.name)
            check(kept.rule)
            if not all(isinstance(word, str) for word in (kept.store, kept.run, kept.created, kept.code_version)):
                raise TypeError("store, run, created and code_version are texts")
            if type(kept.count) is not int or kept.count < 0:
                raise TypeError(f"the count is {kept.count!r}")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ConfigError) as error:
            raise StoreError(f"it holds no kept selection ({error})", where, "delete it and keep the selection again") from None
        return kept


class Selections:
    """The kept selections of one folder.

    Parameters
    ----------
    folder : path
        It is made when the first is saved.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)

    @classmethod
    def of(cls, store: str | Path) -> Selections:
        """Those of a store, given by its folder."""
        return cls(paths.selections(Path(store)))

    def file(self, name: str) -> Path:
        """Where a selection of that name lies; a name that will not do is a `ConfigError`."""
        check_name(name)
        return self.folder / f"{name}.json"

    def names(self) -> list[str]:
        """Names of all, in alphabetical order."""
        return sorted((file.stem for file in self.folder.glob("*.json") if not file.name.startswith(".")), key=str.lower)

    def load(self, name: str) -> Kept:
        """One by its name.

        Raises
        ------
        StoreError
            When there is none (the message names the nearest), or its file is damaged.
        """
        file = self.file(name)
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise StoreError(f"no selection is kept as {name!r}", self.folder, did_you_mean(name, self.names())) from None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"the selection cannot be read ({error})", file, "delete it and keep it again") from None
        return Kept.from_json(text, file)

    def save(self, kept: Kept, replace: bool = False) -> Path:
        """Keep a selection; its file is written whole or not at all.

        Raises
        ------
        ConfigError
            For a name or rule that will not do, and when the name is taken and `replace` is not asked for.
        """
        file = self.file(kept.name)
        check(kept.rule)
        taken = [name for name in self.names() if name.lower() == kept.name.lower()]  # some disks do not tell case apart
        if taken and not replace:
            raise ConfigError(f"a selection is kept as {taken[0]!r} already", self.folder, "choose another name, or replace it")
        write_text(file, kept.to_json())
        for name in taken:
            if name != kept.name and not self.file(name).samefile(file):
                self.file(name).unlink()
        return file

    def delete(self, name: str) -> None:
        """Forget a selection; one that is not there is a `StoreError`."""
        try:
            self.file(name).unlink()
        except FileNotFoundError:
            raise StoreError(f"no selection is kept as {name!r}", self.folder, did_you_mean(name, self.names())) from None


def check_name(name: Any) -> None:
    """Refuse what would not do as a file's name on every system, with a `ConfigError`."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(f"{str(name)[:90]!r} is no name for a selection",
                          remedy="at most 80 letters, digits, spaces, '.', '_', '+', '-', beginning with a letter or digit")


def read_rule(text: str, where: object = "selection") -> Kept | Rule:
    """What a JSON file of a selection holds: a kept one, or a bare rule.

    Raises
    ------
    AtlasError
        When it is neither.
    """
    try:
        values = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ConfigError(f"it is no JSON ({error})", where, "give a kept selection, or a rule as JSON") from None
    if isinstance(values, dict) and "rule" in values and "op" not in values:
        return Kept.from_json(text, where)
    try:
        return from_json(text)
    except AtlasError as error:
        raise ConfigError(error.what, where, error.remedy) from None
