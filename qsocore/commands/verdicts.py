"""``qso verdicts``: what people have said: list it, take it back, copy it to a safe place."""

import json

from qsocore.cli import Command
from qsocore.commands._labels import add_labels_option


def _arguments(parser):
    deeds = parser.add_subparsers(metavar="DEED", dest="deed", required=True, parser_class=type(parser))
    listing = _deed(deeds, "list", "verdicts in the order in which they were said")
    listing.add_argument("--object", metavar="ID", help="only of this object")
    listing.add_argument("--person", metavar="NAME", help="only by this person")
    listing.add_argument("--campaign", metavar="NAME", help="only of this campaign")
    listing.add_argument("--desk", metavar="NAME", help="only at this desk: lenses or spectra")
    listing.add_argument("--after", metavar="NUMBER", type=int, default=0, help="only those of a higher number")
    listing.add_argument("--standing", action="store_true", help="only what holds: without what was taken back or said anew")
    listing.add_argument("--json", action="store_true", help="everything, one JSON a line")
    undo = _deed(deeds, "undo", "take a verdict back; nothing is deleted, an undo is one more verdict")
    undo.add_argument("number", metavar="NUMBER", type=int, help="of the verdict; an undo can be taken back too")
    undo.add_argument("--person", metavar="NAME", required=True, help="who said it; everybody takes back their own")
    backup = _deed(deeds, "back-up", "copy the store's verdicts while others go on grading")
    backup.add_argument("--out", metavar="FILE", required=True, help="the copy, an SQLite file")


def _deed(deeds, name, summary):
    parser = deeds.add_parser(name, help=summary, description=summary)
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    add_labels_option(parser)
    return parser


def _run(args):
    from qsocore.store import open_store
    from qsocore.store.labels import Labels

    open_store(args.store)  # a wrong path is said to be one
    with Labels.of(args.store, args.labels) as labels:
        if args.deed == "undo":
            print(f"verdict {args.number} is taken back by verdict {labels.undo(args.person, args.number)}")
        elif args.deed == "back-up":
            print(f"{args.out}: {labels.back_up(args.out):,} verdicts")
        else:
            _list(labels, args)


def _list(labels, args):
    from dataclasses import asdict

    from qsocore.inspection.standing import standing

    verdicts = labels.verdicts(args.object, campaign=args.campaign, person=args.person, desk=args.desk, after=args.after)
    for verdict in standing(verdicts) if args.standing else verdicts:
        if args.json:
            print(json.dumps(asdict(verdict), allow_nan=False))
            continue
        words = [str(verdict.number), verdict.time, verdict.person, verdict.object_id, verdict.label,
                 "" if verdict.undoes is None else f"of {verdict.undoes}", verdict.kind, verdict.flags,
                 "" if verdict.z is None else f"z={verdict.z:.5f}", verdict.campaign, verdict.comment]
        line = "  ".join(word for word in words if word)
        print("".join(sign if sign.isprintable() else "·" for sign in line))  # a comment must not govern a terminal


COMMAND = Command("list what people have said of objects, take it back, copy it to a safe place",
                  "qso verdicts list demo.store --person ada --standing\n"
                  "qso verdicts undo demo.store 17 --person ada\n"
                  "qso verdicts back-up demo.store --out verdicts.sqlite",
                  _arguments, _run, kept="a verdict is appended or not; nothing is ever changed")
