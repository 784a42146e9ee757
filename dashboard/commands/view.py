"""``qso view``: any table with two coordinate columns straight into the map."""

from dashboard.commands.serve import add_server_options
from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("table", metavar="TABLE", help="Parquet, CSV or FITS file")
    parser.add_argument("--x", metavar="COL", help="column across (default: guessed, such as umap_1, x or ra)")
    parser.add_argument("--y", metavar="COL", help="column upwards")
    parser.add_argument("--id", metavar="COL", help="column that names the objects")
    add_server_options(parser)


def _run(args):
    from dashboard.library import Library
    from dashboard.server import serve
    from dashboard.tablefile import open_table

    serve(Library(args.table, table=open_table(args.table, args.x, args.y, args.id)), args.port, not args.no_browser)


COMMAND = Command("open a table with two coordinate columns in the map", "qso view embedding.parquet --x umap_1 --y umap_2",
                  _arguments, _run, kept="the table was only read")
