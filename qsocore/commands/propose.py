"""``qso propose``: which objects are worth a look next, by what was said of others."""

from qsocore.cli import Command
from qsocore.commands._labels import add_labels_option


def _words(text):
    return [word for word in text.split(",") if word]


def _arguments(parser):
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("--run", metavar="NAME", required=True, help="run whose latents are learnt from")
    parser.add_argument("--n", type=int, default=50, help="objects to propose (default: 50)")
    parser.add_argument("--by", choices=("score", "improvement", "uncertainty", "diversity"), default="score",
                        help="what makes an object worth a look: its score alone; that it may be better than the positives so "
                             "far; that its score is uncertain; that it is unlike the others among the best (default: score)")
    parser.add_argument("--out", metavar="FILE", help="takes the object ids, one a line (default: they are printed)")
    parser.add_argument("--positive", metavar="A,B", type=_words, default=["A", "B"],
                        help="labels or kinds of the verdicts that count as positive (default: A,B)")
    parser.add_argument("--negative", metavar="C,X", type=_words, default=["C", "X"],
                        help="labels or kinds that count as negative (default: C,X)")
    parser.add_argument("--campaign", metavar="NAME", default="", help="count the verdicts of this campaign alone")
    parser.add_argument("--seed", type=int, default=0, help="draws the objects that stand for negatives (default: 0)")
    add_labels_option(parser)


def _run(args):
    from qsocore.workflow.propose import propose

    made = propose(args.store, args.run, args.n, args.by, args.out, args.positive, args.negative, args.campaign, args.labels,
                   args.seed)
    learnt = made.learnt
    print(f"learnt from {learnt.positive} positive and {learnt.negative} negative objects, verdicts up to {learnt.until}; "
          f"columns active_score, active_uncertainty, active_improvement, active_rank under the run {args.run}")
    print(f"{args.out}: {len(made.ids)} objects, by {args.by}" if args.out else "\n".join(made.ids))


COMMAND = Command("learn from verdicts, score every object, and name those to be looked at next",
                  "qso propose demo.store --run demo --n 50 --by diversity --out next.txt --positive A,B --negative C,X",
                  _arguments, _run, kept="the columns are those of the last time")
