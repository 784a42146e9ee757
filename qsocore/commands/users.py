"""``qso users``: who may log in to a dashboard that is served to others."""

import sys

from qsocore.cli import Command
from qsocore.errors import ConfigError

_ROLES = ("viewer", "grader", "owner")
_DEEDS = {"add": "add somebody", "list": "who there is", "remove": "take somebody away; what they said stays",
          "role": "give somebody another role", "password": "give somebody another password"}
_ROLE = "a viewer looks, a grader says verdicts too, an owner makes campaigns and changes what a store keeps"


def _arguments(parser):
    deeds = parser.add_subparsers(dest="deed", metavar="DEED", required=True)
    for deed, told in _DEEDS.items():
        one = deeds.add_parser(deed, help=told, description=told)
        one.add_argument("file", metavar="FILE", help="the users file; the first to be added makes it")
        if deed != "list":
            one.add_argument("name", metavar="NAME", help="as it is written into verdicts; an e-mail address for OAuth")
        if deed == "add":
            one.add_argument("--role", choices=_ROLES, default="grader", help=f"{_ROLE} (default grader)")
            one.add_argument("--no-password", action="store_true", help="for somebody who logs in elsewhere (OAuth)")
        if deed == "role":
            one.add_argument("role", choices=_ROLES, help=_ROLE)
        if deed in ("add", "password"):
            one.add_argument("--password-stdin", action="store_true",
                             help="the password is the first line of the standard input; else it is asked for")


def _run(args):
    from qsocore.store.users import Users

    users, deed = Users(args.file), args.deed
    if deed == "list":
        for user in users.all().values():
            print(f"{user.name}\t{user.role}" + ("" if user.hash else "\tno password"))
        return
    if deed == "add":
        users.add(args.name, args.role, None if args.no_password else _password(args))
    elif deed == "remove":
        users.remove(args.name)
    elif deed == "role":
        users.set_role(args.name, args.role)
    else:
        users.set_password(args.name, _password(args))
    print(f"{args.file}: {len(users.all()):,} users")


def _password(args):
    """From the standard input or the terminal, never from an argument: those are seen by all on the machine."""
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    from getpass import getpass

    password = getpass(f"Password of {args.name}: ")
    if getpass("Once more: ") != password:
        raise ConfigError("the two passwords differ", remedy="try again")
    return password


COMMAND = Command("who may log in to a dashboard that is served to others: viewers, graders, owners",
                  "qso users add users.json ada --role owner\n"
                  "qso users list users.json",
                  _arguments, _run, kept="the users file is written whole or not at all")
