"""Crossmatch: rows of two catalogues that lie within a radius of each other, and how many of them chance would give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from qsocore.catalog import Column
from qsocore.errors import ConfigError, did_you_mean
from qsocore.match import FIND, MATCHERS, Matcher, Pairs, Side, Tally, Wanted
from qsocore.match.sphere import Sky, shifted
from qsocore.store.columns import from_field
from qsocore.workflow.export import check_out
from qsocore.workflow.tabular import ENDINGS, Input, open_input, without_sentinels, write_table

SEPARATION = Column("separation", "float64", "property", "arcsec", "Great-circle distance of the two positions",
                    ucd="pos.angDistance")
CHANCE = Column("chance", "float64", "property", "",
                "Probability of an unrelated source of B as near or nearer: 1 - exp(-density * pi * separation^2), with the "
                "density of B around the position, beyond the radius (Downes et al. 1986)", ucd="stat.probability")
_SHIFT = 30.0  # radii by which positions are moved, so that no counterpart is near ...
_LEAST = 60.0 / 3600  # ... and degrees at least
_SHIFTED = 100_000  # rows of A that are moved at most
_ANGLES = (45.0, 135.0, 225.0, 315.0)  # position angles towards which


@dataclass(frozen=True)
class CrossmatchReport:
    """What came of it.

    Parameters
    ----------
    how, find : str
    symmetric : bool
    radius_arcsec : float
    n_a, n_b : int or None
        Rows with a position; None where they were not counted.
    unplaced_a, unplaced_b : int
        Rows without one: they match nothing.
    pairs, matched_a : int
        Rows written, and rows of A in them.
    by_chance : float
        Rows of A that chance would match, from the density of B around them.
    by_shift : float
        The same, measured: the mean number that are matched when A is moved to four sides, `shift_arcsec` away.
    by_shift_error : float
        Standard deviation of the four.
    shift_arcsec : float
    """

    how: str
    find: str
    symmetric: bool
    radius_arcsec: float
    n_a: int | None = None
    n_b: int | None = None
    unplaced_a: int = 0
    unplaced_b: int = 0
    pairs: int = 0
    matched_a: int = 0
    by_chance: float = np.nan
    by_shift: float = np.nan
    by_shift_error: float = np.nan
    shift_arcsec: float = np.nan

    def to_dict(self) -> dict[str, Any]:
        """Plain values; None where a number isn't known."""
        return {key: None if value != value else value for key, value in asdict(self).items()}

    def to_text(self) -> str:
        """A few lines."""
        of = [f"{name}: {count:,} with a position" if count is not None else f"{name}: not counted"
              for name, count in (("A", self.n_a), ("B", self.n_b))]
        lost = [f"{count:,} of {name} have none and match nothing" for name, count in
                (("A", self.unplaced_a), ("B", self.unplaced_b)) if count]
        lines = ["; ".join(of + lost),
                 f"{self.pairs:,} matches within {self.radius_arcsec:g} arcsec, of {self.matched_a:,} of A"]
        if self.by_chance == self.by_chance:
            lines.append(f"{self.by_chance:,.1f} of A would be matched by chance, from the density of B around them")
        if self.by_shift == self.by_shift:
            lines.append(f"{self.by_shift:,.1f} ± {self.by_shift_error:,.1f} of A are matched {self.shift_arcsec:g} arcsec off")
        return "\n".join(lines)


def crossmatch(a: str | Path, b: str | Path, out: str | Path, radius: float | str, find: str = "best",
               symmetric: bool = False, how: str = "memory", shifts: bool = True) -> CrossmatchReport:
    """Match two catalogues by position and write the matches.

    Parameters
    ----------
    a, b : path
        Tables or stores; for ``hats`` HATS catalogues as well, for ``cds`` B may be a catalogue of VizieR, such as
        ``vizier:II/328/allwise``.
    out : path
        ``.parquet``, ``.csv``, ``.fits`` or ``.vot``; must not exist. Columns of A keep their names, those of B get ``_2``
        behind where A has one of the name; then come `SEPARATION` and `CHANCE`.
    radius : str or float
        An angle such as ``1arcsec``; a number is arcsec.
    find : {"best", "all"}
        The nearest of B for each row of A, or every pair.
    symmetric : bool
        Of the best only those that are each other's nearest.
    how : str
        One of the family `qsocore.match.MATCHERS`: memory, hats, cds.
    shifts : bool
        Measure matches by chance by moving A as well; of catalogues in memory only.

    Returns
    -------
    CrossmatchReport

    Raises
    ------
    ReadError, StoreError
        When a catalogue cannot be read or has no positions.
    ConfigError
        When an option does not fit, or `out` exists.
    """
    out = Path(out)
    check_out(out, ENDINGS)
    if find not in FIND:
        raise ConfigError(f"there is no way {find!r} to find matches", "--find", did_you_mean(find, FIND))
    if symmetric and find != "best":
        raise ConfigError("only the best matches can be symmetric", "--symmetric", "say --find best, or leave it out")
    matcher = MATCHERS.get(how)
    wanted = Wanted(degrees_of(radius), find, symmetric)
    sides = [_side(where, name in matcher.needs) for where, name in ((a, "a"), (b, "b"))]
    matched = _Matched(matcher, *(side for side, _ in sides), wanted, shifts)
    inputs = {f"{key}_{name}": value for (_, about), name in zip(sides, "ab", strict=True) for key, value in about.items()}
    write_table(out, matched.columns, matched.blocks(), lambda: inputs | matched.report().to_dict())
    return matched.report()


def degrees_of(radius: float | str) -> float:
    """An angle in degrees from ``1arcsec``, ``0.5 arcmin``, ``0.1deg``; a bare number is arcsec.

    Raises
    ------
    ConfigError
        For what is no angle, or not between 0 and 180 degrees.
    """
    from astropy import units as u

    try:
        value = u.Quantity(radius)
        found = float((value * u.arcsec if value.unit == u.dimensionless_unscaled else value).to_value(u.deg))
    except (TypeError, ValueError, u.UnitsError):
        raise ConfigError(f"{radius!r} is no angle", "--radius", "write it like 1arcsec, 0.5arcmin or 0.1deg") from None
    if not 0 < found <= 180:
        raise ConfigError(f"{radius!r} is no radius", "--radius", "give more than 0 and at most 180 degrees")
    return found


def _side(where: str | Path, in_memory: bool) -> tuple[Side, dict[str, Any]]:
    """A catalogue as a matcher takes it, and what it is for provenance."""
    if not in_memory and not _is_table(Path(where)):
        return Side(where), {"input": str(where)}
    source: Input = open_input(where)
    whole = source.whole()
    ra, dec = source.positions(whole)
    return Side(Path(where), without_sentinels(whole, source.columns.values()), source.columns, ra, dec), source.identity


def _is_table(path: Path) -> bool:
    """A file, or the folder of a store: what `open_input` reads."""
    return path.is_file() or (path / "manifest.json").is_file()


class _Matched:
    """The matches as blocks of one table, and the counts so far."""

    def __init__(self, matcher: Matcher, a: Side, b: Side, wanted: Wanted, shifts: bool):
        self.a, self.b, self.wanted, self.matcher = a, b, wanted, matcher
        self._pieces = matcher.match(a, b, wanted)
        self._first = next(self._pieces)
        self._tally, self._pairs, self._matched_a = Tally(), 0, 0
        self._moved = moved(a, b, wanted.radius) if shifts and a.ra is not None and b.ra is not None else {}
        self.columns = [*(from_field(f) for f in self._first.a.schema), *_renamed(self._first), *_added(self._first)]

    def blocks(self) -> Iterator[pa.Table]:
        """Matches, columns of both and what was measured side by side."""
        piece: Pairs | Tally | None = self._first
        while piece is not None:
            if isinstance(piece, Tally):
                self._tally = piece
            else:
                self._pairs += len(piece.separation)
                self._matched_a += piece.matched_a
                yield _together(piece, self.columns)
            piece = next(self._pieces, None)

    def report(self) -> CrossmatchReport:
        """The counts."""
        return CrossmatchReport(self.matcher.name, self.wanted.find, self.wanted.symmetric, self.wanted.radius * 3600,
                                pairs=self._pairs, matched_a=self._matched_a, **asdict(self._tally), **self._moved)


def moved(a: Side, b: Side, radius: float) -> dict[str, float]:
    """Matches by chance, measured: A is moved to four sides, farther than a counterpart can be.

    What is moved out of the field of B finds nothing, so that in a small field the number is too low.

    Returns
    -------
    dict of str to float
        by_shift, by_shift_error (rows of A) and shift_arcsec.
    """
    placed = np.flatnonzero(np.isfinite(a.ra) & np.isfinite(a.dec))
    sample = placed[::max(1, len(placed) // _SHIFTED)]
    by = min(max(_SHIFT * radius, _LEAST), 90.0)
    counts = [_matched(Sky(*shifted(a.ra[sample], a.dec[sample], by, angle)), b.sky, radius) for angle in _ANGLES]
    scale = len(placed) / max(len(sample), 1)
    return {"by_shift": float(np.mean(counts) * scale), "by_shift_error": float(np.std(counts, ddof=1) * scale),
            "shift_arcsec": round(by * 3600, 3)}


def _matched(one: Sky, other: Sky, radius: float) -> int:
    """How many places of one have one of the other near."""
    return sum(len(np.unique(mine)) for mine, _, _ in one.pairs(other, radius))


def _renamed(piece: Pairs) -> list[Column]:
    """Columns of B under names that A has not."""
    taken, out = set(piece.a.column_names), []
    for column in map(from_field, piece.b.schema):
        name = free(column.name, taken)
        taken.add(name)
        out.append(replace(column, name=name))
    return out


def _added(piece: Pairs) -> list[Column]:
    taken = {*piece.a.column_names, *(column.name for column in _renamed(piece))}
    return [replace(column, name=free(column.name, taken)) for column in (SEPARATION, CHANCE)]


def free(name: str, taken: set[str]) -> str:
    """The name, with _2, _3 ... behind it where it is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def _together(piece: Pairs, columns: list[Column]) -> pa.Table:
    measured = [pa.array(values, pa.float64(), from_pandas=True) for values in (piece.separation, piece.chance)]
    return pa.table([*piece.a.columns, *piece.b.columns, *measured], names=[column.name for column in columns])
