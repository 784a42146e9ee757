"""``qso island``: the island around examples, kept as a selection."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("--run", metavar="NAME", required=True, help="a run of the store that has a map")
    parser.add_argument("--around", metavar="FILE",
                        help="the examples: a table with their ids or positions, or a .txt of ids, one a line")
    parser.add_argument("--where", metavar="SELECTION", help="the examples as a selection, such as 'class == \"QSO\"'")
    parser.add_argument("--map", metavar="NAME", default="", help="on which map (default umap, or the first there is)")
    parser.add_argument("--share", metavar="X", type=float, default=0.8, help="of the examples that it holds (default 0.8)")
    parser.add_argument("--name", metavar="NAME", default="island", help="of the selection kept in the store (default island)")
    parser.add_argument("--replace", action="store_true", help="replace a selection of that name")


def _run(args):
    from qsocore.workflow.island import keep_island

    kept, found = keep_island(args.store, args.run, args.around, args.where, args.map, args.share, args.name, args.replace)
    print(f"{kept.name}: {kept.count:,} objects on {kept.rule['projection']}, {found.held:,} of the examples among them "
          f"(linking length {found.linking_length:.3g})")


COMMAND = Command("find the island around examples on a map, and keep its outline as a selection",
                  "qso island demo.store --run demo --where 'class == \"QSO\" & z > 3' --name far", _arguments, _run)
