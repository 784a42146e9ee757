"""``qso download``: what archives have of objects."""

from qsocore.cli import EXIT_ERROR, Command

_GB = 1024**3


def _arguments(parser):
    from qsocore.archive import SOURCES

    parser.add_argument("source", metavar="SOURCE", help=f"where files lie: one of {', '.join(SOURCES.names())}")
    parser.add_argument("table", metavar="TABLE|STORE", help="objects: a store, a table, or a text file of ids or URLs")
    parser.add_argument("--out", metavar="FOLDER", required=True, help="where files go, for 'qso ingest FOLDER'; with a ledger "
                        "by which a second call fetches what is missing")
    parser.add_argument("--url", metavar="URL", default="", help="the service (sia), or a template (template) with {ra}, "
                        "{dec}, {object_id}, {band} or columns in braces")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="a setting of the source, such as "
                        "release=dr16, kind=full, size=10, bands=g,r,i, column=access_url; may be repeated")
    parser.add_argument("--ids", metavar="ID", nargs="+", help="only these objects: ids, or one text file of ids")
    parser.add_argument("--where", metavar="RULE", default="", help="only objects for which this holds, as 'z > 6'")
    parser.add_argument("--run", metavar="NAME", help="run of the store whose columns --where uses")
    parser.add_argument("--dry-run", action="store_true", help="fetch nothing; say how many files and bytes there are")
    parser.add_argument("--retry-failed", action="store_true", help="ask again for what the archive said it does not have or "
                        "give; other failures are tried again by every call")
    parser.add_argument("--checksums", metavar="FILE", action="append", default=[], help="sums as sha256sum, sha1sum or md5sum "
                        "write them, to which files are held; may be repeated")
    parser.add_argument("--allow-host", metavar="HOST[:PORT]", action="append", default=[], help="a host of this machine or "
                        "its network that may be gone to; --url and mirrors in --set are allowed as they stand")
    parser.add_argument("--report", metavar="FILE.json", help="counts, and all that failed and why, as JSON")
    limits = parser.add_argument_group("limits")
    limits.add_argument("--per-host", type=int, default=4, metavar="N", help="connections to one host at once (default 4)")
    limits.add_argument("--workers", type=int, default=16, metavar="N", help="connections in all (default 16)")
    limits.add_argument("--tries", type=int, default=5, metavar="N", help="of one file in one call (default 5)")
    limits.add_argument("--timeout", type=float, default=3600, metavar="S", help="of one try of a file (default 3600 s)")
    limits.add_argument("--stall", type=float, default=60, metavar="S", help="without a byte (default 60 s)")
    limits.add_argument("--largest", type=float, default=8, metavar="GB", help="file that is still fetched (default 8)")


def _run(args):
    from qsocore.archive.fetch import Manners
    from qsocore.archive.retry import Patience
    from qsocore.workflow.download import download

    manners = Manners(args.per_host, args.workers, read=args.stall, total=args.timeout, largest=int(args.largest * _GB),
                      patience=Patience(tries=args.tries))
    done = download(args.source, args.table, args.out, settings=args.set, url=args.url, ids=args.ids, where=args.where,
                    run=args.run, checksums=args.checksums, allow=args.allow_host, manners=manners,
                    retry_failed=args.retry_failed, dry_run=args.dry_run, report=args.report)
    print(done.table())
    return EXIT_ERROR if done.failures else 0


COMMAND = Command("fetch spectra and images of objects from archives, resumable and verified",
                  "qso download sdss quasars.csv --out spectra/ --dry-run\n"
                  "qso download sia targets.csv --out cutouts/ --url https://datalab.noirlab.edu/sia/des_dr2 "
                  "--set bands=g,r,i,z,Y\n"
                  "qso download template search.store --out cutouts/ --where 'z > 6' --set size=40",
                  _arguments, _run, kept="whole files are kept, and parts; the same command goes on from there")
