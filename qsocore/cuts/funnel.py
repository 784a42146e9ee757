"""What each cut of a sequence leaves: how many come in, pass, fail, and of how many it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from qsocore.errors import ConfigError

_COUNTED = ("before", "passed", "failed", "unknown")


@dataclass(frozen=True)
class Count:
    """One step.

    Parameters
    ----------
    name, rule : str
    before, passed, failed, unknown : int
        Rows that come in; those for which the rule holds, does not hold, and for which a value that it needs is missing. Only
        those that pass go on.
    absent : tuple of str
        Columns that the table lacks: the step is not applicable, and all rows go on.
    """

    name: str
    rule: str
    before: int = 0
    passed: int = 0
    failed: int = 0
    unknown: int = 0
    absent: tuple[str, ...] = ()

    @property
    def applied(self) -> bool:
        """Whether the table has what it needs."""
        return not self.absent

    def plus(self, other: Count) -> Count:
        """The same step over the rows of both."""
        return replace(self, **{key: getattr(self, key) + getattr(other, key) for key in _COUNTED})

    def says(self) -> str:
        """Its outcome in words."""
        if not self.applied:
            return f"not applicable: no column {', '.join(self.absent)}"
        return f"{self.passed:,} pass, {self.failed:,} fail, {self.unknown:,} unknown"


@dataclass(frozen=True)
class Funnel:
    """All steps of one selection.

    Parameters
    ----------
    recipe : str
        Its name, "" for rules alone.
    steps : tuple of Count
    n_in : int
        Rows of the table.
    """

    recipe: str
    steps: tuple[Count, ...]
    n_in: int

    @property
    def n_out(self) -> int:
        """Rows that are left."""
        return self.steps[-1].passed if self.steps else self.n_in

    def plus(self, other: Funnel) -> Funnel:
        """Both pieces of one table together."""
        steps = tuple(one.plus(two) for one, two in zip(self.steps, other.steps, strict=True))
        return Funnel(self.recipe, steps, self.n_in + other.n_in)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        steps = [{**asdict(step), "absent": list(step.absent)} for step in self.steps]
        return {"recipe": self.recipe, "n_in": self.n_in, "n_out": self.n_out, "steps": steps}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Funnel:
        """Read back `to_dict`.

        Raises
        ------
        ConfigError
            For what is no funnel.
        """
        try:
            steps = tuple(Count(**{**step, "absent": tuple(step["absent"])}) for step in values["steps"])
            return cls(str(values["recipe"]), steps, int(values["n_in"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"it is no funnel ({error})", "funnel", "give a file that 'qso select' has written") from None

    def to_text(self) -> str:
        """A line a step."""
        width = max((len(step.name) for step in self.steps), default=0)
        lines = [f"  {step.name:{width}}  {step.says()}" for step in self.steps]
        return "\n".join([f"{self.n_in:,} rows", *lines, f"{self.n_out:,} are left"])
