"""``qso simulate``: a simulated survey as a store."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("--out", metavar="STORE", required=True, help="folder of the store to be")
    parser.add_argument("--n", metavar="N", type=int, required=True, help="how many objects, as in 10_000_000")
    parser.add_argument("--seed", type=int, default=0, help="everything follows from it (default 0)")
    parser.add_argument("--survey", metavar="NAME", default="boss", help="instrument: boss or desi (default boss)")
    parser.add_argument("--grid", metavar="NAME", help="wavelength grid by name, or SCALE:START:STOP:N (default atlas2048)")
    parser.add_argument("--mixture", metavar="CLASS=WEIGHT", nargs="+",
                        help="weights of QSO, STAR and GALAXY (default 55, 25, 20 %%), or of parts of them: BAL, O, B, A, F, "
                             "G, K, M, L, WD, C, CV")
    parser.add_argument("--quasars", metavar="NAME", default="dr16q",
                        help="which quasars: dr16q (default), boss, all, or flat, as many of every redshift")
    parser.add_argument("--redshift", metavar=("FROM", "TO"), type=float, nargs=2, help="of quasars (default 0.1 to 4.3)")
    parser.add_argument("--label-noise", metavar="SHARE", type=float, default=0.0,
                        help="share of O, B and C stars that the catalogue calls something else (default 0)")
    parser.add_argument("--catalog-only", action="store_true",
                        help="no spectra, but 10 million objects a minute: their catalogue, and latents and maps of no model "
                             "(made up from the true parameters)")
    parser.add_argument("--projection", metavar="NAME", action="append",
                        help="with --catalog-only, a map of the latents: pca (default), umap (10 s a million); may be repeated")
    parser.add_argument("--workers", type=int, help="processes (default one per processor); they change nothing but the time")


def _run(args):
    from qsocore.errors import ConfigError
    from qsocore.grid import DEFAULT_GRID, get_grid
    from qsocore.simulate.luminosity import Z_RANGE
    from qsocore.simulate.population import DEMO_MIXTURE, Sample, parse_mixture
    from qsocore.workflow.simulate import simulate

    grid = get_grid(args.grid) if args.grid else DEFAULT_GRID
    mixture = parse_mixture(args.mixture) if args.mixture else DEMO_MIXTURE
    settings = args.out, args.n, args.seed, args.survey, grid, args.workers, mixture
    sample = Sample(args.quasars, tuple(args.redshift or Z_RANGE), args.label_noise)
    if args.catalog_only and sample != Sample():
        raise ConfigError("a catalogue without spectra has the default quasars", "--catalog-only",
                          "leave out --quasars, --redshift and --label-noise")
    if args.catalog_only:
        from qsocore.workflow.simulate_catalogue import simulate_catalogue

        store = simulate_catalogue(*settings, args.projection or ("pca",))
    elif args.projection:
        raise ConfigError("spectra have no latents before a model is trained", "--projection", "use it with --catalog-only")
    else:
        store = simulate(*settings, sample)
    print(f"{store.path}: {store.n_rows:,} simulated objects")


COMMAND = Command("simulate a survey: quasars, stars and galaxies with their true parameters, observed by BOSS or DESI",
                  "qso simulate --out sim.store --n 2000 --seed 1", _arguments, _run)
