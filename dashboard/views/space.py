"""The page "Latent space": move through it by sliders, by a tap on a map or along a path, and see what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import panel as pn

from dashboard import actions, theme, words
from dashboard.session import Session
from dashboard.space import Look, Object, Space
from dashboard.views import View
from dashboard.views._empty import empty
from dashboard.views._spacedesk import SpaceDesk
from dashboard.views._spacefigure import SpaceFigure
from qsocore.explore.inverse import IN_LATENTS, ON_MAP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qsocore.explore.inverse import Place

_TITLE = "Latent space"
_KEY = {"model": "decoded", "flux": "nearest object, smoothed"}
_RULE = "r is {c:g} times the median distance of the 24 nearest objects to their own nearest"


class SpacePage:
    """One place at a time: its decoded spectrum, the objects nearest to it, and what moves it."""

    def __init__(self, session: Session):
        self.session, self.plot, self._work = session, SpaceFigure(), session.latest()
        self.desk = SpaceDesk(self._heard)
        looks = {"stylesheets": [theme.css(), theme.css("space")], "margin": 0}
        self.head = pn.pane.HTML("", height=62, sizing_mode="stretch_width", **looks)
        self.hint = pn.pane.HTML("", sizing_mode="stretch_both", **looks)
        self.content = pn.Column(
            self.head, pn.pane.Bokeh(self.plot.figure, sizing_mode="stretch_both", margin=(0, 6, 2, 6)), self.desk,
            sizing_mode="stretch_both", margin=0)
        self.body = pn.Column(self.hint, sizing_mode="stretch_both", margin=0)
        self._space: Space | None = None
        self._run: str | None = None
        self._here: NDArray[np.float32] | None = None
        self._ends: dict[str, tuple[str, NDArray[np.float32]]] = {}
        self._frames: NDArray[np.float32] | None = None
        self._rows: dict[str, int] = {}
        self._stays = False
        self._probe: tuple | None = None  # the last that was answered
        self._paint()
        session.on(["dark"], self._paint)
        session.on(["probe"], self._probed)
        session.on(["page"], self._probed)
        session.on(["a", "b"], self._allow)
        session.when_shown(_TITLE, ["run", "focus"], self._follow)

    def __panel__(self) -> pn.viewable.Viewable:
        return self.body

    def _paint(self) -> None:
        ink = theme.ink(self.session.dark)
        self.plot.paint(ink)
        self.head.styles = {"--warn": ink["warn"], "--model": ink["model"], "--flux": ink["flux"]}

    # ---- which space

    def _follow(self) -> None:
        """Another run begins anew; another focus is gone to, unless it was chosen on this page."""
        session = self.session
        if self._run != session.state.run or self._space is None:
            self._begin()
            return
        row, stays = session.focus_row, self._stays
        self._stays = False
        if stays:
            self._mark_focus()
        else:
            self._work.submit(lambda: self._space.of(row), lambda latents: self._arrive(latents, session.state.focus))

    def _begin(self) -> None:
        session, run = self.session, self.session.state.run
        self._run, self._space, self._ends, self._frames, self._here = run, None, {}, None, None
        lacking = _lacking(session)
        if lacking:
            self._work.cancel()
            self.hint.object = lacking
            self.body[:] = [self.hint]
            return
        row, library = session.focus_row, session.library

        def work() -> tuple[Space, NDArray, NDArray | None]:
            space = library.once(("space", run), lambda: Space(
                library.table(run), library.decoder(run), library.neighbours(run)))
            return space, space.ranges, space.of(row)

        self._work.submit(work, lambda result: self._open(*result))

    def _open(self, space: Space, ranges: NDArray, focus: NDArray | None) -> None:
        self._space = space
        low, below, middle, above, high = (line.tolist() for line in ranges)
        self.plot.frame(space.wave, space.decoder.grid.frame == "rest")
        self.desk.param.update(path={}, axes={"names": space.names, "low": low, "below": below, "middle": middle,
                                              "above": above, "high": high})
        self._allow()
        self.body[:] = [self.content]
        if self.session.probe not in (None, self._probe):
            self._mark(focus)
            self._probed()
        else:
            self._arrive(focus, self.session.state.focus)

    def _allow(self) -> None:
        state = self.session.state
        self.desk.can = {"focus": bool(len(self.desk.focus)), "a": bool(state.a), "b": bool(state.b)}

    def _mark(self, focus: NDArray | None) -> None:
        self.desk.focus = [] if focus is None else focus.tolist()
        self._allow()

    def _mark_focus(self) -> None:
        space, row = self._space, self.session.focus_row
        self._mark(space.of(row) if row >= 0 else None)

    # ---- going somewhere

    def _arrive(self, focus: NDArray | None, name: str) -> None:
        """At the object in focus, or at the median of all where there is none."""
        self._mark(focus)
        if focus is not None:
            self._go(focus, name)
        elif self._here is None or len(self._here) != len(self._space.names):
            self._go(self._space.ranges[2], "The median of every latent")

    def _go(self, latents: NDArray[np.float32], where: str, number: int = 0, frame: int = -1, place: Place | None = None,
            plane: str = "") -> None:
        """Look at a place; `number` is that of the browser's wish, `place` what a map says of it."""
        space, self._here = self._space, np.asarray(latents, np.float32)
        here = self._here

        def then(look: Look) -> None:
            self.plot.show(look, space.wave)
            self.head.object = _said(look, where, place, plane)
            self._remember(look.objects)
            self.desk.param.update(near=_listed(look.objects), point={"latents": here.tolist(), "number": number})
            if frame != self.desk.path.get("at", -1) and self.desk.path:
                self.desk.path = self.desk.path | {"at": frame}

        self._work.submit(lambda: space.look(here), then)

    def _remember(self, objects: list[Object]) -> None:
        self._rows |= {one.object_id: one.row for one in objects}

    def _probed(self) -> None:
        """An empty place of a map was tapped."""
        session, probe, space = self.session, self.session.probe, self._space
        if probe in (None, self._probe) or space is None or not session.shows(_TITLE):
            return
        self._probe = probe
        number, *at = probe
        if number >= len(session.state.maps):
            return
        name = session.state.maps[number]
        title = "Sky" if name == "sky" else name.upper() if name in session.table.maps else name.replace(",", ", ")

        def then(place: Place | None) -> None:
            if place is None:
                session.tell("A place on the sky has no latents: tap an empty place of another map", "info")
            elif not np.isfinite(place.latents).all():
                session.tell("No object near this place has latents", "info")
            else:
                self._go(place.latents, f"{title} at {words.number(at[0])}, {words.number(at[1])}", place=place, plane=title)

        self._work.submit(lambda: space.at(session.axes_of(name), tuple(at)), then)

    # ---- what the browser wishes

    def _heard(self, message: dict[str, Any]) -> None:
        space = self._space
        if space is None:
            return
        number = int(message.get("number", 0))
        if "move" in message:
            latents = np.asarray(message["move"], np.float32)
            if latents.shape == (len(space.names),) and np.isfinite(latents).all():
                self._go(latents, "By hand", number)
        elif "frame" in message and self._frames is not None:
            k = int(np.clip(message["frame"], 0, len(self._frames) - 1))
            share = k / (len(self._frames) - 1)
            self._go(self._frames[k], f"{share:.0%} of the way", number, k)
        elif message.get("to") == "focus" and len(self.desk.focus):
            self._go(np.array(self.desk.focus, np.float32), self.session.state.focus)
        elif message.get("to") == "median":
            self._go(space.ranges[2], "The median of every latent")
        elif "focus" in message:
            self._focus(str(message["focus"]))
        elif message.get("end") in ("from", "to"):
            self._end(message["end"], message.get("from", ""))

    def _focus(self, object_id: str) -> None:
        """Put an object that this page names into focus, and stay here."""
        row = self._rows.get(object_id, -1)
        if row >= 0 and object_id != self.session.state.focus:
            self._stays = True
            actions.focus(self.session, row)

    def _end(self, end: str, origin: str) -> None:
        """Take one end of the path from the focus, from here, or from a slot."""
        session, space = self.session, self._space
        if origin == "focus" and len(self.desk.focus):
            self._take(end, session.state.focus, np.array(self.desk.focus, np.float32))
        elif origin == "here" and self._here is not None:
            self._take(end, "the place shown", self._here)
        elif origin in ("a", "b") and (rule := getattr(session.state, origin)):
            def work() -> tuple[int, NDArray | None]:
                rows = session.rows(rule)
                return len(rows), space.middle(rows)

            def then(result: tuple[int, NDArray | None]) -> None:
                n, latents = result
                if latents is None:
                    session.tell(f"No object of slot {origin.upper()} has latents", "warning")
                else:
                    self._take(end, f"middle of slot {origin.upper()}, {n:,} objects", latents)

            self._work.submit(work, then)

    def _take(self, end: str, label: str, latents: NDArray[np.float32]) -> None:
        self._ends[end] = label, latents
        labels = {name: said for name, (said, _) in self._ends.items()}
        if len(self._ends) < 2:
            self.desk.path = labels
            return
        space, (a, b) = self._space, (self._ends[name][1] for name in ("from", "to"))

        def then(result: tuple[NDArray, list[Object]]) -> None:
            self._frames, objects = result
            self._remember(objects)
            self.desk.path = labels | {"frames": _listed(objects), "at": 0}
            self._go(self._frames[0], "0% of the way", frame=0)

        self._work.submit(lambda: space.along(a, b), then)


def _listed(objects: list[Object]) -> list[list]:
    return [[one.object_id, one.text, one.distance] for one in objects]


def _said(look: Look, where: str, place: Place | None, plane: str) -> str:
    """What is said of a place: where it is, and whether there is data, plainly."""
    key = "".join(f'<i style="--ink:var(--{ink})"></i>{name}' for ink, name in _KEY.items())
    parts = [_data(look.place, IN_LATENTS, "in latents" if place else "")]
    if place is not None:
        parts.insert(0, _data(place, ON_MAP, f"on {plane}"))
    if np.isfinite(look.z) and look.z > 0 and not look.star:
        parts.append(f"lines at z = {look.z:.2f}")
    name = words.html(where)
    return (f'<div class="place"><div class="where"><span title="{name}">{name}</span><span class="key">{key}</span></div>'
            f'<div class="said" role="status">{" · ".join(parts)}</div></div>')


def _data(place: Place, c: float, space: str) -> str:
    """How near the nearest object is, in one space."""
    first = place.distances[0] if len(place.rows) else np.nan
    nearest, r = (words.number(float(f"{value:.3g}")) for value in (first, place.reach))
    space = f" {words.html(space)}" if space else ""
    said = f'<b class="none">No data within r = {r}</b>{space}: the nearest object is <b>{nearest}</b> away' \
        if place.empty else f"Nearest object <b>{nearest}</b> away{space} (r = {r})"
    return f'<span title="{words.html(_RULE.format(c=c))}">{said}</span>'


def _lacking(session: Session) -> str:
    """What is missing for this page, and what to do about it, as HTML; "" when nothing is."""
    library, run = session.library, session.state.run
    if library.store is None:
        return empty("This table has no model", "To move through a space of latents, read the survey's files into a store.",
                     "qso ingest FILES --out my.store")
    if not run or not session.table.latent_names:
        return empty("This store has no latents yet", "Train a model on it, then embed it.",
                     f"qso train infovae {library.path} --run first")
    if not library.reads_spectra(run):
        return empty("This run does not read spectra", "Paths through latents are drawn as spectra. What is like an object is "
                     "under Neighbours, and what a model of images makes of it beside its image.")
    if not library.run(run).finished:
        return empty("This run has latents but no model", "Nothing can be decoded from them. Runs trained on spectra can.",
                     f"qso embed {library.path} --run NAME" if library.store.grid else "qso demo")
    return ""


VIEW = View(_TITLE, "space", 0, SpacePage)
