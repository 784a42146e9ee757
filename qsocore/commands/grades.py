"""``qso grades``: grades out of a store and into it."""

from qsocore.cli import Command
from qsocore.commands._labels import add_labels_option


def _arguments(parser):
    deeds = parser.add_subparsers(dest="deed", required=True, metavar="export|import")
    out = deeds.add_parser("export", help="write grades to a file")
    out.add_argument("store", metavar="STORE", help="folder of the store")
    out.add_argument("--out", metavar="FILE", required=True, help="ends in .csv, .fits, .vot or .parquet")
    out.add_argument("--format", choices=("table", "desi", "sled"), default="table",
                     help="a table of our own, DESI's visual inspection, or SLED's vocabulary with A=3, B=2, C=1, X=0 "
                          "(default: table)")
    out.add_argument("--campaign", metavar="NAME", default="", help="grades of this campaign alone")
    out.add_argument("--each", action="store_true", help="one row per verdict instead of one per object")
    back = deeds.add_parser("import", help="append the grades of an earlier file; a second time adds nothing")
    back.add_argument("store", metavar="STORE", help="folder of the store")
    back.add_argument("file", metavar="FILE", help="CSV, FITS, VOTable or Parquet: of ours, of DESI or of SLED")
    back.add_argument("--format", choices=("table", "desi", "sled"), default="",
                      help="what it is (default: as its columns look)")
    back.add_argument("--person", metavar="NAME", default="", help="who graded, where the file does not say")
    for deed in (out, back):
        add_labels_option(deed)


def _run(args):
    from qsocore.workflow.grades import export_grades, import_grades

    if args.deed == "export":
        n = export_grades(args.store, args.out, args.format, args.campaign, args.each, args.labels)
        print(f"{args.out}: {n:,} rows")
        return
    found = import_grades(args.store, args.file, args.format, args.person, args.labels)
    print(f"{args.file}: {found.added:,} verdicts added, {found.known:,} were there already, {found.silent:,} rows say "
          f"nothing, {len(found.unmatched):,} objects are not in the store")
    for name in found.unmatched:
        print(f"  not in the store: {name}")


COMMAND = Command("write grades as a table, as DESI or as SLED does, and take in those of earlier files",
                  "qso grades export demo.store --out grades.csv --format desi\n"
                  "qso grades import demo.store earlier.csv --person ada",
                  _arguments, _run, kept="no grade is kept by halves")
