"""What figures of a run on a store share: their options, and asking the run."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged


def arguments(parser: ArgumentParser) -> None:
    """RUN, STORE and --split."""
    parser.add_argument("run", metavar="RUN", help="a run of the store, of your library or of the package, or its folder")
    parser.add_argument("store", metavar="STORE", help="a store of spectra")
    split(parser)


def split(parser: ArgumentParser) -> None:
    """--split alone."""
    parser.add_argument("--split", choices=("test", "valid", "train", "all"), default="test",
                        help="side of the run's own split; of another store all objects are taken (default: test)")


def asking(picture: Callable[..., Canvas]) -> Callable[..., Canvas]:
    """A figure's ``draw`` of RUN, STORE and --split, from its ``picture`` of what is judged already; more options go on."""
    def draw(run: str, store: str, split: str = "test", **options) -> Canvas:
        from qsocore.workflow.judge import judge

        judged: Judged = judge(run, store, split)
        return picture(judged, **options)

    return draw
