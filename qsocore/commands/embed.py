"""``qso embed``: latents, reconstruction errors and maps of a store under a run."""

from qsocore.cli import Command


def _arguments(parser):
    from qsocore.projections import PROJECTIONS

    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("--run", metavar="NAME", required=True, help="a run of the store or of your library, or its folder")
    parser.add_argument("--projection", metavar="NAME", action="append",
                        help=f"of {', '.join(PROJECTIONS.names())} (umap and pca by default); may be repeated")
    parser.add_argument("--seed", type=int, default=0, help="of the projections (default 0)")


def _run(args):
    from qsocore.workflow.embed import embed

    run = embed(args.store, args.run, args.projection or ("umap", "pca"), args.seed)
    print(f"{run.path}: {run.latents.name}, {', '.join(run.projections())}")


COMMAND = Command("write latents, reconstruction errors and maps of a store's objects under a run",
                  "qso embed demo.store --run demo", _arguments, _run)
