"""``qso select``: cut a catalogue step by step, counting what each step leaves."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("table", metavar="INPUT", help="a table (CSV, FITS, VOTable, Parquet, npz) or a store")
    parser.add_argument("--recipe", metavar="NAME", help="a recipe that comes with the package (glq-mpia), or a TOML file")
    parser.add_argument("--where", metavar="RULE", nargs="+", default=[],
                        help="further steps after the recipe's, such as 'i_z > 1.5' 'z_Y < 0.5'")
    parser.add_argument("--out", metavar="FILE", required=True, help="ends in .parquet, .csv, .fits or .vot")
    parser.add_argument("--funnel", metavar="FILE", help="the counts as JSON besides; they are in --out's provenance anyway")
    parser.add_argument("--strict", action="store_true",
                        help="refuse a table that lacks a column of a step, instead of passing over the step")


def _run(args):
    from qsocore.workflow.select import select

    print(select(args.table, args.out, args.recipe, args.where, args.funnel, args.strict).to_text())
    print(args.out)


COMMAND = Command("cut a catalogue step by step by a recipe or rules, counting what each step leaves",
                  "qso select objects.csv --recipe glq-mpia --out candidates.parquet\n"
                  "qso select candidates.parquet --where 'i_z > 1.5' 'z_Y < 0.5' 'mag_g is missing' --out few.csv",
                  _arguments, _run, kept="the file is written whole or not at all")
