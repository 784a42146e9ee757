"""The option of every command that reads or writes verdicts."""


def add_labels_option(parser):
    """Add ``--labels URL``."""
    parser.add_argument("--labels", metavar="URL", default="",
                        help="database of verdicts that a team shares, as in postgresql+psycopg://user@host/name (default "
                             "$QSO_ATLAS_LABELS, else the store's own)")
