"""``qso check``: validate a store."""

from qsocore.cli import EXIT_ERROR, Command


def _arguments(parser):
    parser.add_argument("store", metavar="STORE", help="folder of the store")


def _run(args):
    from qsocore.store.check import check

    findings = check(args.store)
    for finding in findings:
        print(finding)
    errors = sum(finding.severity == "error" for finding in findings)
    print(f"{args.store}: {errors} errors, {len(findings) - errors} warnings" if findings else f"{args.store}: clean")
    return EXIT_ERROR if errors else 0


COMMAND = Command("validate a store: every checksum, value, object id, run and verdict", "qso check demo.store",
                  _arguments, _run, kept="a store is only read")
