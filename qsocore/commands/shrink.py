"""``qso shrink``: slim copies of spec files."""

from qsocore.cli import EXIT_ERROR, Command


def _arguments(parser):
    parser.add_argument("paths", metavar="PATH", nargs="+", help="spec files, and folders that are searched for them")
    parser.add_argument("--out", metavar="FOLDER", required=True, help="where the copies go; originals are only read")


def _run(args):
    from qsocore.cli import explain
    from qsocore.workflow.shrink import shrink

    done = shrink(args.paths, args.out)
    refused = [one for one in done if one.refusal is not None]
    for one in refused:
        print(f"left out: {explain(one.refusal)}")
    before, after = (sum(getattr(one, side) for one in done if one.refusal is None) for side in ("before", "after"))
    n = len(done) - len(refused)
    saved = f", {100 * (before - after) / before:.0f} % saved" if before else ""
    print(f"{args.out}: {n:,} copies verified, {before / 1e6:.1f} MB -> {after / 1e6:.1f} MB{saved}; {len(refused):,} left out")
    return EXIT_ERROR if refused else 0


COMMAND = Command("write slim copies of SDSS spec files (flux, loglam, ivar, mask, catalogue row), each verified",
                  "qso shrink spectra/ --out slim/", _arguments, _run,
                  kept="copies that are whole are kept; the same command makes them again")
