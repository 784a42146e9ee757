"""What leaves the page: rows as a table, figures for papers, a report; each with the rule, store and run it came from."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from dashboard import compared, palettes, paper, raster, spectrum, words
from dashboard.colourings import Aggregate
from dashboard.paper import MapPicture
from dashboard.report import Report, report
from dashboard.state import DENSITY
from qsocore import __version__, selection
from qsocore.catalog import Column
from qsocore.errors import AtlasError
from qsocore.store.files import write_whole
from qsocore.store.selections import Kept
from qsocore.workflow import export as tables
from qsocore.workflow.info import citations

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dashboard.session import Session
    from dashboard.table import AtlasTable

FORMATS = {"Object ids (.txt)": ".txt", "CSV": ".csv", "FITS": ".fits", "VOTable": ".vot", "Parquet": ".parquet"}
FIGURES = {"Map": "map", "Spectrum in focus": "spectrum", "Composite": "composite"}

_PAPER = 1150, 960  # pixels of a map
_HISTOGRAMS = ("z", "snr_median", "mag_r", "anomaly", "chi2_pix")
_LISTED = ("object_id", "class", "z", "snr_median", "chi2_pix", "anomaly", "ra", "dec")


class Rows:
    """Rows of an Atlas table as the writers of `qsocore.workflow.export` read them: by columns and row numbers."""

    def __init__(self, table: AtlasTable):
        self.atlas = table
        self.columns = dict(table.columns)
        if "object_id" not in self.columns:  # a table whose rows were named by their place, or by a column of another name
            self.columns = {"object_id": Column("object_id", "string", "id", "", "Object id")} | self.columns

    def table(self, names: Sequence[str], rows: NDArray[np.int64]) -> pa.Table:
        """Some columns of some rows, in the order given, with what the columns mean in the fields' metadata."""
        rows, found = np.asarray(rows, np.int64), {}
        for part in self.atlas.parts:
            here = [name for name in names if name in part.columns and name not in found]
            found |= dict(zip(here, part.rows(rows, here).columns, strict=True)) if here else {}
        if "object_id" in names and "object_id" not in found:
            found["object_id"] = pa.chunked_array([pa.array(self.atlas.ids_of(rows), pa.string())])
        fields = [pa.field(name, found[name].type, metadata=self.columns[name].to_metadata()) for name in names]
        return pa.table([found[name] for name in names], schema=pa.schema(fields))


def write_rows(session: Session, rule: str, names: Sequence[str], out: Path) -> int:
    """Write the objects that a rule selects in the format that the ending of `out` says, whole or not at all.

    Of a store this is what ``qso export`` does with the rule; a bare table is written by the same writers.

    Parameters
    ----------
    session : Session
    rule : str
        As JSON; "" selects everything.
    names : sequence of str
        Columns, in their order; ``.txt`` holds object ids alone.
    out : path
        One of the endings of `FORMATS`.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    AtlasError
        When they are not those that the page counts.
    """
    names, counted = None if out.suffix == ".txt" else list(names), session.count(rule)
    if session.library.store is not None:
        n = tables.export(session.library.path, out, names, selection=_parsed(rule), run=session.state.run or None)
        if n != counted:
            raise AtlasError(f"{n:,} rows were written, {counted:,} are selected", out.name,
                             "start the server again: the store has changed under it")
        return n
    source, rows, write = Rows(session.table), session.rows(rule), tables.WRITERS[out.suffix]
    columns = [source.columns[name] for name in names or ["object_id"]]
    write_whole(out, lambda file: write(file, source, columns, rows, provenance(session, rule, counted)))
    return counted


def kept(session: Session, rule: str, name: str) -> str:
    """The rule as a file for ``qso export --selection``: with store, run and count, against which a replay is held."""
    library = session.library
    fingerprint = library.store.manifest.fingerprint if library.store is not None else ""
    return Kept(name, _parsed(rule), session.count(rule), fingerprint, session.state.run).to_json()


def _parsed(rule: str) -> selection.Rule:
    return selection.from_json(rule) if rule else {"op": "all"}


def provenance(session: Session, rule: str, n: int) -> dict[str, Any]:
    """Where rows or a figure come from: rule as text and JSON, store, run, versions, what to cite."""
    library, parsed = session.library, _parsed(rule)
    about = {"store": session.table.name, "written_by": f"QSO Atlas {__version__}", "where": selection.to_text(parsed),
             "rule": selection.to_json(parsed), "rows": n, "of_rows": session.table.n_rows}
    if library.store is None:
        return about
    manifest = library.store.manifest
    about |= {"created": manifest.created, "store_fingerprint": manifest.fingerprint,
              "store_written_by": f"QSO Atlas {manifest.code_version}"}
    run = library.run(session.state.run)
    if run is not None:
        about |= {"run": run.path.name, "run_written_by": f"QSO Atlas {run.config.get('code_version', '?')}",
                  "model": str(run.config.get("model", ""))}
    return about | {"citation": citations(manifest)}


def command(session: Session, ending: str, names: Sequence[str] | None, stem: str) -> str:
    """The command line that writes the same rows from the rule in a file; "" for a bare table, which is no store."""
    if session.library.store is None:
        return ""
    parts = ["qso", "export", str(session.library.path), "--selection", f"{stem}.json"]
    parts += ["--run", session.state.run] if session.state.run else []
    parts += ["--columns", *names] if names and ending != ".txt" else []
    return shlex.join([*parts, "--out", f"{stem}{ending}"])


# ---- figures

def figure(session: Session, which: str) -> Figure:
    """One of `FIGURES` as it is on the page now.

    Raises
    ------
    AtlasError
        When there is nothing to draw.
    """
    return {"map": map_figure, "spectrum": spectrum_figure, "composite": composite_figure}[which](session)


def map_figure(session: Session) -> Figure:
    """The first map, drawn anew with a paper's pixels and the light theme's colours."""
    state, table, colouring, classes = session.state, session.table, session.colouring, session.classes
    view = raster.View(*(state.window(0) or session.extent_of(state.maps[0])), *_PAPER)
    whole = _aggregate(session, view, session.drawn_rule)
    scale = session.scale or (colouring.scale(whole) if colouring.kind == "count" else None)
    chosen = None
    if state.selection:
        chosen = raster.spread(colouring.levels(_aggregate(session, view, session.selected_rule), scale))
    palette, named = palettes.continuous(state.palette, "light", density=colouring.kind == "count"), []
    if classes:
        palette, inks = (part(classes.names, "light") for part in (palettes.categorical, palettes.class_colours))
        named = [(name, ink, int(count)) for name, ink, count in zip(classes.names, inks, classes.counts, strict=True)
                 if name not in state.hidden]
    axes, row = session.axes_of(state.maps[0]), session.focus_row
    focus = tuple(float(table.numbers(axis)[row]) for axis in axes) if row >= 0 else (np.nan, np.nan)
    return paper.map_figure(MapPicture(
        view, raster.spread(colouring.levels(whole, scale)), palette, *(words.label(table.columns[axis]) for axis in axes),
        _key(session), None if classes else scale, named, chosen, focus if np.isfinite(focus).all() else None))


def _aggregate(session: Session, view: raster.View, rule: str) -> Aggregate:
    """What the first map shows of a rule's objects."""
    plane, kind, scale = session.plane(0), session.colouring.kind, session.scale
    shift = (scale.low + scale.high) / 2 if scale and kind == "value" else 0.0
    return raster.aggregate(plane, session.state.statistic if kind == "value" else kind, view, session.value_by_place(plane),
                            session.by_place(plane, rule), shift)


def _key(session: Session) -> str:
    """What the map's colours show."""
    state, columns = session.state, session.table.columns
    if state.colour_by == DENSITY:
        return "Objects per pixel"
    said = words.label(columns[state.colour_by]) if state.colour_by in columns else state.colour_by
    return said if state.statistic == "mean" or session.colouring.kind != "value" else f"{said}, {state.statistic}"


def spectrum_figure(session: Session) -> Figure:
    """The spectrum of the object in focus."""
    row = session.focus_row
    if row < 0:
        raise AtlasError("no object is in focus", remedy="tap one on the map")
    return paper.spectrum_figure(spectrum.look_at(session.table, row, session.library.decoder(session.state.run)))


def composite_figure(session: Session) -> Figure:
    """Composites of A and B, or of the selection, in the rest frame where redshifts are known."""
    from qsocore.compare.side_by_side import side_by_side

    sets = compared.sets(session)
    if not sets:
        raise AtlasError("nothing is selected", remedy="draw a lasso on the map, or keep two selections as A and B")
    if session.table.store is None:
        raise AtlasError("this table has no spectra", session.table.name, "read the survey's files into a store")
    frame = "rest" if "z" in session.table.columns else "observed"
    members, _ = side_by_side(session.table.store, {one.title: session.rows(one.rule) for one in sets}, frame=frame)
    return paper.composite_figure({name: member.data for name, member in members.items()})


# ---- the report

def report_of(session: Session, rule: str, title: str) -> str:
    """The report of a rule's objects; what cannot be drawn is left out, since the rest is right without it."""
    table, rows = session.table, session.rows(rule)
    about = provenance(session, rule, len(rows))
    figures = [(map_figure(session), f"The map {session.state.maps[0]}; what is not selected is faint.")]
    if rule == session.selected_rule and len(rows):
        try:
            figures.append((composite_figure(session), "Composite with the band of a bootstrap, and spectra per pixel."))
        except AtlasError:
            pass
    names = [name for name in (*_HISTOGRAMS, *table.latent_names) if name in table.columns and table.is_numeric(name)][:8]
    if names:
        drawn = paper.histogram_figure(table, rows, names)
        figures.append((drawn, "Shares: the selection (line) over the whole catalogue (grey)."))
    columns = dict.fromkeys((*_LISTED, *([session.state.colour_by] if session.state.colour_by in table.columns else ())))
    made_of = Report(title, about["where"], about["rule"], about, command(session, ".parquet", None, "selection"), figures,
                     list(columns))
    return report(made_of, table, rows, session.library.decoder(session.state.run) if session.state.run else None)
