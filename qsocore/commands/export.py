"""``qso export``: rows of a store into Parquet, CSV, FITS, VOTable or a list of ids; or its spectra."""

from pathlib import Path

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("--out", metavar="FILE", required=True,
                        help="ends in .parquet, .csv, .fits, .vot, or .txt (object ids, one a line); with --spectra in .h5, "
                             ".npy or .fits")
    parser.add_argument("--columns", metavar="NAME", nargs="+", help="which, in which order (default all of the catalogue)")
    parser.add_argument("--where", metavar="SELECTION", help="which rows, such as 'z > 2 & class == \"QSO\"' (default all)")
    parser.add_argument("--selection", metavar="FILE",
                        help="which rows: a kept selection or a rule as JSON, or the name of a selection kept in the store; "
                             "the number of objects is held against the one that was kept")
    parser.add_argument("--run", metavar="NAME", help="run whose latents, maps (umap_x ...) and columns the three above may "
                                                      "use (default: that of the kept selection)")
    parser.add_argument("--spectra", action="store_true",
                        help="spectra, as other networks read them: .h5 as mqc-nets (fluxes, classes), .npy (fluxes, _ivar, "
                             "_ids), .fits as QuasarNET (443 fluxes and inverse variances)")
    parser.add_argument("--grid", metavar="NAME", help="grid of the spectra (default mqc433 for .h5, vae1500 for .npy, "
                                                       "qnet443 for .fits)")
    parser.add_argument("--force", action="store_true", help="go on though a kept selection yields another number of objects")


def _run(args):
    from qsocore.workflow.export import export, provenance_file

    columns = [name for word in args.columns for name in word.split(",") if name] if args.columns else None
    rows = export(args.store, args.out, columns, args.where, args.selection, args.run, args.force,
                  args.spectra, args.grid)
    beside = provenance_file(Path(args.out))
    what = "spectra" if args.spectra else "rows"
    print(f"{args.out}: {rows:,} {what}" + (f"; where they come from: {beside}" if beside.exists() else ""))


COMMAND = Command("write catalogue rows to Parquet, CSV, FITS, VOTable or a list of ids, with units, roles and provenance",
                  "qso export demo.store --out quasars.fits --columns object_id ra dec z --where 'z > 2 & class == \"QSO\"'\n"
                  "qso export demo.store --out lasso.csv --selection rule.json --run demo --columns object_id z umap_x umap_y\n"
                  "qso export demo.store --out spectra.h5 --spectra --where 'snr_median > 5'",
                  _arguments, _run, kept="the file is written whole or not at all")
