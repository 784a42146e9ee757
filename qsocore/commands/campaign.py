"""``qso campaign``: make queues that several people grade, and see what has come of them."""

import json

from qsocore.cli import Command
from qsocore.commands._labels import add_labels_option


def _arguments(parser):
    deeds = parser.add_subparsers(metavar="DEED", dest="deed", required=True, parser_class=type(parser))
    _create(_deed(deeds, "create", "make a campaign from a selection"))
    status = _named(_deed(deeds, "status", "progress, agreement, consistency, completeness and purity of a campaign"))
    status.add_argument("--json", action="store_true", help="everything, as JSON")
    _deed(deeds, "list", "the campaigns there are")
    dispute = _named(_deed(deeds, "disagreement", "objects graded differently, the most disputed first"))
    dispute.add_argument("--n", metavar="N", type=int, default=50, help="at most so many (default %(default)s)")


def _deed(deeds, name, summary):
    parser = deeds.add_parser(name, help=summary, description=summary)
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    add_labels_option(parser)
    return parser


def _named(parser):
    parser.add_argument("--name", metavar="NAME", required=True, help="name of the campaign")
    return parser


def _create(parser):
    _named(parser)
    parser.add_argument("--desk", choices=("lenses", "spectra"), default="lenses", help="where it is graded (default: lenses)")
    parser.add_argument("--where", metavar="SELECTION", help="which objects, such as 'mag_z < 21 & mag_i - mag_z > 1'")
    parser.add_argument("--selection", metavar="FILE",
                        help="which objects: a kept selection or a rule as JSON, or the name of a selection kept in the store")
    parser.add_argument("--ids", metavar="ID", nargs="+", help="which objects: their ids, or a text file of ids, one a line")
    parser.add_argument("--run", metavar="NAME", help="run whose latents, maps and columns selection and order may use")
    parser.add_argument("--n", metavar="N", type=int, help="at most so many objects (default all)")
    parser.add_argument("--order", metavar="ORDER", default="random",
                        help="random (default), score:COLUMN for the highest first, or --order=-score:COLUMN for the lowest")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is by chance (default 0)")
    parser.add_argument("--repeats", metavar="SHARE", type=float, default=0.05,
                        help="share of the objects that come again, blind (default %(default)s)")
    parser.add_argument("--injected", metavar="SHARE", type=float, default=0.05,
                        help="simulated lensed quasars put among the objects, as a share of them (default %(default)s); they "
                             "need images in bands of grizY")
    parser.add_argument("--graders", metavar="PERSON", nargs="+", default=[], help="who may grade (default everybody)")
    parser.add_argument("--enough", metavar="N", type=int, default=6, help="grades after which an object retires (default 6)")
    parser.add_argument("--agreed", metavar="N", type=int, default=0,
                        help="equal grades from the first after which it retires earlier (default 0: never)")
    parser.add_argument("--feedback", action="store_true", help="tell a grader, after the verdict, of an injected one")


def _run(args):
    {"create": _make, "status": _status, "list": _list, "disagreement": _disagreement}[args.deed](args)


def _make(args):
    from qsocore.workflow.campaign import create
    from qsocore.workflow.chosen import ids_of

    campaign = create(args.store, args.name, desk=args.desk, rule=_rule(args.where, ids_of(args.ids) if args.ids else None),
                      n=args.n, order=args.order, seed=args.seed, repeats=args.repeats, injected=args.injected,
                      graders=args.graders, enough=args.enough, agreed=args.agreed, feedback=args.feedback, url=args.labels,
                      selection=args.selection, run=args.run)
    objects, again, lenses = (sum(item.what == what for item in campaign.items) for what in ("object", "repeat", "injected"))
    why_not = campaign.made["not_injected"]
    print(f"{campaign.name}: {objects:,} objects, {again:,} repeats, "
          + (f"nothing injected: {why_not}" if why_not else f"{lenses:,} injected lenses"))


def _rule(where, ids):
    from qsocore.errors import ConfigError

    if where and ids:
        raise ConfigError("two ways to say which objects", "--where --ids", "leave one out")
    return ids or where


def _status(args):
    from qsocore.workflow.campaign import spoken, status

    report = status(args.store, args.name, args.labels)
    print(json.dumps(report.to_dict(), indent=1, allow_nan=False) if args.json else spoken(report))


def _list(args):
    from qsocore.workflow.campaign import campaigns

    for found in campaigns(args.store, args.labels):
        left = sum(n for what, n in found["items"].items() if what != "repeat") - sum(found["retired"].values())
        print(f"{found['name']}: {found['desk']}, {sum(found['items'].values()):,} items, {left:,} open, "
              f"{found['grades']:,} grades by {len(found['graders'])}")


def _disagreement(args):
    from qsocore.workflow.campaign import disagreement

    for item, said in disagreement(args.store, args.name, args.labels)[:args.n]:
        print(f"{item.object_id}  {' '.join(f'{person}:{label}' for person, label in said.items())}")


COMMAND = Command("make a queue of objects that several people grade, and see how well they do",
                  "qso campaign create demo.store --name spring --where 'snr_median > 3' --n 500 --desk spectra --seed 1\n"
                  "qso campaign create candidates.store --name lenses --order score:anomaly --run demo --graders ada bob cyd\n"
                  "qso campaign status demo.store --name spring\n"
                  "qso campaign disagreement demo.store --name spring --labels postgresql+psycopg://atlas@localhost/atlas",
                  _arguments, _run, kept="a campaign is made whole or not at all")
