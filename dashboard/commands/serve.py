"""``qso serve``: open a store in the dashboard, here or to others who log in."""

import os

from qsocore.cli import Command
from qsocore.errors import ConfigError


def add_server_options(parser):
    """Options that every serving command has."""
    parser.add_argument("--port", type=int, metavar="P", help="port on this machine (default: the first free one from 5006)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def _arguments(parser):
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("--labels", metavar="URL", default="",
                        help="database of verdicts that a team shares, e.g. postgresql+psycopg://host/survey "
                             "(default: $QSO_ATLAS_LABELS, else the store's own)")
    add_server_options(parser)
    others = parser.add_argument_group("to others", "without a login the server is for this machine alone")
    others.add_argument("--users", metavar="FILE", help="who may log in, see qso users")
    others.add_argument("--address", default="127.0.0.1", metavar="HOST",
                        help="address of this machine to listen on, such as 0.0.0.0 (default 127.0.0.1); another than this "
                             "machine's own needs --users")
    others.add_argument("--origin", action="append", default=[], metavar="HOST:PORT",
                        help="a name under which browsers reach it, as their address line has it; may be given again")
    others.add_argument("--session-hours", type=float, default=12.0, metavar="H",
                        help="how long a login holds, whether or not the page is used (default 12)")
    others.add_argument("--tls-cert", metavar="FILE", help="certificate, PEM")
    others.add_argument("--tls-key", metavar="FILE", help="its key, PEM")
    others.add_argument("--proxy", action="store_true",
                        help="a proxy stands before it: believe its X-Forwarded-For and X-Forwarded-Proto")
    others.add_argument("--oauth", metavar="PROVIDER",
                        help="log in at github, gitlab, google, okta, azure, auth0 or a generic house, as Panel has it; roles "
                             "are those of --users, by the name or e-mail address that it tells")
    others.add_argument("--oauth-key", metavar="ID", help="client id at the provider")
    others.add_argument("--oauth-secret-env", metavar="VAR", help="environment variable that holds the client secret")
    others.add_argument("--oauth-redirect", default="", metavar="URL",
                        help="this server's address as the provider sends people back to it (default: that which they came by)")


def _oauth(args):
    if not args.oauth:
        return None
    from dashboard.oauth import OAuth

    secret = os.environ.get(args.oauth_secret_env or "")
    if not args.oauth_key or not secret:
        raise ConfigError("a provider wants a client id and secret", "--oauth",
                          "give --oauth-key ID and --oauth-secret-env VAR, with the secret in the environment variable VAR")
    return OAuth(args.oauth, args.oauth_key, secret, args.oauth_redirect)


def _run(args):
    from dashboard.library import Library
    from dashboard.server import Door, serve
    from qsocore.store import open_store

    door = Door(args.address, tuple(args.origin), args.users, args.session_hours, _oauth(args), args.tls_cert, args.tls_key,
                args.proxy)
    serve(Library(args.store, store=open_store(args.store), labels=args.labels), args.port, not args.no_browser, door)


COMMAND = Command("open a store in the dashboard: map, spectra, selections; with --users to others who log in",
                  "qso serve demo.store\n"
                  "qso serve demo.store --users users.json --address 0.0.0.0 --origin atlas.example.org:5006",
                  _arguments, _run, kept="verdicts that the page called saved are kept, the rest of the store was only read")
