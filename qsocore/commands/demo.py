"""``qso demo``: the whole road on a simulated survey."""

from qsocore.cli import Command, parser_of
from qsocore.commands import COMMANDS


def _arguments(parser):
    parser.add_argument("--size", type=int, metavar="N", help="objects to simulate (default: 20,000)")
    parser.add_argument("--store", metavar="PATH", default="demo.store", help="its store (default: %(default)s)")
    parser.add_argument("--no-serve", action="store_true", help="stop when the store is ready")
    parser.add_argument("--port", help="of the dashboard, as for qso serve")
    parser.add_argument("--no-browser", action="store_true", help="open no browser")


def _run(args):
    import time

    from qsocore.workflow.demo import RUN, make_demo

    start = time.monotonic()
    store = make_demo(args.store, args.size)
    seconds = time.monotonic() - start
    print(f"{store.path}: {store.n_rows:,} objects with the run {RUN!r}, ready after {seconds:.1f} s", flush=True)
    if args.no_serve:
        return 0
    words = [args.store, *(["--port", args.port] if args.port else []), *(["--no-browser"] if args.no_browser else [])]
    return COMMANDS.get("serve").run(parser_of("serve").parse_args(words))


COMMAND = Command("simulate a survey, train on it, map it and serve it: the whole road in one command",
                  "qso demo --size 2000 --store small.store --no-serve", _arguments, _run,
                  kept="finished steps are kept, the same command goes on from there")
