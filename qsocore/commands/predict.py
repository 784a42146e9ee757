"""``qso predict``: what a run predicts for the objects of a store, as a table."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("--run", metavar="NAME", required=True,
                        help="a run of the store, of your library or of the package, or its folder")
    parser.add_argument("--out", metavar="FILE", help="to write besides: .parquet, .csv or .fits")
    parser.add_argument("--refine", action="store_true",
                        help="refine redshifts by templates, 5 ms a spectrum: z_pred, z_err, z_2nd, z_warn_pred ...")
    parser.add_argument("--format", metavar="NAME", choices=["zbest"],
                        help="zbest: a FITS table as QuasarNET and redrock write it (TARGETID, ZBEST, ZWARN, C_LINES ...)")


def _run(args):
    from qsocore.workflow.predict import predict

    table = predict(args.store, args.run, args.out, layout=args.format, refine=args.refine)
    print(f"{args.out or args.store}: {table.num_rows:,} objects, {', '.join(table.column_names)}")


COMMAND = Command("write what a run says of a store's objects: redshifts, classes, or latents",
                  "qso predict demo.store --run demo --out latents.parquet", _arguments, _run)
