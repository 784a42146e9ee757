"""``qso info``: what a store holds."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("--json", action="store_true", help="for programs")


def _run(args):
    from qsocore.workflow.info import as_text, store_info

    info = store_info(args.store)
    if args.json:
        import json

        print(json.dumps(info, indent=1, ensure_ascii=False))
    else:
        print(as_text(info))


COMMAND = Command("say what a store holds: objects, grid, columns with units, runs, citations", "qso info demo.store",
                  _arguments, _run, kept="a store is only read")
