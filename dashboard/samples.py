"""Samples of the parameters of an SED, kept in memory and on the disk, so that none is made twice of the same photometry."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from dashboard.corner import Corner, corner_of
from dashboard.once import Recent
from dashboard.sed import title
from dashboard.shelf import Shelf
from qsocore import __version__
from qsocore.errors import AtlasError
from qsocore.store import paths
from qsocore.store.files import write_whole

if TYPE_CHECKING:
    from dashboard.library import Library
    from qsocore.sed.bandfluxes import BandFluxes
    from qsocore.sed.sample import Sample

STEPS = (500, 2_000, 10_000)
"""Lengths of chains that are offered: to see whether it is worth it, for most, and as published (Andika et al. 2023)."""

PERCENTILES = (16.0, 50.0, 84.0)
_UNITS = {"dex(solMass)": "", "solar": "solar"}
_BURNT = 0.4  # of the steps
_KEPT = 12  # in memory
_SIDE, _MOST_SIDE = 24, 64  # cells of a panel's side, of short chains and of long ones
_ENOUGH = 20_000  # rows from which a chain fills a fine panel


@dataclass(frozen=True)
class Wish:
    """What is to be sampled.

    Parameters
    ----------
    kind : str
        One of `qsocore.sed.fit.KINDS`.
    steps : int
        Of each walker.
    fixed_z : float or None
        A redshift that is known; None leaves it free.
    """

    kind: str
    steps: int = STEPS[1]
    fixed_z: float | None = None


class Stopped(AtlasError):
    """The user has stopped it."""


class Sampling:
    """One sample that is being made: how far it is, and whether it shall stop.

    Parameters
    ----------
    object_id : str
        Of whom.
    wish : Wish
        Of what.
    """

    def __init__(self, object_id: str, wish: Wish):
        self.object_id, self.wish = object_id, wish
        self.share, self.ended, self._stopped = 0.0, False, False

    def stop(self) -> None:
        """Have it end at its next step."""
        self._stopped = True

    def progress(self, done: int, total: int) -> None:
        """Called by the sampler after some steps.

        Raises
        ------
        Stopped
            When it shall end.
        """
        self.share = done / max(total, 1)
        if self._stopped:
            raise Stopped("the sampling was stopped", self.object_id)


class Samples:
    """The samples of a library's objects; shared by all sessions.

    Parameters
    ----------
    library : Library
        A store's are laid on the disk, those of a bare table are in memory only.
    """

    def __init__(self, library: Library):
        store = library.store
        self.shelf = Shelf(paths.home() / "cache" / f"sed-{store.manifest.fingerprint[:16]}") if store is not None else Shelf()
        self._recent = Recent(_KEPT)

    def known(self, fluxes: BandFluxes, wish: Wish) -> Sample | None:
        """A sample that was made before, None where there is none."""
        key = key_of(fluxes, wish)
        known = self._recent.get(key)
        if known is None and (found := self._read(key)) is not None:
            known = self._recent(key, lambda: found)
        return known

    def of(self, fluxes: BandFluxes, sampling: Sampling) -> Sample:
        """Make a sample, or take the one that was made before.

        Raises
        ------
        Stopped
            When it was stopped; nothing is kept then.
        AtlasError
            When there is nothing to be sampled.
        """
        from qsocore.sed.sample import sample

        wish, key = sampling.wish, key_of(fluxes, sampling.wish)

        def make() -> Sample:
            made = self._read(key)
            if made is None:
                made = sample(fluxes, 0, wish.kind, steps=wish.steps, burn=round(_BURNT * wish.steps), fixed_z=wish.fixed_z,
                              progress=sampling.progress)
                self._write(key, made)
            return made

        return self._recent(key, make)

    def _file(self, key: str) -> Path | None:
        return None if self.shelf.folder is None else self.shelf.folder / f"{key}.npz"

    def _write(self, key: str, made: Sample) -> None:
        file = self._file(key)
        if file is not None:
            write_whole(file, lambda out: np.savez(out, **to_arrays(made)))

    def _read(self, key: str) -> Sample | None:
        file = self._file(key)
        if file is None or not file.exists():
            return None
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return from_arrays(dict(arrays))
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile):  # another version's, or cut off: made again
            return None


def key_of(fluxes: BandFluxes, wish: Wish) -> str:
    """Tells a sample from others: by the photometry of the one object, by what is wished, and by our version."""
    digest = hashlib.sha256(json.dumps([__version__, list(fluxes.bands), asdict(wish)]).encode())
    for values in (fluxes.flux, fluxes.error, fluxes.seen):
        digest.update(np.ascontiguousarray(values, np.float64).tobytes())
    return digest.hexdigest()[:32]


def to_arrays(made: Sample) -> dict[str, NDArray]:
    """A sample as arrays that need no pickle: its own, and the rest as JSON."""
    arrays: dict[str, NDArray] = {}
    rest: dict[str, Any] = {}
    for one in fields(made):
        value = getattr(made, one.name)
        if isinstance(value, np.ndarray):
            arrays[one.name] = value.astype(np.float32) if value.dtype == np.float64 else value
        else:
            rest[one.name] = value
    rest["best"] = {one.name: getattr(made.best, one.name) for one in fields(made.best)}
    return arrays | {"rest": np.array(json.dumps(rest, default=_plain))}


def _plain(value: Any) -> Any:
    """A numpy value as JSON has it."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else list(value)


def from_arrays(arrays: dict[str, NDArray]) -> Sample:
    """Read back `to_arrays`."""
    from qsocore.sed.fit import Fit
    from qsocore.sed.sample import Sample

    rest = json.loads(str(arrays.pop("rest")))
    best = rest.pop("best")
    tuples = {name: tuple(value) for name, value in rest.items() if isinstance(value, list)}
    return Sample(best=Fit(**best | {"model": np.array(best["model"])}), **arrays, **rest | tuples)


# ---- what is shown of a sample


@dataclass(frozen=True)
class Parameter:
    """One row of the table of parameters: its median, and how far it is to the ends of its 68 %."""

    name: str
    unit: str
    median: float
    up: float
    down: float


def parameters(made: Sample) -> list[Parameter]:
    """The parameters of a sample with their 68 %: the 16th to the 84th percentile."""
    low, middle, high = np.percentile(made.chain, PERCENTILES, axis=0)
    return [Parameter(title(name), _UNITS.get(unit, unit), float(median), float(up - median), float(median - down))
            for name, unit, down, median, up in zip(made.names, made.units, low, middle, high, strict=True)]


def digits(row: Parameter) -> int:
    """Places after the point that a parameter's spread is worth: two figures of its wider side."""
    spread = max(row.up, row.down)
    return int(np.clip(1 - np.floor(np.log10(spread)), 0, 6)) if spread > 0 else 1


def corner_plot(made: Sample) -> Corner:
    """The corner plot of a sample; every row of the chain is counted."""
    side = _SIDE if len(made.chain) < _ENOUGH else _MOST_SIDE
    return corner_of(dict(zip(made.names, made.chain.T, strict=True)), side)
