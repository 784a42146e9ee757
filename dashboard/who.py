"""Who sits before the page, and what they may do."""

from __future__ import annotations

import getpass
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
    """Whoever runs the server on their own machine, who owns it: without a login nobody else can reach it."""

    def __init__(self):
        try:
            self.name = getpass.getuser()
        except (OSError, KeyError):  # no such user in a container
            self.name = "owner"

    def person(self) -> Person:
        """The owner."""
        return Person(self.name, "owner")
