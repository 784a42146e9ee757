"""``qso evaluate``: how well a run does on a store."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("run", metavar="RUN", help="a run of the store, of your library or of the package, or its folder")
    parser.add_argument("store", metavar="STORE", help="a store of spectra that knows redshifts or classes")
    parser.add_argument("--split", choices=("test", "valid", "train", "all"), default="test",
                        help="side of the run's own split; of another store all objects are taken (default: test)")
    parser.add_argument("--out", metavar="FILE", help="to write the measures besides, as JSON")


def _run(args):
    from pathlib import Path

    from qsocore.store.files import write_text
    from qsocore.workflow.evaluate import evaluate

    found = evaluate(args.run, args.store, args.split)
    print(f"{found.about['model']} {found.run.name} on {args.store}: {found.about['note']}\n")
    print("\n\n".join(table.to_text() for table in found.tables()))
    if args.out:
        write_text(Path(args.out), found.to_json())
    print(f"\n{found.file}" + (f", {args.out}" if args.out else ""))


COMMAND = Command("how well a run does on a store: redshifts, classes, probabilities, reconstruction, with raw counts",
                  "qso evaluate demo demo.store", _arguments, _run)
