"""The filters beside the maps: what they let through is drawn, and every histogram shows what passes all the others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn
import param

from dashboard import selecting, theme, words
from dashboard.crossfilter import MOST, Choice, Crossed, Numbers, Span, crossfilter, filters_of, rule_of
from dashboard.views import View
from qsocore.errors import AtlasError
from qsocore.selection import Coded, from_json, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboard.crossfilter import Axis
    from dashboard.session import Session
    from dashboard.table import AtlasTable

_FIRST = ("z", "mag_r", "mag_i", "mag_g", "snr_median", "chi2_pix", "class", "survey")
_FIRST_MAGNITUDES = 1
_SHOWN = 8
"""Labels with a box of their own; the rest have one together."""
_OTHERS, _MISSING = 0, ""  # keys of those boxes, which no label has


class FilterList(pn.custom.JSComponent):
    """The filters in the browser."""

    content = param.Dict({}, doc="Every filter with its counts.")

    _esm = Path(__file__).with_name("filters.js")

    def __init__(self, heard: Callable[[dict[str, Any]], None], **params: Any):
        super().__init__(stylesheets=[theme.css(), theme.css("filters")], **params)
        self._heard = heard

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        self._heard(msg)


class FiltersView:
    """Keeps which columns have a filter; the filters themselves are in State."""

    def __init__(self, session: Session):
        self.session, self._work = session, session.latest()
        self.names: list[str] = []
        self._run: str | None = None
        self.list = FilterList(self._hear, sizing_mode="stretch_both", margin=0, content=self._content([], None))
        session.when_shown("Filters", ["run", "joined", "filters"], self._count)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.list

    @property
    def filters(self) -> dict[str, Span | Choice]:
        """Filters in force by column."""
        return self._read()[0]

    def _read(self) -> tuple[dict[str, Span | Choice], list]:
        rule = self.session.state.filters
        return filters_of(from_json(rule) if rule else None)

    # ---- what is shown

    def _count(self) -> None:
        """Count what passes, beside the event loop; every answer of the browser's waits for this."""
        session, table, run, (filters, rest) = self.session, self.session.table, self.session.state.run, self._read()
        kept = self.names if run == self._run else None

        def work() -> tuple[list[tuple[str, Axis]], Crossed]:
            names = list(dict.fromkeys([*(first_columns(table) if kept is None else kept), *filters]))[:MOST]
            known = {name: axis for name in names if (axis := axis_of(session, name)) is not None}
            crossed = crossfilter(list(known.values()), [_fitting(filters.get(name), axis) for name, axis in known.items()])
            return list(known.items()), crossed

        def then(result: tuple[list[tuple[str, Axis]], Crossed]) -> None:
            axes, crossed = result
            self.names, self._run = [name for name, _ in axes], run
            columns = [self._column(name, axis, filters.get(name), counts)
                       for (name, axis), counts in zip(axes, crossed.counts, strict=True)]
            self.list.content = self._content(columns, crossed.n_passing, " and ".join(map(to_text, rest)), table.n_rows)

        self._work.submit(work, then)

    def _content(self, columns: list[dict], passing: int | None, rest: str = "", total: int | None = None) -> dict[str, Any]:
        table = self.session.table
        shown = {column["name"] for column in columns}
        available = [[name, words.title(column)] for name, column in table.columns.items()
                     if name not in shown and column.role not in ("id", "provenance")]
        return {"columns": columns, "passing": passing, "total": total, "open": not self.session.state.filters, "rest": rest,
                "available": available}

    def _column(self, name: str, axis: Axis, filter_: Span | Choice | None, passing: np.ndarray) -> dict[str, Any]:
        column, everything = self.session.table.columns[name], all_of(self.session, name)
        about = {"name": name, "title": words.label(column), "tip": column.description or name}
        if isinstance(axis, Numbers):
            span = _fitting(filter_, axis)
            return about | {"all": everything.tolist(), "passing": passing.tolist(), "start": axis.start, "stop": axis.stop,
                            "whole": axis.stop - axis.start == axis.bins, "low": span.low, "high": span.high}
        boxes = boxes_of(axis, everything)
        kept = kept_of(_fitting(filter_, axis), boxes)
        return about | {"items": [{"key": key, "name": title, "on": key in kept, "all": int(everything[codes].sum()),
                                   "passing": int(passing[codes].sum())} for key, title, codes in boxes]}

    # ---- what the user does

    def _hear(self, said: dict[str, Any]) -> None:
        do = {"filter": self._filter, "add": self._add, "remove": self._remove,
              "reset": lambda _: selecting.filter_by(self.session, None),
              "select": lambda _: selecting.select_filtered(self.session)}.get(said.get("do", ""))
        if do is not None:
            try:
                do(said)
            except AtlasError as error:
                self.session.failed(error)

    def _set(self, name: str, filter_: Span | Choice, gesture: str = "") -> None:
        filters, rest = self._read()
        before = self.session.state.filters
        selecting.filter_by(self.session, rule_of(filters | {name: filter_}, rest), gesture)
        if self.session.state.filters == before:  # nothing changed, but the browser waits
            self._count()

    def _filter(self, said: dict[str, Any]) -> None:
        name = said.get("name")
        if name not in self.names:
            return
        axis = axis_of(self.session, name)
        if isinstance(axis, Numbers):
            self._set(name, Span(*(_end(said.get(end)) for end in ("low", "high"))), str(said.get("gesture", "")))
        else:
            kept = {key for key in said.get("kept", []) if isinstance(key, (str, int))}
            self._set(name, choice_of(kept, boxes_of(axis, all_of(self.session, name))))

    def _add(self, said: dict[str, Any]) -> None:
        name, session = said.get("name"), self.session
        if name not in session.table.columns or name in self.names:
            return

        def then(axis: Axis | None) -> None:
            if axis is None:
                session.tell(f"{words.title(session.table.columns[name])} has but one value, or too many labels to filter")
            else:
                self.names.insert(0, name)
                self._count()

        session.latest().submit(lambda: axis_of(session, name), then)

    def _remove(self, said: dict[str, Any]) -> None:
        name = said.get("name")
        self.names = [other for other in self.names if other != name]
        if name in self.filters:
            self._set(name, Span())
        else:
            self._count()


def first_columns(table: AtlasTable) -> list[str]:
    """Columns that are filtered by custom, as far as they are there."""
    names = [name for name in _FIRST if name in table.columns]
    magnitudes = [name for name in names if name.startswith("mag_")][_FIRST_MAGNITUDES:]
    several = "survey" not in names or (coded := table.coded("survey")) is None or len(coded.labels) > 1
    return [name for name in names if name not in magnitudes and (name != "survey" or several)]


def axis_of(session: Session, name: str) -> Axis | None:
    """A column as it is filtered, shared by all sessions; None where there is nothing to filter."""
    table = session.table

    def make() -> Axis | None:
        return Numbers.of(table.exact(name)) if table.is_numeric(name) else table.coded(name)

    return table.once(("filter", name), make)


def all_of(session: Session, name: str) -> np.ndarray:
    """Objects in each bin or of each label, whatever the filters, shape (n_bins,); shared by all sessions."""
    axis = axis_of(session, name)
    open_ = Span() if isinstance(axis, Numbers) else Choice()
    return session.table.once(("filter all", name), lambda: crossfilter([axis], [open_]).counts[0])


def _fitting(filter_: Span | Choice | None, axis: Axis) -> Span | Choice:
    """The filter of a column, or one that lets everything pass."""
    kind = Span if isinstance(axis, Numbers) else Choice
    return filter_ if isinstance(filter_, kind) else kind()


def _end(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and np.isfinite(value) else None


# ---- labels as boxes to tick: a key, a title, the codes that it stands for

Box = tuple[Any, str, list[int]]


def boxes_of(axis: Coded, counts: np.ndarray) -> list[Box]:
    """The most frequent labels, all others together, and those without one."""
    order = [int(k) for k in np.argsort(-counts, kind="stable") if counts[k] and axis.labels[k]]
    boxes: list[Box] = [(axis.labels[k], axis.labels[k], [k]) for k in order[:_SHOWN]]
    rest = order[_SHOWN:]
    boxes += [(_OTHERS, f"{len(rest)} others", rest)] if rest else []
    return boxes + [(_MISSING, "missing", [k]) for k, label in enumerate(axis.labels) if label == "" and counts[k]]


def kept_of(choice: Choice, boxes: list[Box]) -> set:
    """Keys of the boxes that are ticked."""
    keys = {key for key, *_ in boxes}
    named = keys & set(choice.labels)
    labels = keys - {_OTHERS, _MISSING} - named if choice.others else named
    return labels | ({_OTHERS} & keys if choice.others else set()) | ({_MISSING} & keys if choice.missing else set())


def choice_of(kept: set, boxes: list[Box]) -> Choice:
    """The filter that ticked boxes say, with as few labels as it takes."""
    keys = [key for key, *_ in boxes]
    labels = [key for key in keys if key not in (_OTHERS, _MISSING)]
    dropped = tuple(label for label in labels if label not in kept)
    others = _OTHERS in kept if _OTHERS in keys else 2 * len(dropped) <= len(labels)
    missing = _MISSING in kept if _MISSING in keys else others
    return Choice(dropped if others else tuple(label for label in labels if label in kept), others, missing)


VIEW = View("Filters", "drawer", 0, FiltersView)
