"""``qso ingest``: survey files into a store."""

from qsocore.cli import EXIT_ERROR, Command


def _arguments(parser):
    parser.add_argument("paths", metavar="PATH", nargs="+", help="files, and folders that are searched for files")
    parser.add_argument("--out", metavar="STORE", required=True, help="folder of the store to be")
    parser.add_argument("--survey", metavar="NAME", help="reader for all files (default: recognised file by file)")
    parser.add_argument("--grid", metavar="NAME", help="wavelength grid by name, or SCALE:START:STOP:N (default atlas2048)")
    parser.add_argument("--catalog", metavar="TABLE", help="CSV, FITS, VOTable or Parquet to join by id, else by position")
    parser.add_argument("--report", metavar="FILE.json", help="what became of every file and every row")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default one per processor, fewer for little data)")


def _run(args):
    from qsocore.grid import DEFAULT_GRID, get_grid
    from qsocore.workflow.ingest import ingest

    grid = get_grid(args.grid) if args.grid else DEFAULT_GRID
    report = ingest(args.paths, args.out, survey=args.survey, grid=grid, catalog=args.catalog, report=args.report,
                    workers=args.workers)
    print(report.table())
    return 0 if report.store else EXIT_ERROR


COMMAND = Command("read survey files into a store, and account for every file", "qso ingest spectra/ --out survey.store",
                  _arguments, _run, kept="whole shards are kept; the same command goes on from there")
