"""``qso sed``: photometry against stars, galaxies, quasars and quasars behind galaxies."""

from qsocore.cli import Command

_KINDS = ("star", "galaxy", "quasar", "quasar+galaxy")


def _arguments(parser):
    parser.add_argument("source", metavar="TABLE|STORE",
                        help="a store, which keeps the columns too, or a table with g_mag, g_magerr or g_flux, g_fluxerr (uJy)")
    parser.add_argument("--out", metavar="FILE", help="table to write: .parquet, .csv or .fits; needed unless it is a store")
    parser.add_argument("--ids", metavar="ID", nargs="+", default=(),
                        help="only these objects: object ids or their survey's names, or a text file of such, one a line")
    parser.add_argument("--where", metavar="RULE", help="only those that a rule selects, such as 'mag_z < 21'")
    parser.add_argument("--kinds", metavar="KIND", nargs="+", choices=_KINDS, default=_KINDS,
                        help=f"which kinds of models, of {', '.join(_KINDS)} (default all)")
    parser.add_argument("--sample", metavar="N", type=int, default=0,
                        help="sample the parameters of the N most lens-like, into OUT.samples/ID.npz; a minute each")
    parser.add_argument("--limits", choices=("gaussian", "censored"), default="gaussian",
                        help="upper limits as a flux of 0 with a third of the limit as error, or as probabilities to lie below")
    parser.add_argument("--floor", metavar="SHARE", type=float, default=0.0,
                        help="relative error that is added to all, for what templates cannot do better than (default 0); with "
                             "0.08 the intervals of redshifts are honest")
    parser.add_argument("--stars", metavar="FOLDER", help="another library of stars: a folder with a list as LePHARE has it")
    parser.add_argument("--backend", metavar="NAME", default="own",
                        help="own, lephare (extra lephare) or bagpipes (extra bagpipes)")
    parser.add_argument("--lephare", metavar="FOLDER", help="LePHARE's data (default $LEPHAREDIR)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the samples")


def _run(args):
    from qsocore.workflow.chosen import ids_of
    from qsocore.workflow.sed import sed

    table = sed(args.source, args.out, ids=ids_of(args.ids), where=args.where, kinds=args.kinds, samples=args.sample,
                backend=args.backend, stars=args.stars, limits=args.limits, floor=args.floor, data=args.lephare, seed=args.seed)
    best = table.column("sed_kind").value_counts().to_pylist()
    counts = ", ".join(f"{entry['counts']:,} {entry['values'] or 'without photometry'}"
                       for entry in sorted(best, key=lambda entry: -entry["counts"]))
    print(f"{args.out or args.source}: {table.num_rows:,} objects; {counts}")


COMMAND = Command("fit photometry with stars, galaxies, quasars and quasars behind galaxies: chi2, BIC, redshifts",
                  "qso sed objects.csv --out fits.parquet\n"
                  "qso sed search.store --where 'mag_z < 21' --out fits.csv --sample 3\n"
                  "qso sed objects.csv --out lephare.fits --backend lephare --lephare lephare-data/",
                  _arguments, _run, kept="the table is written whole or not at all")
