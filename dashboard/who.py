"""Who sits before the page, and what they may do."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from typing import Protocol

from qsocore.store.users import ROLES


@dataclass(frozen=True)
class Person:
    """A user of the dashboard.

    Parameters
    ----------
    name : str
        Written into verdicts.
    role : {"viewer", "grader", "owner"}
        A viewer looks, a grader says verdicts too, an owner makes and ends campaigns and changes what a store holds.
    """

    name: str
    role: str

    def may(self, role: str) -> bool:
        """Whether this person may do what a `role` may."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Login(Protocol):
    """How somebody came in: asked anew each time, for roles change and logins end."""

    name: str

    def person(self) -> Person | None:
        """Who it is, with the role they have now; None when the login has ended."""


class Here:
    """Whoever runs the server on their own machine, who owns it: without a login nobody else can reach it.

    ``$QSO_ATLAS_PERSON`` gives another name than the machine's, and after a colon another role: ``ada`` or ``ada:viewer``.
    """

    def __init__(self):
        name, _, role = os.environ.get("QSO_ATLAS_PERSON", "").partition(":")
        self.name, self._role = name or _own_name(), role if name and role in ROLES else "owner"

    def person(self) -> Person:
        """Them."""
        return Person(self.name, self._role)


def _own_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in a container
        return "owner"
