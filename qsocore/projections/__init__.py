"""Projections of latents to a plane, one file each; `qsocore.projections.base` says what a projection is."""

from qsocore.registry import Family

PROJECTIONS = Family("projection", "qsocore.projections", "PROJECTION", "qso_atlas.projections", apart=("base", "neighbours"))
