"""``qso figure``: draw one of the family of figures into a file."""

from qsocore.cli import Command
from qsocore.figures import FIGURES


def _arguments(parser):
    figures = parser.add_subparsers(metavar="NAME", dest="figure", required=True)
    for name in FIGURES.names():
        figure = FIGURES.get(name)
        options = figures.add_parser(name, help=figure.summary, description=figure.summary,
                                     epilog=f"example:\n  {figure.example}")
        figure.arguments(options)
        options.add_argument("--out", metavar="FILE", default=f"{name}.png", help="png, pdf or svg (default: %(default)s)")


def _run(args):
    from qsocore.figures import save

    options = {key: value for key, value in vars(args).items() if key not in ("figure", "out")}
    save(FIGURES.get(args.figure).draw(**options), args.out)
    print(args.out)


COMMAND = Command("draw a figure into a file", "qso figure realism --real ../shared/real", _arguments, _run,
                  kept="no figure was written")
