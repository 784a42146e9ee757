"""``qso defaults``: make the runs that come with the package again."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("--only", metavar="NAME", action="append", default=[],
                        help="infovae, redshift or classifier (default all three); may be repeated")
    parser.add_argument("--out", metavar="FOLDER", help="folder of the runs (default that of the package, qsocore/runs)")
    parser.add_argument("--work", metavar="FOLDER",
                        help="keep simulations and trainings there, and go on from what is there (default a temporary folder)")
    parser.add_argument("--scale", metavar="X", type=float, default=1.0,
                        help="of the numbers of objects and epochs, for a try (default 1)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes of the simulation (default one per processor)")


def _run(args):
    from qsocore.workflow.defaults import make_defaults

    make_defaults(args.only, args.out, args.work, args.scale, args.workers)


COMMAND = Command("make the default runs of the package again: simulate, train, calibrate, ship",
                  "qso defaults --only redshift --scale 0.01 --out try/", _arguments, _run,
                  kept="with --work, whole shards and the last checkpoint are kept: the same command goes on from them")
