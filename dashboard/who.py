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


def here() -> Person:
    """Whoever runs the server on their own machine, who owns it: without a login nobody else can reach it.

    ``$QSO_ATLAS_PERSON`` gives another name than the machine's, and after a colon another role: ``ada`` or ``ada:viewer``.
    """
    name, _, role = os.environ.get("QSO_ATLAS_PERSON", "").partition(":")
    if name:
        return Person(name, role if role in ROLES else "owner")
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # no such user in a container
        name = "owner"
    return Person(name, "owner")


class Here:
    """The way in where there is no login: it stays open, see `here`."""

    def __init__(self):
        self._person = here()
        self.name = self._person.name

    def person(self) -> Person:
        """Who it is."""
        return self._person
