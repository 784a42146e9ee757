"""The keys of the dashboard as data: what is pressed, what it does. The page, its help and README all say what stands here.

A press is written as the browser names it, with "Ctrl+" and, for letters and arrows, "Shift+" before it. How it is done:

===========  ==========================================================================================================
``do``       on the server, by the action of that name in `dashboard.views._keys.ACTIONS`
``spectrum`` in the browser, by the spectrum's own action of that name
``figure``   in the browser, on the figure in force: "closer", "farther", "whole", "left", "right", "up", "down", "next"
``focus``    the text field of that accessible name gets the cursor
``click``    the button of that accessible name is clicked
``desk``     in the browser, by the desk in force, which has these keys before the page has them
===========  ==========================================================================================================
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from qsocore.inspection.vocabulary import COMMENTS, CONTAMINANTS, LENS_GRADES, QUALITIES, Word

BEGIN, END = "<!-- keys: begin -->", "<!-- keys: end -->"
_SIGNS = {"ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓", "Escape": "Esc", "-": "−"}


@dataclass(frozen=True)
class Key:
    """One line of the sheet.

    Parameters
    ----------
    presses : tuple of str
        Any of these, or one for each of several actions.
    group : str
        Heading under which it stands.
    does : str
        What it does, for the reader.
    how, what : str
        See the module's text; actions, one for each press, are separated by a bar.
    desk : str
        Where it acts: "lenses" or "spectra", while that desk is in force; empty for the whole page.
    """

    presses: tuple[str, ...]
    group: str
    does: str
    how: str
    what: str
    desk: str = ""

    @property
    def acts(self) -> list[tuple[str, str]]:
        """Each press and what it does."""
        whats = self.what.split("|")
        return list(zip(self.presses, whats * len(self.presses) if len(whats) == 1 else whats, strict=True))


def _keys(group: str, *lines: tuple[str, str, str, str]) -> tuple[Key, ...]:
    return tuple(Key(tuple(presses.split()), group, does, how, what) for presses, does, how, what in lines)


def _desk(group: str, desk: str, *lines: tuple[str, str, str]) -> tuple[Key, ...]:
    return tuple(Key(tuple(presses.split()), group, does, "desk", what, desk) for presses, does, what in (*lines, *_BOTH))


def _said(words: tuple[Word, ...], verb: str) -> tuple[str, str]:
    """The keys of a vocabulary, and what they do."""
    return " ".join(word.key for word in words), "|".join(f"{verb} {word.word}" for word in words)


_BOTH = (("c", "Comment: Enter keeps it", "comment"),
         ("p", "Auto-next on or off", "auto"),
         ("Ctrl+z", "Take the last verdict back", "undo"),
         ("o", "Bring the object into focus on the maps", "focus"))
_GRADES, _KINDS, _QUALITIES = _said(LENS_GRADES, "grade"), _said(CONTAMINANTS, "kind"), _said(QUALITIES, "quality")

KEYS = (
    *_keys("Objects",
           ("ArrowRight ArrowDown n", "Next object of the selection, else of what is drawn", "do", "next"),
           ("ArrowLeft ArrowUp b", "Previous object", "do", "previous"),
           ("o", "The object nearest to the middle of the map", "do", "middle"),
           ("/", "Type a rule, an id or a place", "focus", "Select by rule, id or position")),
    *_keys("Spectrum",
           ("l", "Line marks on or off", "spectrum", "lines"),
           ("s d", "More, less smoothing", "spectrum", "more smoothing|less smoothing"),
           ("t", "Reconstruction on or off", "spectrum", "reconstruction"),
           ("z", "Type a redshift", "spectrum", "redshift"),
           ("[ ]", "Redshift 0.0001 lower, higher", "spectrum", "lower redshift|higher redshift"),
           ("e", "Next largest residual", "spectrum", "next residual"),
           ("w", "Rest or observed wavelengths", "spectrum", "rest frame"),
           ("a", "Attribution on or off: which pixels speak for it", "spectrum", "attribution")),
    *_keys("Selection",
           ("v", "Select what is in view on the map", "do", "select view"),
           ("j", "Next way to join: replace, add, subtract, intersect", "do", "next mode"),
           ("Ctrl+z", "Undo", "do", "undo"),
           ("Ctrl+Shift+z Ctrl+y", "Redo", "do", "redo"),
           ("Escape", "Clear the selection; leave a text field; close a dialog", "do", "clear"),
           ("Shift+a Shift+b", "Keep the selection as A, as B", "do", "keep a|keep b"),
           ("x Shift+x", "Draw only the selected objects, all again", "do", "draw only|draw all"),
           ("f", "Filters", "do", "filters")),
    *_keys("Figure in force",
           ("m", "Next figure: map, spectrum, sky", "figure", "next"),
           ("+ -", "Closer, farther", "figure", "closer|farther"),
           ("0 r", "All of it", "figure", "whole"),
           ("Shift+ArrowLeft Shift+ArrowRight Shift+ArrowUp Shift+ArrowDown", "Move it", "figure", "left|right|up|down")),
    *_keys("Page",
           ("1 2 3 4 5 6", "Object, selection, latent space, sky, models, grade", "do",
            "page object|page selection|page space|page sky|page models|page grade"),
           ("c Shift+c", "Next, previous colouring", "do", "next colouring|previous colouring"),
           ("i", "Islands on or off", "do", "islands"),
           ("k", "Lines to the neighbours of the object on or off", "do", "spokes"),
           ("y", "Dark or light", "do", "theme"),
           ("Shift+w", "Hide the maps, so that the page beside them is wide", "do", "wide"),
           ("?", "This sheet", "click", "Keys and help")),
    *_desk("Lens desk, while it is in force (Esc or a click on a map: no longer)", "lenses",
           (_GRADES[0], "A confident, B likely, C possible, X not a lens", _GRADES[1]),
           (_KINDS[0], "X: merger, spiral, ring, elliptical, disc, edge-on", _KINDS[1]),
           ("n b", "Next, previous object; in the mosaic the next, previous page", "next|previous"),
           ("ArrowRight ArrowLeft ArrowDown ArrowUp", "Next, previous object; in the mosaic to the right, left, down, up",
            "right|left|down|up"),
           ("v", "One by one, or a mosaic of 10 x 10", "mosaic"),
           ("Enter Shift+Enter", "Candidate, interesting; in the mosaic again takes it back",
            "mark candidate|mark interesting"),
           ("Shift+x", "In the mosaic: all others on this page are X", "rest"),
           ("1 2 3 4", "Which picture is large", "picture 1|picture 2|picture 3|picture 4"),
           ("i k t", "Invert; smooth; residual on or off", "invert|smooth|residual")),
    *_desk("Spectra desk, while it is in force", "spectra",
           (_QUALITIES[0], "Quality: confident, probable, possible, unlikely, nothing there", _QUALITIES[1]),
           ("Shift+r Shift+c Shift+s", "Issue: bad redshift fit, bad class, bad spectrum", "flag R|flag C|flag S"),
           ("q g *", "It is a quasar, a galaxy, a star", "type QSO|type GALAXY|type STAR"),
           ("Shift+b Shift+d Shift+o Shift+z", "Comment: " + ", ".join(COMMENTS),
            "|".join(f"remark {comment}" for comment in COMMENTS)),
           ("n b", "Next, previous object", "next|previous"),
           ("ArrowRight ArrowLeft ArrowDown ArrowUp", "Next, previous object", "next|previous|next|previous")),
)
"""Every key, in the sheet's order."""


def groups() -> dict[str, list[Key]]:
    """The keys under their headings."""
    return {group: [key for key in KEYS if key.group == group] for group in dict.fromkeys(key.group for key in KEYS)}


def signs(press: str) -> list[str]:
    """What is printed on the keys of a press.

    Examples
    --------
    >>> signs("Ctrl+Shift+z"), signs("Shift+ArrowLeft"), signs("+")
    (['Ctrl', 'Shift', 'Z'], ['Shift', '←'], ['+'])
    """
    *held, last = press.split("+") if press != "+" else [press]
    letter = last.upper() if held and len(last) == 1 else last
    return [*held, _SIGNS.get(letter, letter)]


def sheet() -> str:
    """All keys as HTML."""
    def line(key: Key) -> str:
        between = "<i></i>" if "|" in key.what else "<i>or</i>"
        caps = between.join("".join(f"<kbd>{sign}</kbd>" for sign in signs(press)) for press in key.presses)
        return f"<tr><td>{caps}</td><td>{key.does}</td></tr>"

    sections = "".join(f'<section><h3>{group}</h3><table>{"".join(map(line, some))}</table></section>'
                       for group, some in groups().items())
    return f'<div class="keys">{sections}</div>'


def markdown() -> str:
    """All keys as README has them."""
    def presses(key: Key) -> str:
        return (" " if "|" in key.what else " or ").join("`" + "+".join(signs(press)) + "`" for press in key.presses)

    lines = [f"| {group} | |\n|---|---|\n" + "\n".join(f"| {presses(key)} | {key.does} |" for key in some)
             for group, some in groups().items()]
    return "\n\n".join(lines)


def rewritten(text: str) -> str:
    """A page with the keys put between its marks.

    Raises
    ------
    ValueError
        When it has no marks.
    """
    if BEGIN not in text or END not in text:
        raise ValueError(f"there is no {BEGIN} with {END} after it")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{markdown()}\n{END}{rest.split(END)[1]}"


def main(words: list[str] | None = None) -> int:
    """``python -m dashboard.keys --write README.md`` renews the list there; without words it prints it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    args = parser.parse_args(words)
    if args.write is None:
        print(markdown())
    else:
        args.write.write_text(rewritten(args.write.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
