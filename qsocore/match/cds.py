"""The cross-match service of CDS, by astroquery: A is sent in parts, B is a catalogue of VizieR or sent along.

Only row numbers and positions are sent; columns of a table stay here and are put beside the answer. For a catalogue of VizieR
the density, and so the chance of a match, is the mean around a sample of A, asked for with a wider radius; for a table it is
local.
The service's address is astroquery's setting ``astroquery.xmatch.conf.url``.

Citation: Boch, Pineau & Derriere 2012, ASPC 461, 291; Ginsburg et al. 2019, AJ 157, 98.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qsocore.catalog import Column
from qsocore.errors import AtlasError, ConfigError
from qsocore.match import ROW, Matcher, Pairs, Side, Tally, Wanted
from qsocore.match.choose import chosen, places
from qsocore.match.sphere import cap, chance, expected
from qsocore.store.columns import to_table
from qsocore.surveys.roles import column_of, positions

if TYPE_CHECKING:
    from astropy.table import Table

_ARCSEC = 3600
_MOST = 180.0 / _ARCSEC  # degrees; what the service allows
_PART = 100_000  # rows of A sent at once
_SAMPLE = 1000  # rows of A around which the density is asked for
_WIDER = 10.0  # radii out to which
_DIGITS = 2**53  # whole numbers up to which floats hold all
_DISTANCE = "angDist"  # what the service calls the separation, arcsec


class Cds(Matcher):
    """CDS X-Match."""

    name = "cds"
    title = "the cross-match service of CDS"
    needs = ("a",)

    def match(self, a: Side, b: Side, wanted: Wanted) -> Iterator[Pairs | Tally]:
        """See `Matcher`."""
        if wanted.radius > _MOST * (1 + 1e-9):
            raise ConfigError(f"CDS matches within at most {_MOST * _ARCSEC:g} arcsec", "--radius", "use --how memory")
        service = _Service(b)
        placed = np.flatnonzero(np.isfinite(a.ra) & np.isfinite(a.dec))
        parts = [placed[start:start + _PART] for start in range(0, len(placed), _PART)]
        found = [service.ask(a, rows, wanted.radius) for rows in parts]
        density = service.density(a, placed, wanted.radius) if b.table is None and len(placed) else np.nan
        answer = _joined(found) if found else None
        if answer is None or not len(answer):
            yield Pairs(a.table.slice(0, 0), _nothing(b, answer), np.empty(0), np.empty(0), 0)
        else:
            yield _pairs(a, b, answer, wanted, density)
        if b.table is None:
            yield Tally(len(placed), None, len(a.ra) - len(placed), 0, len(placed) * float(chance(density, wanted.radius)))
        else:
            yield Tally(len(placed), b.sky.tree.n, len(a.ra) - len(placed), len(b.ra) - b.sky.tree.n,
                        expected(a.sky, b.sky, wanted.radius))


class _Service:
    """The service, asked for matches with one catalogue B."""

    def __init__(self, b: Side):
        try:
            with redirect_stdout(StringIO()):  # it says there when a package that we do not use is absent
                from astroquery.xmatch import XMatchClass, conf
        except ImportError as error:
            raise ConfigError(f"astroquery cannot be imported ({error})", "--how cds",
                              "pip install 'qso-atlas[online]'") from None
        self.b, self.client = b, XMatchClass()
        self.client.URL, self.client.TIMEOUT = conf.url, conf.timeout

    def ask(self, a: Side, rows: NDArray[np.int64], radius: float) -> Table:
        """All pairs of these rows of A within a radius (degrees)."""
        import requests
        from astropy import units as u
        from astropy.io.votable.exceptions import VOWarning
        from astroquery.exceptions import InvalidQueryError

        theirs, columns = str(self.b.where), {}
        if self.b.table is not None:
            placed = np.flatnonzero(np.isfinite(self.b.ra) & np.isfinite(self.b.dec))
            theirs, columns = _upload(self.b, placed, "_b"), {"colRA2": "ra_b", "colDec2": "dec_b"}
        try:
            return self.client.query(_upload(a, rows, "_a"), theirs, radius * u.deg, colRA1="ra_a", colDec1="dec_a",
                                     cache=False, **columns)
        except requests.RequestException as error:
            why = " ".join(str(error).split())[:120]
            raise AtlasError(f"the service does not answer ({type(error).__name__}: {why})", self.client.URL,
                             "look at the network, or download B and use --how memory") from None
        except InvalidQueryError as error:
            raise AtlasError(f"the service refuses: {' '.join(str(error).split())[:160]}", self.client.URL,
                             "look at the name of the catalogue and at the radius") from None
        except (VOWarning, IndexError, AttributeError) as error:
            raise AtlasError(f"the service's answer is no VOTable ({type(error).__name__})", self.client.URL,
                             "try again later") from None
        except ValueError as error:
            raise ConfigError(" ".join(str(error).split())[:120], f"catalogue {self.b.where}",
                              "give a table of VizieR that has positions, such as vizier:II/328/allwise") from None

    def density(self, a: Side, placed: NDArray[np.int64], radius: float) -> float:
        """Mean number of sources of B in a square degree around A, beyond the radius."""
        sample = placed[::max(1, len(placed) // _SAMPLE)]
        reach = min(_WIDER * radius, _MOST)
        if reach <= radius:
            return np.nan
        around = self.ask(a, sample, reach)
        beyond = int((np.asarray(around[_DISTANCE], float) > radius * _ARCSEC).sum()) if len(around) else 0
        return beyond / (len(sample) * float(cap(reach) - cap(radius)))


def _upload(side: Side, rows: NDArray[np.int64], end: str) -> Table:
    """Row numbers and positions (degrees), which are all that is sent."""
    from astropy.table import Table

    return Table({f"{ROW}{end}": rows, f"ra{end}": side.ra[rows] % 360, f"dec{end}": side.dec[rows]})


def _joined(found: list[Table]) -> Table:
    from astropy.table import vstack

    return vstack(found, metadata_conflicts="silent")


def _pairs(a: Side, b: Side, answer: Table, wanted: Wanted, mean: float) -> Pairs:
    """The pairs of an answer that are wanted; `mean` is the density of a B that is not here."""
    mine, apart = np.asarray(answer[f"{ROW}_a"], np.int64), np.asarray(answer[_DISTANCE], float) / _ARCSEC
    theirs = np.arange(len(mine)) if wanted.find == "all" and b.table is None else _numbers(b, answer)
    rows = chosen(wanted, mine, theirs, apart)
    mine, apart = mine[rows], apart[rows]
    if b.table is not None:
        table = b.table.take(pa.array(theirs[rows]))
        density = b.sky.density(a.ra[mine], a.dec[mine], wanted.radius)
    else:
        table, density = _columns(answer[rows]), mean
    return Pairs(a.table.take(pa.array(mine)), table, apart * _ARCSEC, chance(density, apart), len(np.unique(mine)))


def _numbers(b: Side, answer: Table) -> NDArray[np.int64]:
    """What each row of B is known by: its number in a table, else its place on the sky."""
    if b.table is not None:
        return np.asarray(answer[f"{ROW}_b"], np.int64)
    table = _columns(answer)
    columns = {column.name: column for column in _meant(answer)}
    place = positions(columns, {name: table.column(name).to_numpy(zero_copy_only=False) for name in columns})
    if place is None:
        raise AtlasError("the answer has no positions of B, so that its rows cannot be told apart", f"catalogue {b.where}",
                         "say --find all")
    return places(*place)


def _theirs(answer: Table) -> list[str]:
    """Columns of an answer that are B's."""
    return [name for name in answer.colnames if name not in (_DISTANCE, f"{ROW}_a", "ra_a", "dec_a") and answer[name].ndim == 1]


def _values(answer: Table, name: str) -> NDArray:
    """A column with NaN and "" where it is masked."""
    column = answer[name]
    too_long = column.dtype.kind in "iu" and np.ma.is_masked(column) and np.abs(column).max() > _DIGITS  # an id
    if column.dtype.kind in "SUO" or too_long:
        return np.array([str(value) if value is not np.ma.masked else "" for value in column], object)
    return np.asarray(column.astype(float).filled(np.nan) if np.ma.is_masked(column) else column)


def _meant(answer: Table) -> list[Column]:
    names = _theirs(answer)
    return [column_of(name, _values(answer, name), str(answer[name].unit or ""), str(answer[name].description or ""), names,
                      str(answer[name].meta.get("ucd", ""))) for name in names]


def _columns(answer: Table) -> pa.Table:
    """B's columns of an answer, with what they mean."""
    return to_table({name: _values(answer, name) for name in _theirs(answer)}, _meant(answer)).select(_theirs(answer))


def _nothing(b: Side, answer: Table | None) -> pa.Table:
    """No row of B."""
    if b.table is not None:
        return b.table.slice(0, 0)
    return pa.table({}) if answer is None else _columns(answer)


MATCHER = Cds()
