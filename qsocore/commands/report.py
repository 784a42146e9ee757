"""``qso report``: a run as one HTML page."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("run", metavar="RUN", help="a run of the store, of your library or of the package, or its folder")
    parser.add_argument("--store", metavar="STORE", help="where it is evaluated (default: the store that it was trained on, "
                                                         "where the run or the working directory holds it)")
    parser.add_argument("--split", choices=("test", "valid", "train", "all"), default="test",
                        help="side of the run's own split; of another store all objects are taken (default: test)")
    parser.add_argument("--out", metavar="FILE", help="to write (default: RUN.html)")


def _run(args):
    from pathlib import Path

    from qsocore.store.files import write_text
    from qsocore.workflow.report import report

    page = report(args.run, args.store, args.split)
    out = Path(args.out or f"{Path(args.run).name}.html")
    write_text(out, page)
    print(f"{out}: {len(page.encode()) / 1e6:.1f} MB")


COMMAND = Command("a run as one HTML page: what it is, its training, its evaluation with figures, how to make it again",
                  "qso report demo --store demo.store --out demo.html", _arguments, _run, kept="no report was written")
