"""``qso tune``: search the settings of a model."""

from qsocore.cli import Command


def _arguments(parser):
    from qsocore.models import MODELS

    parser.add_argument("model", metavar="MODEL", help=f"one of {', '.join(MODELS.names())} that has latents")
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("--run", metavar="NAME", required=True, help="name of the best trial's run, which is kept")
    parser.add_argument("--trials", metavar="N", type=int, default=20,
                        help="how many the study shall have, earlier calls included (default 20)")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[],
                        help="a setting held fixed, as for qso train, such as latents=6, epochs=15; may be repeated")
    parser.add_argument("--study", metavar="FILE",
                        help="SQLite file of the study (default runs/NAME.study.sqlite in the store)")


def _run(args):
    from qsocore.workflow.tune import tune

    found = tune(args.model, args.store, args.run, args.trials, args.set, args.study, told=lambda line: print(line, flush=True))
    print(f"{found.run.path}: validation chi2 per pixel {found.chi2_pix:.4f}, the best of {found.done} trials done, "
          f"{found.pruned} pruned, {found.failed} failed")
    settings = " ".join(f"--set {word}" for word in found.words)
    print(f"its settings: qso train {args.model} {args.store} --run {args.run} {settings}")


COMMAND = Command("search the settings of a model by its validation chi2, resumable",
                  "qso tune infovae demo.store --run best --trials 20 --set latents=6 --set epochs=15", _arguments, _run,
                  kept="the study and the last checkpoint are kept: the same command goes on from them")
