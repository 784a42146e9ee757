"""``qso recipe``: a documented run of several commands."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("name", metavar="NAME", help="lens-search: from a catalogue to graded candidates")
    parser.add_argument("--out", metavar="FOLDER", required=True, help="where everything is put; what is there already is kept")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="settings",
                        help="a setting of the recipe; may be repeated")
    parser.add_argument("--show", action="store_true", help="say what would be done, and do nothing")


def _run(args):
    from qsocore.cookbook.run import run_recipe

    return run_recipe(args.name, args.out, args.settings, args.show)


COMMAND = Command("run a documented recipe of several commands, or show it",
                  "qso recipe lens-search --out search/ --set table=objects.csv --set known=quasars.csv --show",
                  _arguments, _run, kept="finished steps are kept; the same command goes on from there")
