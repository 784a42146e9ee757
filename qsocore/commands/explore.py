"""``qso explore``: anomaly, trust in the maps, islands."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("store", metavar="STORE", help="folder of the store, with or without spectra")
    parser.add_argument("--run", metavar="NAME", required=True, help="a run of the store that has latents")
    parser.add_argument("--seed", type=int, default=0, help="draws the 20,000 objects that all are held to (default 0)")
    parser.add_argument("--islands", metavar="WHERE", default="map",
                        help="where clusters are looked for: on each map (default), or in the space of latents or features")


def _run(args):
    from qsocore.explore.islands import read_islands
    from qsocore.workflow.explore import NAME, explore

    run = explore(args.store, args.run, args.seed, args.islands)
    file = run.column_file(NAME)
    maps = (f", {name} (trust, {len(read_islands(file, name))} islands)" for name in run.projections())
    print(f"{file}: anomaly" + "".join(maps))


COMMAND = Command("find anomalies, the islands of maps, and how far maps can be trusted (embed does it too)",
                  "qso explore demo.store --run demo", _arguments, _run)
