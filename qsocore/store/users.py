"""The users file: who may log in to a server, as what, and the hash of their password.

It is JSON, ``{"schema": 1, "users": {NAME: {"role": ..., "hash": ..., "stamp": ...}}}``, which nobody but its owner may read.
Hashes are argon2id with the parameters that argon2-cffi recommends (RFC 9106, low memory: 64 MiB, three passes).
"""

from __future__ import annotations

import json
import os
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from threading import Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from filelock import FileLock

from qsocore.errors import AtlasError, did_you_mean
from qsocore.store.files import write_text

ROLES = ("viewer", "grader", "owner")
"""Each may do what those before it may."""

SHORTEST, LONGEST = 8, 1024
"""Signs of a password (NIST SP 800-63B asks for eight at least); a longer one would only keep the server busy."""

_SCHEMA, _PRIVATE, _OTHERS = 1, 0o600, 0o077
_LONGEST_NAME, _SIGNS = 64, "._@+-"
_WAIT_S = 10


class UsersError(AtlasError):
    """A users file that cannot be used, or a change of it that is refused."""


@dataclass(frozen=True)
class User:
    """One line of the users file.

    Parameters
    ----------
    name : str
        As it is written into verdicts; where people log in elsewhere (OAuth) their e-mail address.
    role : {"viewer", "grader", "owner"}
        What they may do.
    hash : str
        Of the password; empty for one who logs in elsewhere.
    stamp : str
        Made anew with each password: a login of before ends.
    """

    name: str
    role: str
    hash: str = ""
    stamp: str = ""


class Users:
    """The users of one file, read again whenever it changed.

    Parameters
    ----------
    path : path
        The file; the first `add` makes it.
    hasher : argon2.PasswordHasher, optional
        Hashes of other parameters are made anew when their owner logs in.
    """

    def __init__(self, path: str | Path, hasher: PasswordHasher | None = None):
        self.path = Path(path)
        self._hasher = hasher or PasswordHasher()
        self._lock = Lock()
        self._known: tuple[tuple, dict[str, User]] | None = None

    def all(self) -> dict[str, User]:
        """Everybody by name, in the order of the alphabet.

        Raises
        ------
        UsersError
            When there is no such file, it is none of ours, or others may read it.
        """
        try:
            state = self.path.stat()
        except FileNotFoundError:
            raise UsersError("there is no such users file", self.path, f"make it: qso users add {self.path} NAME") from None
        if os.name == "posix" and state.st_mode & _OTHERS:
            raise UsersError("others can read the users file", self.path, f"take that away: chmod 600 {self.path}")
        version = state.st_mtime_ns, state.st_size, state.st_ino
        with self._lock:
            if self._known is None or self._known[0] != version:
                self._known = version, _parse(self.path)
            return self._known[1]

    def get(self, name: str) -> User | None:
        """A user by name, None when there is none (any more)."""
        return self.all().get(name)

    # ---- changes

    def add(self, name: str, role: str = "grader", password: str | None = None) -> User:
        """Add somebody; without a password they can only log in elsewhere.

        Raises
        ------
        UsersError
            When the name, the role or the password will not do, or the name is taken.
        """
        name, role = checked_name(name), checked_role(role)
        user = self._with_password(User(name, role), password) if password is not None else User(name, role)

        def change(users: dict[str, User]) -> None:
            taken = next((other for other in users if other.casefold() == name.casefold()), None)
            if taken is not None:
                raise UsersError(f"there is a user {taken} already", self.path, "choose another name, or change their role")
            users[name] = user

        self._change(change)
        return user

    def remove(self, name: str) -> None:
        """Take somebody away; what they said stays. Their login ends at once."""
        self._change(lambda users: users.pop(self._named(users, name).name))

    def set_role(self, name: str, role: str) -> None:
        """Give somebody another role, at once also where they are logged in."""
        checked_role(role)
        self._change(lambda users: users.update({name: replace(self._named(users, name), role=role)}))

    def set_password(self, name: str, password: str) -> None:
        """Give somebody another password; their logins of before end at once."""
        fresh = self._with_password(User(name, "viewer"), password)  # hashed before the file is locked: it takes a while
        self._change(lambda users: users.update({name: replace(fresh, role=self._named(users, name).role)}))

    def _change(self, change: Callable[[dict[str, User]], object]) -> None:
        """Read, change and write the file while nobody else does."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=_WAIT_S, mode=_PRIVATE):
            users = dict(self.all()) if self.path.exists() else {}
            change(users)
            rows = {user.name: {"role": user.role, "hash": user.hash, "stamp": user.stamp}
                    for user in sorted(users.values(), key=lambda user: user.name.casefold())}
            write_text(self.path, json.dumps({"schema": _SCHEMA, "users": rows}, indent=1, ensure_ascii=False), _PRIVATE)

    def _named(self, users: dict[str, User], name: str) -> User:
        if name not in users:
            raise UsersError(f"there is no user {name}", self.path, did_you_mean(name, users))
        return users[name]

    # ---- passwords

    def _with_password(self, user: User, password: str) -> User:
        if not SHORTEST <= len(password) <= LONGEST:
            raise UsersError(f"a password has {SHORTEST} to {LONGEST:,} signs", remedy="choose another")
        return replace(user, hash=self._hasher.hash(_normal(password)), stamp=secrets.token_hex(8))

    def check(self, name: str, password: str) -> User | None:
        """The user whose name and password these are, else None; takes the same time whether or not there is such a user.

        It takes some 50 ms, and 64 MiB of memory.
        """
        user = self.get(unicodedata.normalize("NFKC", name))
        known = user.hash if user and user.hash else self._nobodys
        try:
            self._hasher.verify(known, _normal(password) if len(password) <= LONGEST else "")
        except (VerificationError, InvalidHashError):
            return None
        if user is None or known is self._nobodys:
            return None
        if self._hasher.check_needs_rehash(known):
            self._rehash(user, password)
        return user

    def _rehash(self, user: User, password: str) -> None:
        """Keep a hash of today's parameters; the stamp stays, and with it logins elsewhere."""
        fresh = replace(user, hash=self._hasher.hash(_normal(password)))

        def change(users: dict[str, User]) -> None:
            if users.get(user.name) == user:  # else it was changed meanwhile
                users[user.name] = fresh

        self._change(change)

    @cached_property
    def _nobodys(self) -> str:
        """Hash of a password that nobody knows, verified in place of one that is not there."""
        return self._hasher.hash(secrets.token_hex())


def checked_name(name: str) -> str:
    """A name that will do, in Unicode's normal form.

    Examples
    --------
    >>> checked_name("ada.lovelace@example.org")
    'ada.lovelace@example.org'

    Raises
    ------
    UsersError
        When it is none: it stands in verdicts, which become cells of tables and words of addresses.
    """
    name = unicodedata.normalize("NFKC", name)
    if not name or len(name) > _LONGEST_NAME or not name[0].isalnum() or not all(c.isalnum() or c in _SIGNS for c in name):
        raise UsersError(f"{name!r} is no name of a user", remedy=f"use up to {_LONGEST_NAME} letters, digits and {_SIGNS}, "
                                                                  "the first a letter or digit")
    return name


def checked_role(role: str) -> str:
    """A role that there is."""
    if role not in ROLES:
        raise UsersError(f"there is no role {role!r}", remedy=f"choose {', '.join(ROLES[:-1])} or {ROLES[-1]}")
    return role


def _normal(password: str) -> str:
    """One form of what different keyboards make of the same signs (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _parse(path: Path) -> dict[str, User]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["schema"] != _SCHEMA:
            raise UsersError(f"the users file has schema {told['schema']}, this version knows {_SCHEMA}", path,
                             "use a newer QSO Atlas")
        return {checked_name(name): User(name, checked_role(row["role"]), str(row["hash"]), str(row["stamp"]))
                for name, row in told["users"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsersError(f"this is no users file ({error})", path, "make one with qso users add") from None


def cookie_secret(path: str | Path) -> str:
    """What a server signs logins with: $QSO_ATLAS_COOKIE_SECRET, else a file beside the users file, made when it is not there.

    Raises
    ------
    UsersError
        When it is too short to be a secret, or others can read its file.
    """
    given = os.environ.get("QSO_ATLAS_COOKIE_SECRET")
    file = Path(path).with_name(f"{Path(path).name}.secret")
    if given is None and not file.exists():
        write_text(file, secrets.token_urlsafe(48), _PRIVATE)
    if given is None and os.name == "posix" and file.stat().st_mode & _OTHERS:
        raise UsersError("others can read the secret", file, "delete it: a new one is made, and everybody logs in again")
    secret = (file.read_text() if given is None else given).strip()
    if len(secret) < 32:
        raise UsersError("the cookie secret is too short", file if given is None else "$QSO_ATLAS_COOKIE_SECRET",
                         "take 32 random signs or more, such as: openssl rand -hex 32")
    return secret
