"""The words of inspection: what can be said at each desk, with the keys that say it, and how others write it.

Grades and contaminants are those that lens searches use (Rojas et al. 2023, MNRAS 523, 4413), qualities and issues those of
DESI's visual inspection (Alexander et al. 2023, AJ 165, 124; Lan et al. 2023, ApJ 943, 68), `SLED` those of the Strong Lensing
Database (sled.amnh.org; the choices of its tables).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Word:
    """One thing that can be said.

    Parameters
    ----------
    word : str
        As it is stored.
    meaning : str
        As it is shown.
    key : str
        That says it; empty for none.
    """

    word: str
    meaning: str
    key: str = ""


LENS_GRADES = (Word("A", "confident lens", "q"), Word("B", "likely lens", "w"), Word("C", "possible lens", "e"),
               Word("X", "not a lens", "r"))
"""`Verdict.label` at the lens desk, the best first."""

CONTAMINANTS = (Word("merger", "merger", "a"), Word("spiral", "spiral", "s"), Word("ring", "ring galaxy", "d"),
                Word("elliptical", "elliptical", "f"), Word("disc", "disc", "g"), Word("edge-on", "edge-on disc", "h"))
"""`Verdict.kind` at the lens desk: what it is instead; each implies an X."""

QUALITIES = (Word("4", "confident: two or more secure features", "4"), Word("3", "probable", "3"), Word("2", "possible", "2"),
             Word("1", "unlikely", "1"), Word("0", "nothing there", "0"))
"""`Verdict.label` at the spectra desk, the best first."""

ISSUES = (Word("R", "bad redshift fit"), Word("C", "bad class"), Word("S", "bad spectrum"))
"""Letters of `Verdict.flags` at the spectra desk."""

TYPES = (Word("STAR", "star"), Word("GALAXY", "galaxy"), Word("QSO", "quasar"))
"""`Verdict.kind` at the spectra desk: the corrected class."""

COMMENTS = ("BAL", "DLA", "two objects", "blazar")
"""Standard comments on a spectrum."""

COMMENT_LENGTH = 100
"""Characters of a comment that DESI's table holds."""

VI_COLUMNS = ("TARGETID", "EXPID", "NIGHT", "TILEID", "Spec_version", "Redrock_version", "Template_version", "Redrock_spectype",
              "Redrock_z", "Redrock_deltachi2", "VI_scanner", "VI_quality", "VI_issue", "VI_z", "VI_spectype", "VI_comment")
"""Columns of DESI's table of visual inspection, in its order."""

SCALES = MappingProxyType({"lenses": tuple(grade.word for grade in reversed(LENS_GRADES)),
                           "spectra": tuple(quality.word for quality in reversed(QUALITIES))})
"""Labels of each desk from the worst to the best: the place in it is a grade's rank."""

SLED = MappingProxyType({
    "flag": ("CONFIRMED", "CANDIDATE", "CONTAMINANT"),
    "image_conf": ("LONG-AXIS CUSP", "SHORT-AXIS CUSP", "NAKED CUSP", "CUSP", "CENTRAL IMAGE", "FOLD", "CROSS", "DOUBLE",
                   "QUAD", "RING", "ARC"),
    "lens_type": ("GALAXY", "LTG", "SPIRAL", "GALAXY PAIR", "GROUP", "CLUSTER", "CLUSTER MEMBER", "QUASAR", "LRG", "ETG",
                  "ELG"),
    "source_type": ("GALAXY", "ETG", "SMG", "QUASAR", "DLA", "PDLA", "RADIO-LOUD", "BAL QUASAR", "ULIRG", "BL Lac",
                    "LOBAL QUASAR", "FELOBAL QUASAR", "EXTREME RED OBJECT", "RED QUASAR", "GW", "FRB", "GRB", "SN", "LBG",
                    "ELG"),
    "contaminant_type": ("PROJECTED QUASARS", "DUAL QUASAR", "QUASAR+STAR", "STAR+STAR", "STARS", "STAR-FORMING GALAXY",
                         "STARS+GALAXY", "STAR+GALAXY", "STAR+OTHER", "GALAXY+STARS", "GALAXY+OTHER", "QUASAR+OTHER",
                         "QUASAR PAIR", "QUASAR+GALAXY", "SINGLE QUASAR", "GALAXY", "GALAXIES", "GALAXY PAIR", "QUASAR+HOST",
                         "PROJECTED GALAXIES", "PROJECTED GALAXY + QUASAR", "RING GALAXY", "PLANETARY NEBULA", "QUASAR")})
"""What SLED lets stand in its columns."""

SLED_SCORE = MappingProxyType({"A": 3, "B": 2, "C": 1, "X": 0})
"""Score of a grade in SLED; the score of several is their mean."""

SLED_CONTAMINANT = MappingProxyType({"merger": "GALAXY PAIR", "spiral": "GALAXY", "ring": "RING GALAXY", "elliptical": "GALAXY",
                                     "disc": "GALAXY", "edge-on": "GALAXY"})
"""SLED's ``contaminant_type`` of our `CONTAMINANTS`."""


def by_key(words: Iterable[Word]) -> dict[str, Word]:
    """Words by the key that says them.

    Examples
    --------
    >>> by_key(LENS_GRADES)["q"].word
    'A'
    """
    return {word.key: word for word in words if word.key}


def scale(desk: str) -> tuple[str, ...]:
    """Labels of a desk from the worst to the best, none for a desk that has no scale."""
    return SCALES.get(desk, ())
