"""What leaves the page: the selection as a table, its rule, figures for papers, a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import panel as pn
import panel_material_ui as pmui

from dashboard import compared, exporting, paper, theme, words
from dashboard.columns import grouped
from dashboard.exporting import FIGURES, FORMATS
from dashboard.views import View
from dashboard.views._fetch import Fetch
from dashboard.views._pages import NARROW

if TYPE_CHECKING:
    from dashboard.compared import Compared
    from dashboard.session import Session

_IN_MEMORY = (".fits", ".vot")
_FIRST = ("object_id", "ra", "dec", "z", "class")
_MANY = 2_000_000
_ABOUT = {".txt": "Object ids, one a line.",
          ".csv": "{n} columns. CSV has no place for units and provenance: take the rule along, or another format."}
_SMALL = {"size": "small", "margin": (4, 6), "css_classes": ["control"]}


class ExportPane:
    """A tab of the selection's page."""

    def __init__(self, session: Session):
        self.session, self.fetch, self._work = session, Fetch(session), session.latest()
        self._sets: dict[str, Compared] = {}
        self._counts: dict[str, int] = {}
        self.which = pmui.Select(label="Objects", width=210, **_SMALL)
        self.format = pmui.Select(label="Write as", options=FORMATS, value=".fits", width=150, **_SMALL)
        self.extent = pmui.Select(label="Columns", width=210, **_SMALL)
        self.columns = pmui.MultiChoice(label="Those chosen", chip=False, searchable=True, delete_button=False, visible=False,
                                        visual_size="small", sizing_mode="stretch_width", margin=(4, 6),
                                        css_classes=["control"], sx=NARROW)
        self.figure = pmui.Select(label="Figure", options=FIGURES, width=190, **_SMALL)
        kinds = {kind.upper(): kind for kind in paper.FORMATS}
        self.kind = pmui.Select(label="Draw as", options=kinds, value="pdf", width=110, **_SMALL)
        self.rows = self._button("Download", lambda: self._download_rows())
        self.rule = self._button("Rule (JSON)", lambda: self._download_rule(), variant="outlined")
        self.draw = self._button("Download figure", lambda: self._download_figure())
        self.report = self._button("Download report (HTML)", lambda: self._download_report())
        looks = {"margin": (0, 6), "sizing_mode": "stretch_width", "stylesheets": [theme.css("export")]}
        self.said = pn.pane.HTML("", **looks)
        self._looks = looks
        for widget in (self.which, self.format, self.extent, self.columns):
            widget.param.watch(lambda _: self._say(), "value")
        session.when_shown(VIEW.title, [*compared.NAMES, "colour_by"], self._list)

    def __panel__(self) -> pn.viewable.Viewable:
        figures = "As the page shows them now, on white, with labels, units and key; vector formats for papers."
        report = ("One file that needs nothing else: rule, counts, map, composite, histograms, spectra with reconstructions, "
                  "table, provenance and what to cite.")
        spread = {"sizing_mode": "stretch_width", "margin": 0}
        return pn.Column(
            self._text("Table"), pn.Row(self.which, self.format, **spread), pn.Row(self.extent, self.columns, **spread),
            pn.Row(self.rows, self.rule, **spread), self.said, self._text("Figures", figures),
            pn.Row(self.figure, self.kind, self.draw, **spread),
            self._text("Report", report), pn.Row(self.report, **spread), self.fetch, sizing_mode="stretch_both", margin=(4, 8),
            styles={"overflow-y": "auto", "gap": "2px"})

    def _text(self, title: str, text: str = "") -> pn.pane.HTML:
        about = f'<div class="about">{words.html(text)}</div>' if text else ""
        return pn.pane.HTML(f"<h3>{words.html(title)}</h3>{about}", **self._looks)

    def _button(self, label: str, do, variant: str = "contained") -> pmui.Button:
        return pmui.Button(label=label, variant=variant, size="small", margin=(4, 6), align="center", on_click=lambda _: do())

    # ---- what there is

    def _list(self) -> None:
        """Offer the sets and columns that there are now, with how many objects each has."""
        session, table = self.session, self.session.table
        sets = [*compared.selected(session), *compared.slots(session), compared.everything(session)]
        self._sets = {one.key: one for one in sets}
        source = exporting.Rows(table)
        titles = {name: title for group in grouped(table).values() for title, name in group.items()}
        chosen = [name for name in self.columns.value if name in titles] or [name for name in _FIRST if name in titles]
        self.columns.param.update(options={title: name for name, title in titles.items()}, value=chosen)
        extents = {f"All {len(source.columns)}": "all", "Those chosen": "chosen"}
        if session.library.store is not None and len(session.library.store.columns) < len(source.columns):
            extents = {f"Catalogue ({len(session.library.store.columns)})": "catalogue",
                       f"Catalogue and run ({len(source.columns)})": "all", "Those chosen": "chosen"}
        keep = self.extent.value if self.extent.value in extents.values() else "all"
        self.extent.param.update(options=extents, value=keep)

        def counted(counts: dict[str, int]) -> None:
            self._counts = counts
            options = {f"{one.title} ({counts[one.key]:,})": one.key for one in sets}
            keep = self.which.value if self.which.value in counts else sets[0].key
            self.which.param.update(options=options, value="selected" if "selected" in counts else keep)
            self._say()

        self._work.submit(lambda: {one.key: session.count(one.rule) if one.rule else table.n_rows for one in sets}, counted)

    @property
    def _chosen(self) -> tuple[Compared, list[str]]:
        """The set that is chosen, and the columns in the table's order."""
        every = list(exporting.Rows(self.session.table).columns)
        wanted = {"all": every, "chosen": self.columns.value}.get(self.extent.value)
        wanted = list(self.session.library.store.columns) if wanted is None else wanted
        return self._sets[self.which.value], [name for name in every if name in wanted]

    @property
    def _stem(self) -> str:
        """What files are called: the store's name and the set's, of letters that every system takes."""
        stem = f"{Path(self.session.table.name).stem}-{self.which.value}"
        return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "-" for letter in stem)

    def _say(self) -> None:
        """What will be written, and the command line that writes the same."""
        if self.which.value not in self._counts:
            return
        (_, names), n, ending = self._chosen, self._counts[self.which.value], self.format.value
        self.rows.label = f"Download {n:,} rows"
        self.rows.disabled = n == 0 or not names
        self.extent.disabled, self.columns.visible = ending == ".txt", self.extent.value == "chosen"
        line = exporting.command(self.session, ending, None if self.extent.value == "catalogue" else names, self._stem)
        about = _ABOUT.get(ending, "{n} columns, with units, rule, store, run, versions and what to cite in the file.")
        if n > _MANY and ending in _IN_MEMORY:
            about += " This format is made in memory; Parquet and CSV are written in pieces and suit so many rows better."
        said = words.html(about.format(n=len(names)))
        same = (f'<div class="about">With the rule in {words.html(self._stem)}.json the same is done by</div>'
                f"<code>{words.html(line)}</code>")
        self.said.object = f'<div class="about">{said}</div>' + (same if line else "")

    # ---- making files

    def _make(self, button: pmui.Button, name: str, write) -> None:
        """Have a file made while its button shows that it is."""
        button.param.update(loading=True, disabled=True)
        self.fetch.make(name, write, lambda: button.param.update(loading=False, disabled=False))

    def _download_rows(self) -> None:
        session, (one, names) = self.session, self._chosen
        self._make(self.rows, f"{self._stem}{self.format.value}",
                   lambda path: exporting.write_rows(session, one.rule, names, path))

    def _download_rule(self) -> None:
        session, (one, _), stem = self.session, self._chosen, self._stem
        self._make(self.rule, f"{stem}.json",
                   lambda path: path.write_text(exporting.kept(session, one.rule, stem), encoding="utf-8"))

    def _download_figure(self) -> None:
        session, which = self.session, self.figure.value

        def write(path: Path) -> None:
            about = exporting.provenance(session, session.selected_rule or session.drawn_rule, session.n_selected)
            paper.save(exporting.figure(session, which), path, about)

        self._make(self.draw, f"{self._stem}-{which}.{self.kind.value}", write)

    def _download_report(self) -> None:
        session, (one, _) = self.session, self._chosen
        title = f"{session.table.name}: {one.title.lower()}"
        self._make(self.report, f"{self._stem}.html",
                   lambda path: path.write_text(exporting.report_of(session, one.rule, title), encoding="utf-8"))



VIEW = View("Export", "selection", 9, ExportPane)
