"""Which rows of a store are meant: by a rule as text, a kept selection, a rule as JSON, ids, or a run's columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ConfigError
from qsocore.selection import Rule, check, columns_of, evaluate
from qsocore.store import RunFolder, Store
from qsocore.store.selections import Kept, Selections, read_rule
from qsocore.workflow.joined import Joined


def kept_of(selection: str | Path | Rule | Kept | None, store: Store) -> Kept | Rule | None:
    """What is selected by.

    Parameters
    ----------
    selection : path, str, dict, Kept or None
        A file that holds a kept selection or a bare rule as JSON, the name of a selection kept in the store, or the rule
        itself.
    store : Store

    Raises
    ------
    ConfigError, StoreError
        When there is no such file or selection, or it is no rule.
    """
    if selection is None or isinstance(selection, Kept):
        return selection
    if isinstance(selection, dict):
        check(selection)
        return selection
    file, mine = Path(selection), Selections.of(store.path)
    if file.is_file():
        try:
            return read_rule(file.read_text(encoding="utf-8"), file)
        except UnicodeDecodeError as error:
            raise ConfigError(f"it is no JSON ({error})", file, "give a kept selection, or a rule as JSON") from None
    if file.suffix == ".json" or file.name != str(selection):
        raise ConfigError("there is no such file", file, f"kept in the store: {', '.join(mine.names()) or 'none'}")
    return mine.load(str(selection))


def ids_of(words: Sequence[str]) -> list[str]:
    """Ids as they are given, or those of the one text file that is given, one a line; none twice.

    Raises
    ------
    ConfigError
        When the file is no text, or holds none.
    """
    if len(words) != 1 or not Path(words[0]).is_file():
        return list(dict.fromkeys(words))
    file = Path(words[0])
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigError(f"it is no text ({error})", file, "write object ids, one a line") from None
    if not any(line.strip() for line in lines):
        raise ConfigError("it holds no object ids", file, "write object ids, one a line")
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))


def run_of(store: Store, name: str | None, kept: Kept | Rule | None) -> RunFolder | None:
    """The run whose columns a selection may use: that of the name, or which the selection was kept with."""
    name = name or (kept.run if isinstance(kept, Kept) else "")
    return store.run(name) if name else None


def select(source: Joined, kept: Kept | Rule | None, where: Rule | None, force: bool) -> tuple[Rule, NDArray[np.int64]]:
    """The whole rule, and the rows that it selects, rising.

    Parameters
    ----------
    source : Joined
        A store's and a run's columns.
    kept, where : Kept, dict or None
        Both hold; all rows where there is neither.
    force : bool
        Go on when a kept selection yields another number of objects than when it was kept, which else is a `ConfigError`.
    """
    rule = kept.rule if isinstance(kept, Kept) else kept
    rows = np.ones(source.n_rows, bool) if rule is None else _evaluate(source, rule)
    if isinstance(kept, Kept) and not force:
        _same_count(source, kept, int(rows.sum()))
    if where is not None:
        rows &= _evaluate(source, where)
        rule = where if rule is None else {"op": "and", "rules": [rule, where]}
    return rule or {"op": "all"}, np.flatnonzero(rows)


def _evaluate(source: Joined, rule: Rule) -> NDArray[np.bool_]:
    source.known(columns_of(rule))
    return evaluate(rule, source.values, source.n_rows)


def _same_count(source: Joined, kept: Kept, count: int) -> None:
    if count == kept.count:
        return
    store, run = source.store, source.run.name if source.run else ""
    causes = []
    if kept.store and kept.store != store.manifest.fingerprint:
        causes.append("it was kept for another store, or for this one before it was made again")
    if kept.run != run:
        causes.append(f"it was kept under the run {kept.run or 'none'}, this is {run or 'none'}")
    why = "; ".join(causes) or "a run's latents, maps or columns were made again since"
    raise ConfigError(f"it selects {count:,} objects here, and {kept.count:,} when it was kept: {why}",
                      f"selection {kept.name!r}", "choose that store and --run, or export what it selects now with --force")
