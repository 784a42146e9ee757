"""``qso demo``: the whole road on a simulated survey."""

from qsocore.cli import Command, parser_of
from qsocore.commands import COMMANDS


def _arguments(parser):
    parser.add_argument("--images", action="store_true", help="cutouts in five bands instead of spectra")
    parser.add_argument("--size", type=int, metavar="N", help="objects to simulate (default: 20,000 spectra, 6,000 cutouts)")
    parser.add_argument("--store", metavar="PATH", help="its store (default: demo.store, images.store)")
    parser.add_argument("--no-serve", action="store_true", help="stop when the store is ready")
    parser.add_argument("--port", help="of the dashboard, as for qso serve")
    parser.add_argument("--no-browser", action="store_true", help="open no browser")


def _run(args):
    import time

    from qsocore.workflow.demo import IMAGES, SPECTRA, make_demo

    start, demo = time.monotonic(), IMAGES if args.images else SPECTRA
    path = args.store or ("images.store" if args.images else "demo.store")
    store = make_demo(path, args.size, demo=demo)
    seconds, runs = time.monotonic() - start, " and ".join(repr(run.name) for run in demo.runs)
    word = "run" if len(demo.runs) == 1 else "runs"
    print(f"{store.path}: {store.n_rows:,} objects with the {word} {runs}, ready after {seconds:.1f} s", flush=True)
    if args.no_serve:
        return 0
    words = [path, *(["--port", args.port] if args.port else []), *(["--no-browser"] if args.no_browser else [])]
    return COMMANDS.get("serve").run(parser_of("serve").parse_args(words))


COMMAND = Command("simulate a survey, train on it, map it and serve it: the whole road in one command",
                  "qso demo --size 2000 --store small.store --no-serve", _arguments, _run,
                  kept="finished steps are kept, the same command goes on from there")
