"""Predicted against true redshifts: one against the other, the error as a velocity, by index, and the quasars found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure
from qsocore.figures._judged import arguments, asking
from qsocore.figures.style import BLUE, GREEN, GREY, INK, RED, VELOCITY, canvas, note, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from qsocore.workflow.judge import Judged

_FINE = 3000.0  # km/s to either side in the histogram of dv
_MOST = 20_000  # points of a scatter


@quiet
def picture(judged: Judged) -> Canvas:
    """Draw what is judged: a run that predicts redshifts, on a store that knows some.

    Raises
    ------
    ConfigError, StoreError
        When one of them does not.
    """
    from qsocore.units import velocity

    z_pred, z = judged.redshifts()
    truth = judged.truth
    of = np.flatnonzero(np.isfinite(z) & np.isfinite(z_pred) & ((truth.quasar == 1) if truth.has_classes else True))
    z_pred, z = np.asarray(z_pred[of], float), z[of]
    dv, what = velocity(z_pred, z), "quasars" if truth.has_classes else "objects"
    figure = canvas(9.6, 10.4 if truth.has_classes else 7.4, judged.title)
    rows = figure.add_gridspec(3 if truth.has_classes else 2, 2, height_ratios=(1.35, 1, 1)[: 3 if truth.has_classes else 2])
    _against(figure.add_subplot(rows[0, 0]), z, z_pred, dv, what)
    _histogram(figure.add_subplot(rows[0, 1]), dv)
    _by_index(figure.add_subplot(rows[1, :]), z, z_pred - z, dv)
    if truth.has_classes:
        _by_threshold(figure.add_subplot(rows[2, 0]), judged)
        _by_redshift(figure.add_subplot(rows[2, 1]), judged)
    return figure


def _against(axes: Axes, z: NDArray, z_pred: NDArray, dv: NDArray, what: str) -> None:
    from qsocore.evaluate.redshift import GOOD_KM_S

    some = np.random.default_rng(0).permutation(len(z))[:_MOST]
    far = np.abs(dv) > GOOD_KM_S
    top = 1.04 * max(float(np.max(z, initial=0.1)), float(np.percentile(z_pred, 99.9)) if len(z) else 0.1)
    axes.plot([0, top], [0, top], color=GREY, lw=0.7)
    good, bad = some[~far[some]], np.flatnonzero(far)
    axes.plot(z[good], z_pred[good], ".", ms=2.2, alpha=0.35, color=BLUE, mec="none", rasterized=True, gid="good",
              label="within 6,000 km/s")
    axes.plot(z[bad], z_pred[bad], "x", ms=4, mew=0.9, color=RED, rasterized=True, gid="far", label="beyond")
    low = min(0.0, float(np.min(z_pred, initial=0.0)))
    axes.set(xlim=(min(0.0, float(np.min(z, initial=0.0))), top), ylim=(low, top), xlabel="True redshift",
             ylabel="Predicted redshift", title="Predicted against true redshift")
    drawn = f", {len(good):,} of the others drawn" if len(some) < len(z) else ""
    note(axes, [f"{len(z):,} {what}", f"{far.sum():,} beyond 6,000 km/s{drawn}"])


def _histogram(axes: Axes, dv: NDArray) -> None:
    from qsocore.evaluate.redshift import QUASARNET_KM_S, Scatter

    found = Scatter.of(dv)
    edges = np.linspace(-_FINE, _FINE, 61)
    axes.hist(dv, edges, color=BLUE, alpha=0.75, label="this run")
    mean, deviation = QUASARNET_KM_S
    v = np.linspace(-_FINE, _FINE, 400)
    normal = np.exp(-0.5 * ((v - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))
    axes.plot(v, len(dv) * (edges[1] - edges[0]) * normal, color=RED, lw=1.4,
              label=f"QuasarNET, {mean:.0f} ± {deviation:.0f} km/s")
    axes.axvline(found.median, color=INK, lw=0.8, ls=(0, (4, 3)))
    axes.set(xlim=(-_FINE, _FINE), xlabel=VELOCITY, ylabel=f"Objects per {edges[1] - edges[0]:.0f} km/s",
             title="Error as a velocity")
    axes.set_ylim(0, axes.get_ylim()[1] * 1.12)
    axes.legend(loc="upper right")
    note(axes, [f"median {found.median:,.0f}", f"NMAD {found.nmad:,.0f}", f"std {found.std:,.0f} km/s",
                f"|Δv| > 3,000: {found.beyond_3000:,}", f"|Δv| > 6,000: {found.beyond_6000:,}",
                f"of {found.n:,}"])


def _by_index(axes: Axes, z: NDArray, dz: NDArray, dv: NDArray) -> None:
    from qsocore.evaluate.redshift import GOOD_KM_S

    order = np.argsort(z, kind="stable")
    far = np.abs(dv[order]) > GOOD_KM_S
    index = np.arange(len(order))
    limit = max(1.15 * float(np.max(np.abs(dz), initial=0.0)), 0.02)
    axes.plot(index[~far], dz[order][~far], ".", ms=2.6, color=BLUE, alpha=0.6, mec="none", rasterized=True)
    axes.plot(index[far], dz[order][far], "x", ms=4, mew=0.9, color=RED, rasterized=True)
    axes.axhline(0, color=GREY, lw=0.7)
    axes.set_yscale("symlog", linthresh=0.02, linscale=1.4)
    axes.set(xlim=(-0.5, max(len(order) - 0.5, 0.5)), ylim=(-limit, limit), xlabel="Index, sorted by true redshift",
             ylabel=r"$\Delta z$ (linear within 0.02)", title="Error by index")
    levels = np.arange(np.floor(z.min(initial=0)), np.ceil(z.max(initial=1)) + 0.1, 0.5)
    places = np.searchsorted(z[order], levels)
    inside: list[tuple[int, float]] = []
    for place, level in zip(places.tolist(), levels, strict=True):
        if 0 < place < len(order) and (not inside or place - inside[-1][0] > 0.04 * len(order)):
            inside.append((place, level))
    above = axes.secondary_xaxis("top")
    above.set_ticks([place for place, _ in inside], [f"z {level:g}" for _, level in inside], fontsize=7)
    axes.tick_params(top=False)
    axes.set_title("Error by index", pad=16)


def _curves(axes: Axes, x: NDArray, found: list[dict], **style) -> None:
    for name, colour in (("completeness", BLUE), ("purity", RED)):
        axes.plot(x, [part[name] for part in found], color=colour, label=name.capitalize(), **style)
    axes.grid(axis="y")


def _by_threshold(axes: Axes, judged: Judged) -> None:
    from qsocore.workflow.evaluate import of_quasars

    found = of_quasars(judged)["by_threshold"]
    _curves(axes, np.array([part["threshold"] for part in found]), found, marker="o", ms=3, lw=1.2)
    lowest = min((part[name] for part in found for name in ("purity", "completeness") if np.isfinite(part[name])), default=0.0)
    axes.set(xlim=(0, 1), ylim=(max(lowest - 0.05, -0.02), 1.005), xlabel="Threshold of the probability to be a quasar",
             ylabel="Share", title="Quasars found, by threshold")
    axes.legend(loc="lower left")
    note(axes, [f"{found[0]['quasars']:,} quasars", f"among {found[0]['n']:,}"], x=0.97, y=0.2)


def _by_redshift(axes: Axes, judged: Judged) -> None:
    from qsocore.evaluate.redshift import SPLIT_Z
    from qsocore.workflow.evaluate import LIKELY, of_quasars

    found = of_quasars(judged)["by_redshift"]
    for name, count, colour in (("completeness", "quasars", BLUE), ("purity", "predicted", RED)):
        seen = [part for part in found if part[count]]
        edges = [part["low"] for part in seen] + ([seen[-1]["high"]] if seen else [0.0])
        if seen:
            axes.stairs([part[name] for part in seen], edges, color=colour, lw=1.4, baseline=None,
                        label=f"{name.capitalize()} ({'true' if colour == BLUE else 'predicted'} z)")
    lowest = min((part[name] for part in found for name in ("purity", "completeness") if np.isfinite(part[name])), default=0.0)
    axes.axvline(SPLIT_Z, color=GREEN, lw=0.8, ls=(0, (2, 2)))
    axes.set(xlim=(0, found[-1]["high"] if found else 1), ylim=(max(lowest - 0.12, -0.02), 1.02), xlabel="Redshift",
             ylabel="Share", title=f"Quasars found at probability ≥ {LIKELY:g}, by redshift")
    for part in found:
        axes.annotate(f"{part['quasars']:,}", (0.5 * (part["low"] + part["high"]), 0.02), xycoords=("data", "axes fraction"),
                      ha="center", fontsize=6.5, color=GREY)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 0.07))
    axes.grid(axis="y")


FIGURE = Figure("predicted against true redshifts, with the quasars found", "qso figure redshift redshift demo.store",
                arguments, asking(picture))
