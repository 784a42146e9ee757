"""``qso export``: catalogue rows of a store into Parquet, CSV, FITS or VOTable."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("--out", metavar="FILE", required=True, help="ends in .parquet, .csv, .fits or .vot")
    parser.add_argument("--columns", metavar="NAME", nargs="+", help="which, in which order (default all)")
    parser.add_argument("--where", metavar="SELECTION", help="which rows, such as 'z > 2 & class == \"QSO\"' (default all)")


def _run(args):
    from qsocore.workflow.export import export

    columns = [name for word in args.columns for name in word.split(",") if name] if args.columns else None
    rows = export(args.store, args.out, columns, args.where)
    print(f"{args.out}: {rows:,} rows")


COMMAND = Command("write catalogue rows to Parquet, CSV, FITS or VOTable, with units and roles",
                  "qso export demo.store --out quasars.fits --columns object_id ra dec z --where 'z > 2 & class == \"QSO\"'",
                  _arguments, _run, kept="the file is written whole or not at all")
