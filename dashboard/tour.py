"""The first visit's tour: five steps that point at what is there. Data only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One stop.

    Parameters
    ----------
    at : str
        CSS selector of what is pointed at, looked for in all shadow roots; where there is none the step stands in the middle.
    title, text : str
        What is said.
    """

    at: str
    title: str
    text: str


STEPS = (
    Step(".map", "The map",
         "Every object of the survey, none left out. Turn the wheel to look closer; choose other axes above, or put another "
         "map beside it."),
    Step(".legend, .bar", "Its colours",
         "By class, by any column, or by density. What the colours mean, and how many objects are in view, drawn and "
         "selected, always stands here."),
    Step(".map", "Select",
         "Draw a lasso or a box; or press / and type a rule like z > 2, an object's id, or a place on the sky. Ctrl+Z takes "
         "any of it back."),
    Step(".object", "What you touch",
         "Tap an object to see its spectrum, its reconstruction and the residual. Arrow keys walk from one selected object "
         "to the next."),
    Step("[role=tablist]", "Five pages",
         "The object, the selection, the latent space, the sky and the models. Press ? at any time to see all keys, or this "
         "tour again."),
)
"""The tour, in order."""
