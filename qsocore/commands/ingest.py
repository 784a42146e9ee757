"""``qso ingest``: survey files into a store."""

from qsocore.cli import EXIT_ERROR, Command

_IMAGES = ("bands", "cutout", "positions", "into", "pixel_scale", "zero_point")


def _arguments(parser):
    parser.add_argument("paths", metavar="PATH", nargs="+", help="files, and folders that are searched for files")
    parser.add_argument("--out", metavar="STORE", help="folder of the store to be")
    parser.add_argument("--survey", metavar="NAME", help="reader for all files (default: recognised file by file); catalogue: "
                        "a store of a table alone")
    parser.add_argument("--grid", metavar="NAME", help="wavelength grid by name, or SCALE:START:STOP:N (default atlas2048)")
    parser.add_argument("--catalog", metavar="TABLE", help="CSV, FITS, VOTable or Parquet to join by id, else by position")
    parser.add_argument("--report", metavar="FILE.json", help="what became of every file and every row")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default one per processor, fewer for little data)")
    images = parser.add_argument_group("images")
    images.add_argument("--into", metavar="STORE", help="put images beside the spectra of a store, by id, else by position")
    images.add_argument("--bands", metavar="BANDS", help="bands of the store, as grizY or g,r,W1, and of files that do not "
                        "name theirs, in order")
    images.add_argument("--cutout", type=int, metavar="N", help="pixels of a side (default that of most files, 28 from frames)")
    images.add_argument("--positions", metavar="TABLE", help="ids, ra and dec at which frames are cut")
    images.add_argument("--pixel-scale", type=float, metavar="ARCSEC", help="of images that do not say theirs")
    images.add_argument("--zero-point", type=float, metavar="MAG", help="AB magnitude of flux 1, of images that do not say it")


def _run(args):
    from qsocore.grid import DEFAULT_GRID, get_grid
    from qsocore.workflow.ingest import ingest

    grid = get_grid(args.grid) if args.grid else DEFAULT_GRID
    report = ingest(args.paths, args.out, survey=args.survey, grid=grid, catalog=args.catalog, report=args.report,
                    workers=args.workers, images=_wish(args))
    print(report.table())
    return 0 if report.store else EXIT_ERROR


def _wish(args):
    """What is said of images; None when nothing is."""
    said = {name: getattr(args, name) for name in _IMAGES if getattr(args, name) is not None}
    if not said:
        return None
    from pathlib import Path

    from qsocore.surveys._bands import parse_bands
    from qsocore.workflow.image_sources import Wish

    read = {"bands": parse_bands, "positions": Path, "into": Path}
    return Wish(**{name: read.get(name, lambda value: value)(value) for name, value in said.items()})


COMMAND = Command("read survey files into a store, and account for every file", "qso ingest spectra/ --out survey.store",
                  _arguments, _run, kept="whole shards are kept; the same command goes on from there")
