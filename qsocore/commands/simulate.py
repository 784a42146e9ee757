"""``qso simulate``: a simulated survey as a store."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("--out", metavar="STORE", required=True, help="folder of the store to be")
    parser.add_argument("--n", type=int, required=True, help="how many objects")
    parser.add_argument("--seed", type=int, default=0, help="everything follows from it (default 0)")
    parser.add_argument("--survey", metavar="NAME", default="boss", help="instrument: boss or desi (default boss)")
    parser.add_argument("--grid", metavar="NAME", help="wavelength grid by name, or SCALE:START:STOP:N (default atlas2048)")
    parser.add_argument("--mixture", metavar="CLASS=WEIGHT", nargs="+",
                        help="weights of QSO, STAR and GALAXY (default 55, 25, 20 %%)")
    parser.add_argument("--workers", type=int, help="processes (default one per processor); they change nothing but the time")


def _run(args):
    from qsocore.grid import DEFAULT_GRID, get_grid
    from qsocore.simulate.population import DEMO_MIXTURE, parse_mixture
    from qsocore.workflow.simulate import simulate

    grid = get_grid(args.grid) if args.grid else DEFAULT_GRID
    mixture = parse_mixture(args.mixture) if args.mixture else DEMO_MIXTURE
    store = simulate(args.out, args.n, args.seed, args.survey, grid, args.workers, mixture)
    print(f"{store.path}: {store.n_rows:,} simulated objects")


COMMAND = Command("simulate a survey: quasars, stars and galaxies with their true parameters, observed by BOSS or DESI",
                  "qso simulate --out sim.store --n 2000 --seed 1", _arguments, _run)
