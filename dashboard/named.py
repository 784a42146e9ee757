"""Selections under names: those of the store that is shown, or of the user where a bare table is."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from dashboard import derive
from qsocore.errors import AtlasError
from qsocore.selection import Rule, from_json, to_json
from qsocore.store import paths
from qsocore.store.selections import Kept, Selections

if TYPE_CHECKING:
    from dashboard.session import Session


def shelf(session: Session) -> Selections:
    """Where the selections of what is shown are kept."""
    store, path = session.table.store, session.library.path
    if store is not None:
        return Selections.of(store.path)
    told = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    return Selections(paths.home() / "selections" / f"{path.stem}-{told}")


def listed(session: Session) -> list[dict[str, str]]:
    """Name, facts and rule of each, as the page shows them; one that cannot be read says so."""
    shelf_, out = shelf(session), []
    for name in shelf_.names():
        try:
            kept = shelf_.load(name)
            out.append({"name": name, "about": f"{kept.count:,} · {kept.created[:10]}", "text": kept.text[:400]})
        except AtlasError as error:
            out.append({"name": name, "about": "cannot be read", "text": str(error)})
    return out


def save(session: Session, name: str, replace: bool = False) -> None:
    """Keep the selection under a name, with what it counts now.

    Raises
    ------
    AtlasError
        When nothing is selected, the name will not do or is taken, or the store cannot be written.
    """
    state, store = session.state, session.table.store
    if not state.selection:
        raise AtlasError("nothing is selected", remedy="select something, then save it")
    kept = Kept(name.strip(), from_json(state.selection), session.count(state.selection),
                store.manifest.fingerprint if store is not None else "", state.run)
    _write(session, lambda: shelf(session).save(kept, replace))


def rename(session: Session, name: str, to: str) -> None:
    """Give a kept selection another name."""
    shelf_ = shelf(session)
    if to.strip() != name:
        kept = shelf_.load(name)
        same = to.strip().lower() == name.lower()  # but for capitals, which saving takes away itself
        _write(session, lambda: shelf_.save(dataclasses.replace(kept, name=to.strip()), replace=same))
        if not same:
            delete(session, name)


def delete(session: Session, name: str) -> None:
    """Forget a kept selection."""
    _write(session, lambda: shelf(session).delete(name))


def find(session: Session, name: str) -> tuple[Rule, str]:
    """The rule that is kept under a name, and a remark when it counts something else than when it was kept.

    Raises
    ------
    AtlasError
        When there is none, or when it reads columns that are not here.
    """
    kept = shelf(session).load(name)
    rule = to_json(kept.rule)
    if not derive.fits(rule, session.table):
        raise AtlasError(f"{name} reads columns that are not here", remedy=f"choose the run {kept.run}" if kept.run else None)
    now = session.count(rule)
    return kept.rule, "" if now == kept.count else f"{name} selects {now:,} objects; when it was saved, {kept.count:,}"


def _write(session: Session, do: Callable[[], object]) -> None:
    session.require("owner")
    try:
        do()
    except OSError as error:
        raise AtlasError(f"it cannot be written ({error.strerror or error})", session.library.path,
                         "see to it that you may write there") from None
