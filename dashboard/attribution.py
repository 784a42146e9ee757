"""Which pixels speak for a redshift, a class or a latent of the object in focus: what can be asked, and the answer as drawn."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard import words
from qsocore.errors import AtlasError
from qsocore.store.runs import list_runs, predicting, shipped

if TYPE_CHECKING:
    from dashboard.library import Library
    from qsocore.explain import Explained, Explainer
    from qsocore.explain.attribute import Attribution
    from qsocore.store import RunFolder

METHODS = {"gradients": "Integrated gradients", "occlusion": "Occlusion"}
_KEPT = 400  # answers, of 16 kB each on the atlas' grid
_SAID = {"redshift": "ln(1 + z)", "redshift confidence": "ln P(z)", "quasar": "log odds of a quasar", "class": "log odds of {}",
         "line": "ln P of {}", "latent": "latent {}"}  # what a target's number is, by its name or first word
_JUMPS = 0.05  # of the contributions' sizes, from which on gradients are said not to be complete
_FIRST = ("redshift", "class ", "latent ")  # what is asked first where nothing was asked yet


@dataclass(frozen=True)
class Question:
    """What is to be explained, and how.

    Parameters
    ----------
    run : str
        Name of the run whose model says it.
    target : str
        What of it: see `qsocore.explain.targets`.
    method : str
        One of `METHODS`.
    """

    run: str
    target: str
    method: str = "gradients"

    @classmethod
    def read(cls, text: str) -> Question | None:
        """From RUN/TARGET/METHOD, as `dashboard.state.State.why` has it; None for what is none."""
        parts = text.split("/")
        return cls(*parts) if len(parts) == 3 and all(parts) and parts[2] in METHODS else None

    def __str__(self) -> str:
        return f"{self.run}/{self.target}/{self.method}"


class Explanations:
    """What the models at hand can explain, and what they have explained of late; shared by all sessions."""

    reads = "spectra"
    """What the models look at."""

    def __init__(self, library: Library):
        self.library = library
        self._known: OrderedDict[tuple, dict[str, Any]] = OrderedDict()
        self._lock = Lock()

    def runs(self, run: str) -> dict[str, RunFolder]:
        """Runs by name that may be asked: the one that the maps are of, those that predicted for the store, the package's."""
        store = self.library.store
        if store is None or (self.reads == "spectra" and store.grid is None):
            return {}
        folders = [folder for folder in self._folders(run)
                   if folder.finished and folder.config.get("reads", "spectra") == self.reads]
        return {folder.name: folder for folder in reversed(folders)}

    def _folders(self, run: str) -> list[RunFolder]:
        shown = [self.library.run(run)] if run else []
        return [*shown, *predicting(self.library.store), *list_runs(shipped())]

    def explainer(self, folder: RunFolder) -> Explainer:
        """The model of a run; loaded when it is first asked."""
        from qsocore.explain import Explainer

        return self.library.once(("explainer", folder.path), lambda: Explainer(folder, source=self.library.store.grid))

    def menu(self, run: str) -> list[tuple[str, list[str]]]:
        """Names of runs, each with what it can explain; runs that explain nothing or cannot be loaded are left out."""
        found = []
        for name, folder in reversed(self.runs(run).items()):
            try:
                targets = self._usable(folder)
            except AtlasError:
                continue
            found += [(name, targets)] if targets else []
        return found

    def _usable(self, folder: RunFolder) -> list[str]:
        return list(self.explainer(folder).targets)

    def answer(self, question: Question, run: str, row: int) -> Any:
        """The answer for the object of a row, as the browser draws it; kept, so that it is worked out once.

        Parameters
        ----------
        question : Question
        run : str
            That the maps are of.
        row : int

        Raises
        ------
        AtlasError
            When there is no such run or target, or captum is missing.
        """
        folder = self.runs(run).get(question.run)
        if folder is None:
            raise AtlasError(f"no run {question.run!r} here can explain anything", remedy="choose another above the strip")
        key = folder.path, question.target, question.method, row
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        made = self._made(question, folder, run, row)
        with self._lock:
            self._known[key] = made
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return made

    def _made(self, question: Question, folder: RunFolder, run: str, row: int) -> dict[str, Any]:
        table, spectra = self.library.table(run), self.library.store.spectra([row])
        z = float(table.exact("z")[row]) if "z" in table.columns else None
        explained = self.explainer(folder).explain(spectra.flux[0], spectra.ivar[0], spectra.mask[0], question.target,
                                                   question.method, z=z if z == z else None)
        return scene(explained, table.ids_of([row])[0], question)


def first(menu: list[tuple[str, list[str]]]) -> Question | None:
    """What is asked where nothing was asked yet: a redshift, else a class, else a latent; None where nothing can be."""
    for kind in _FIRST:
        for run, targets in menu:
            for target in targets:
                if target.startswith(kind):
                    return Question(run, target)
    return None


def scene(explained: Explained, object_id: str, question: Question) -> dict[str, Any]:
    """What the browser is given: pixels as float32 arrays of shape (n_pix,), and words."""
    made = explained.attribution
    return {"id": object_id, "why": str(question), "wave": explained.wave.astype(np.float32), "pixels": made.pixels,
            "said": said_of(made, question, "continuum")}


def said_of(made: Attribution, question: Question, without: str) -> str:
    """The number that was shared, what it is without what is shown, and what of it could not be shared.

    Parameters
    ----------
    made : Attribution
    question : Question
    without : str
        What an object is called from which what is shown was taken away.
    """
    value, base = (words.number(float(f"{number:.4g}")) for number in (made.value, made.baseline))
    kind, _, which = question.target.partition(" ")
    name = (_SAID.get(question.target) or _SAID.get(kind, question.target)).format(which)
    said = f"{name} {value}; {without} {base}"
    if question.method == "gradients" and abs(made.missing) > _JUMPS * float(np.abs(made.pixels).sum()):
        said += f"; {words.number(float(f'{made.missing:.3g}'))} jumps and is not shared"  # as of a model that takes the best
    return said.replace("-", "−")
