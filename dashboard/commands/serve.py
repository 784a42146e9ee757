"""``qso serve``: open a store in the dashboard."""

from qsocore.cli import Command


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


def _run(args):
    from dashboard.library import Library
    from dashboard.server import serve
    from qsocore.store import open_store

    serve(Library(args.store, store=open_store(args.store), labels=args.labels), args.port, not args.no_browser)


COMMAND = Command("open a store in the dashboard: map, spectra, selections", "qso serve demo.store", _arguments, _run,
                  kept="verdicts that the page called saved are kept, the rest of the store was only read")
