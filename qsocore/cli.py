"""The command line ``qso``: one parser a command, one line an error."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import qsocore
from qsocore.commands import COMMANDS
from qsocore.errors import AtlasError

EXIT_ERROR, EXIT_INTERRUPTED = 1, 130

_REMEDIES = {
    errno.ENOSPC: "make room and run the same command again",
    errno.EDQUOT: "make room and run the same command again",
    errno.EACCES: "look at the permissions, or choose another place",
    errno.EPERM: "look at the permissions, or choose another place",
    errno.EROFS: "choose another place",
    errno.ENOENT: "look at the spelling",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.EADDRINUSE: "choose another port",
}


@dataclass(frozen=True)
class Command:
    """One command of ``qso``; its name is its file's name.

    Parameters
    ----------
    summary : str
        One line, as listed by ``qso --help``.
    example : str
        Command lines that run as they stand; help ends with them.
    arguments : callable
        Adds the command's arguments to its `argparse.ArgumentParser`.
    run : callable
        Does the work with the parsed arguments; returns an exit status, None for 0.
    kept : str
        What an interrupted run leaves behind.
    """

    summary: str
    example: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int | None]
    kept: str = "finished parts are kept, nothing is left half-written"


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line, and whose option names are not guessed from their beginnings."""

    def __init__(self, **options):
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message: str):
        """Say what is wrong with the command line and exit with 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser_of(name: str) -> Parser:
    """The parser of one command.

    Raises
    ------
    ConfigError
        When there is no such command; the message names the nearest.
    """
    command = COMMANDS.get(name)
    example = "\n".join(f"  {line}" for line in command.example.strip().splitlines())
    parser = Parser(prog=f"qso {name}", description=command.summary, epilog=f"example:\n{example}")
    command.arguments(parser)
    return parser


def overview() -> str:
    """What ``qso --help`` prints: every command with its summary."""
    names = COMMANDS.names()
    width = max(map(len, names), default=0)
    lines = [f"  {name:{width}}  {_summary(name)}" for name in names]
    return "\n".join([
        "usage: qso COMMAND [ARGUMENT ...]", "",
        "QSO Atlas: see a whole spectroscopic survey as a map, brush it, and look at what was touched.", "",
        "commands:", *lines, "",
        "qso COMMAND --help explains one; --debug shows the traceback of an error; qso --version.",
    ])


def _summary(name: str) -> str:
    try:
        return COMMANDS.get(name).summary
    except ImportError as error:  # another package's command must not take help away from ours
        return f"(cannot be imported: {error})"


def main(words: Sequence[str] | None = None) -> int:
    """Run ``qso`` with the given words (default: those of the process).

    Returns
    -------
    int
        0 on success, 1 for an error, 2 for wrong usage, 130 when interrupted.
    """
    # Torch's threads wait for each other by spinning, which on a shared machine makes two of them slower than one
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    words = list(sys.argv[1:] if words is None else words)
    notes = logging.StreamHandler()  # what the library has to say besides its results, such as that spectra are resampled
    log = logging.getLogger("qsocore")
    log.addHandler(notes)
    log.setLevel(logging.INFO)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    kept = Command.kept
    try:
        if not words or words[0] in ("-h", "--help", "help"):
            print(overview())
            return 0
        if words[0] in ("-V", "--version"):
            print(f"qso {qsocore.__version__}")
            return 0
        command = COMMANDS.get(words[0])
        kept = command.kept
        status = command.run(parser_of(words[0]).parse_args(words[1:])) or 0
        sys.stdout.flush()  # a closed pipe shows here and not at exit
        return status
    except KeyboardInterrupt:
        print(f"qso: stopped; {kept}", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of our output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the outermost border: a user is told in one line
        if debug:
            traceback.print_exc()
        else:
            print(f"qso: {explain(error)}", file=sys.stderr)
        return EXIT_ERROR
    finally:
        log.removeHandler(notes)


def explain(error: Exception) -> str:
    """One line that says what is wrong, where, and what to do.

    Parameters
    ----------
    error : Exception
        An `AtlasError` speaks for itself; an `OSError` or `MemoryError` gets its remedy here; whatever else is a defect
        of ours and is called one.
    """
    if isinstance(error, AtlasError):
        text = str(error)
    elif isinstance(error, OSError):
        text = str(AtlasError((error.strerror or str(error)).lower(), error.filename, _REMEDIES.get(error.errno)))
    elif isinstance(error, MemoryError):
        text = "not enough memory; try a smaller batch, fewer workers or fewer objects"
    else:
        text = f"a defect of QSO Atlas ({type(error).__name__}: {error}); run again with --debug and report what it prints"
    return " ".join(text.split())


if __name__ == "__main__":
    sys.exit(main())
