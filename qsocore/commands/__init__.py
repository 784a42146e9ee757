"""Commands of ``qso``, one a file: a thin skin over one library call.

A command's module stays light, for ``qso --help`` imports them all: whatever is slow to import is imported in its function.
"""

from qsocore.registry import Family

COMMANDS = Family("command", "qsocore.commands", "COMMAND", "qso_atlas.commands")
