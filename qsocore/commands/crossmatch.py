"""``qso crossmatch``: rows of two catalogues that lie near each other on the sky."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("a", metavar="A",
                        help="a table (CSV, FITS, VOTable, Parquet, npz) or a store; for hats a HATS catalogue")
    parser.add_argument("b", metavar="B", help="another; for cds also a catalogue of VizieR, such as vizier:II/328/allwise")
    parser.add_argument("--radius", metavar="ANGLE", default="1arcsec",
                        help="the largest distance, such as 1arcsec, 0.5arcmin or 0.1deg (default: %(default)s)")
    parser.add_argument("--find", choices=("best", "all"), default="best",
                        help="the nearest of B for each of A, or every pair (default: %(default)s)")
    parser.add_argument("--symmetric", action="store_true", help="of the best only those that are each other's nearest")
    parser.add_argument("--how", metavar="NAME", default="memory",
                        help="memory, hats (beyond memory, by lsdb) or cds (the service of CDS); default: %(default)s")
    parser.add_argument("--no-shifts", action="store_true", help="do not measure matches by chance with A moved aside")
    parser.add_argument("--out", metavar="FILE", required=True, help="ends in .parquet, .csv, .fits or .vot")


def _run(args):
    from qsocore.workflow.crossmatch import crossmatch

    report = crossmatch(args.a, args.b, args.out, args.radius, args.find, args.symmetric, args.how, not args.no_shifts)
    print(report.to_text())
    print(args.out)


COMMAND = Command("match two catalogues by position, with separations and the chance that a match is none",
                  "qso crossmatch candidates.parquet allwise.fits --radius 1arcsec --find best --out both.parquet\n"
                  "qso crossmatch des_hats/ allwise_hats/ --radius 1arcsec --how hats --out both.parquet",
                  _arguments, _run, kept="the file is written whole or not at all")
