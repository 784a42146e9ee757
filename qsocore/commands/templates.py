"""``qso templates``: learn the templates of the redshift step again."""

from qsocore.cli import Command


def _arguments(parser):
    parser.add_argument("--out", metavar="FILE", required=True, help="safetensors file to be")
    parser.add_argument("--seed", type=int, default=0, help="everything follows from it (default 0)")


def _run(args):
    from qsocore.workflow.templates import make_templates

    sets = make_templates(args.out, args.seed)
    print(f"{args.out}: {len(sets)} template sets, {', '.join(one.name for one in sets)}")


COMMAND = Command("learn the templates that 'qso predict --refine' fits, from the simulator",
                  "qso templates --out templates.safetensors", _arguments, _run)
