"""``qso train``: train a model on a store."""

from qsocore.cli import Command


def _arguments(parser):
    from qsocore.models import MODELS

    parser.add_argument("model", metavar="MODEL", help=f"one of {', '.join(MODELS.names())}")
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("--run", metavar="NAME", required=True, help="name of the new run")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[],
                        help="a setting of the model, the training or the normalisation, such as latents=8, epochs=40, "
                             "error_floor=0.1, grid=rest-uv1500; may be repeated")


def _run(args):
    from qsocore.workflow.train import train

    run = train(args.model, args.store, args.run, args.set)
    print(f"{run.path}: best at step {run.config['best_step']} of {run.config['step']}, "
          f"validation loss {run.config['best_loss']:.1f}")


COMMAND = Command("train a model on a store", "qso train infovae demo.store --run demo --set latents=16", _arguments, _run,
                  kept="the last checkpoint is kept: the same command goes on from it")
