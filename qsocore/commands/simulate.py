"""``qso simulate``: a simulated survey as a store."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("--out", metavar="STORE", required=True, help="folder of the store to be")
    parser.add_argument("--n", metavar="N", type=int, help="how many objects, as in 10_000_000")
    parser.add_argument("--seed", type=int, default=0, help="everything follows from it (default 0)")
    parser.add_argument("--survey", metavar="NAME", default="boss",
                        help="instrument: boss (default) or desi for spectra, des for images in five bands and photometry in "
                             "nine")
    parser.add_argument("--grid", metavar="NAME", help="wavelength grid by name, or SCALE:START:STOP:N (default atlas2048)")
    parser.add_argument("--mixture", metavar="CLASS=WEIGHT", nargs="+",
                        help="weights of QSO, STAR and GALAXY (default 55, 25, 20 %%), or of parts of them: BAL, O, B, A, F, "
                             "G, K, M, L, WD, C, CV; with des of QSO, LENS, M, L, T, PASSIVE, STARFORMING, BLEND, ROUND, "
                             "BETWEEN, CIGAR, EDGEON, SPIRAL, or one of the names des (default), glq, morphology")
    parser.add_argument("--quasars", metavar="NAME",
                        help="which quasars: dr16q (default), boss, all, or flat, as many of every redshift")
    parser.add_argument("--redshift", metavar=("FROM", "TO"), type=float, nargs=2, help="of quasars (default 0.1 to 4.3)")
    parser.add_argument("--label-noise", metavar="SHARE", type=float, default=0.0,
                        help="share of O, B and C stars, or with des of galaxies of the morphology set, that the "
                             "catalogue calls something else (default 0)")
    parser.add_argument("--cutout", metavar="PIXELS", type=int, help="with des, side of the images (default 28)")
    parser.add_argument("--like", metavar="TABLE",
                        help="with des and instead of --n, stand-ins of a table's objects: points of their own fluxes")
    parser.add_argument("--selection", metavar="NAME",
                        help="with des, what the sample has passed: none (default), or glq, the cuts of a search for "
                             "quasars at z = 6")
    parser.add_argument("--catalog-only", action="store_true",
                        help="no spectra, but 10 million objects a minute: their catalogue, and latents and maps of no model "
                             "(made up from the true parameters)")
    parser.add_argument("--projection", metavar="NAME", action="append",
                        help="with --catalog-only, a map of the latents: pca (default), umap (10 s a million); may be repeated")
    parser.add_argument("--workers", type=int, help="processes (default one per processor); they change nothing but the time")


def _run(args):
    from qsocore.errors import ConfigError

    images = args.survey == "des"
    if (args.n is None) == (args.like is None):
        raise ConfigError("how many objects is said by --n, or which by --like", "simulate", "give one of them")
    for name, belongs in {"cutout": images, "like": images, "selection": images, "grid": not images, "quasars": not images,
                          "redshift": not images, "catalog_only": not images, "projection": args.catalog_only}.items():
        if getattr(args, name) and not belongs:
            raise ConfigError(f"--{name.replace('_', '-')} has no meaning here", f"--survey {args.survey}", _BELONGS[name])
    store = (_images if images else _spectra)(args)
    print(f"{store.path}: {store.n_rows:,} simulated objects")


_BELONGS = {"cutout": "images are simulated with --survey des", "like": "images are simulated with --survey des",
            "selection": "images are simulated with --survey des",
            "projection": "spectra have no latents before a model is trained: use it with --catalog-only"} | dict.fromkeys(
                ("grid", "quasars", "redshift", "catalog_only"), "it is for spectra: --survey boss or desi")


def _images(args):
    if args.like:
        from qsocore.workflow.stand_ins import simulate_stand_ins

        return simulate_stand_ins(args.out, args.like, args.seed, args.cutout or 28)
    from qsocore.simulate.images.kinds import ImageSample, parse_mixture
    from qsocore.workflow.simulate import simulate_images

    sample = ImageSample(args.selection or "none", args.label_noise)
    return simulate_images(args.out, args.n, args.seed, args.workers, parse_mixture(args.mixture or ["des"]), sample,
                           args.cutout or 28)


def _spectra(args):
    from qsocore.errors import ConfigError
    from qsocore.grid import DEFAULT_GRID, get_grid
    from qsocore.simulate.luminosity import Z_RANGE
    from qsocore.simulate.population import DEMO_MIXTURE, Sample, parse_mixture
    from qsocore.workflow.simulate import simulate

    grid = get_grid(args.grid) if args.grid else DEFAULT_GRID
    mixture = parse_mixture(args.mixture) if args.mixture else DEMO_MIXTURE
    settings = args.out, args.n, args.seed, args.survey, grid, args.workers, mixture
    sample = Sample(args.quasars or "dr16q", tuple(args.redshift or Z_RANGE), args.label_noise)
    if args.catalog_only and sample != Sample():
        raise ConfigError("a catalogue without spectra has the default quasars", "--catalog-only",
                          "leave out --quasars, --redshift and --label-noise")
    if not args.catalog_only:
        return simulate(*settings, sample)
    from qsocore.workflow.simulate_catalogue import simulate_catalogue

    return simulate_catalogue(*settings, args.projection or ("pca",))


COMMAND = Command("simulate a survey: quasars, stars and galaxies with their true parameters, observed by BOSS, DESI or DES",
                  "qso simulate --out sim.store --n 2000 --seed 1", _arguments, _run)
