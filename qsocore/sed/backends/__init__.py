"""Codes that fit photometry behind one face: one file a code; other people's packages add theirs by entry points."""

from qsocore.registry import Family

BACKENDS = Family("SED back end", "qsocore.sed.backends", "BACKEND", "qso_atlas.sed_backends", apart=("base",))
"""All there are."""
