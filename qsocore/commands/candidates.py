"""``qso candidates``: pages of candidates for a paper's appendix."""

from qsocore.cli import Command
from qsocore.commands._labels import add_labels_option


def _arguments(parser):
    parser.add_argument("store", metavar="STORE", help="folder of the store")
    parser.add_argument("--out", metavar="FOLDER|FILE.html", required=True,
                        help="one page of all, or a folder with an index and a page for each")
    parser.add_argument("--campaign", metavar="NAME", default="", help="grades of this campaign alone")
    parser.add_argument("--ids", metavar="ID", nargs="+", default=(), help="these objects, or a file with one id a line")
    parser.add_argument("--where", metavar="SELECTION", default="", help="those of a selection, such as 'z > 2'")
    parser.add_argument("--grade", metavar="A,B", default="", help="those whose median grade is one of these")
    parser.add_argument("--run", metavar="NAME", default="",
                        help="run whose reconstructions are drawn and whose columns --where may use")
    parser.add_argument("--anonymous", action="store_true", help="do not name the graders")
    parser.add_argument("--title", default="Candidates", help="heading (default: Candidates)")
    add_labels_option(parser)


def _run(args):
    from qsocore.workflow.candidates import candidates
    from qsocore.workflow.chosen import ids_of

    found = candidates(args.store, args.out, args.campaign, ids_of(args.ids), args.where,
                       [word for word in args.grade.split(",") if word], args.run, args.anonymous, args.title,
                       args.labels)
    print(f"{args.out}: {len(found):,} candidates")


COMMAND = Command("candidates as pages for a paper: images, spectrum, SED, grades, facts, links; they load nothing",
                  "qso candidates demo.store --out appendix.html --grade A,B --anonymous\n"
                  "qso candidates demo.store --out pages/ --where 'z > 2'",
                  _arguments, _run, kept="pages that are written are whole")
