"""Simulated beside real spectra: rest-frame composites of quasars, galaxies and stars, class by class.

Quasars are compared with simulated ones of their redshift and brightness, galaxies with those of their redshift, stars with
all of their class: a sample of other temperatures within a class (the real stars at hand are mostly bright ones of LAMOST)
differs for that reason, too.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qsocore.figures import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from qsocore.records import Spectrum

_STEP = 4e-4  # dex of the rest-frame pixels, two of the default grid
_FEWEST = 3  # spectra under which a composite is not drawn
_PARTNERS = 6  # simulated spectra for each real one
_Z_NEAR, _FLUX_NEAR = 0.05, 0.15  # what counts as one step of distance in ln(1 + z) and in log10 of flux
_REAL, _SIMULATED = "#222222", "#d1495b"


@dataclass(frozen=True)
class Panel:
    """One comparison: which spectra, over which rest wavelengths (Angstrom), and where each is scaled to one."""

    title: str
    kind: str
    waves: tuple[float, float]
    anchor: tuple[float, float]
    z: tuple[float, float] = (-1.0, 9.0)
    subclass: str = ""
    top: float | None = None  # of the vertical axis, where narrow lines would else fill it

    @property
    def by_brightness(self) -> bool:
        """Whether brightness matters to the rest-frame spectrum: that of quasars and their hosts depends on luminosity."""
        return self.kind == "QSO"

    def holds(self, kind: str, subclass: str, z: float) -> bool:
        """Whether a spectrum of that class, subclass and redshift belongs here."""
        return kind == self.kind and subclass.startswith(self.subclass) and self.z[0] <= z < self.z[1]


PANELS = (
    Panel("Quasars, z 1.9–3.6", "QSO", (950, 2600), (1680, 1750), (1.9, 3.6)),
    Panel("Quasars, z 0.5–1.5", "QSO", (1900, 5600), (3000, 3100), (0.5, 1.5)),
    Panel("Quasars, z < 0.5", "QSO", (3300, 7400), (5400, 5600), (0.05, 0.5)),
    Panel("Star-forming galaxies", "GALAXY", (3500, 7400), (5450, 5650), subclass="STAR", top=3.0),
    Panel("A stars", "STAR", (3800, 8900), (5450, 5650), subclass="A"),
    Panel("F stars", "STAR", (3800, 8900), (5450, 5650), subclass="F"),
    Panel("G stars", "STAR", (3800, 8900), (5450, 5650), subclass="G"),
    Panel("K stars", "STAR", (3800, 8900), (5450, 5650), subclass="K"),
    Panel("M stars", "STAR", (4000, 8900), (7400, 7550), subclass="M"),
)


@dataclass(frozen=True)
class Sample:
    """Spectra on the default grid, with what is known of each."""

    kind: list[str]
    subclass: list[str]
    z: NDArray[np.float64]  # (n,)
    flux: NDArray[np.float32]  # (n, n_pix), NaN where nothing is known

    def of(self, panel: Panel) -> NDArray[np.int64]:
        """Rows of a panel."""
        return np.flatnonzero([panel.holds(*row) for row in zip(self.kind, self.subclass, self.z, strict=True)])

    def brightness(self, rows: NDArray) -> NDArray[np.float64]:
        """log10 of the median flux density of some rows."""
        return np.log10(np.maximum(np.nanmedian(self.flux[rows], axis=1), 1e-2))


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--real", metavar="DIR", help="folder with survey files; without it only the simulated are drawn")
    parser.add_argument("--store", metavar="STORE", help="a simulated store; without it one is simulated in memory")
    parser.add_argument("--n", type=int, default=12_000, help="simulated objects without --store (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the simulation (default %(default)s)")


def draw(real: str | None = None, store: str | None = None, n: int = 12_000, seed: int = 0) -> Canvas:
    """Composites of real and of simulated spectra in one figure.

    Parameters
    ----------
    real : path, optional
        Folder with files of any survey; spectra that have no class or redshift, and files that are none, are left out.
    store : path, optional
        A simulated store on the default grid; without it `n` objects are simulated from `seed`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ConfigError
        When the folder holds no spectrum with a class and a redshift.
    """
    from matplotlib.figure import Figure as Canvas

    observed, simulated = read_real(Path(real)) if real else None, read_simulated(store, n, seed)
    canvas = Canvas(figsize=(16, 11), layout="constrained")
    for axes, panel in zip(canvas.subplots(3, 3).ravel(), PANELS, strict=True):
        _draw_panel(axes, panel, observed, simulated)
    return canvas


def read_real(folder: Path) -> Sample:
    """Real spectra of known class and redshift under a folder, resampled to the default grid."""
    from qsocore.errors import ConfigError

    rows = [(spectrum.row, _on_grid(spectrum)) for spectrum in _spectra(folder) if _is_known(spectrum)]
    if not rows:
        raise ConfigError("no spectrum with a class and a redshift lies there", folder, "name a folder of survey files")
    return Sample([row["class"] for row, _ in rows], [str(row.get("subclass") or "") for row, _ in rows],
                  np.array([row["z"] for row, _ in rows], float), np.array([flux for _, flux in rows]))


def _spectra(folder: Path) -> Iterator[Spectrum]:
    from qsocore.errors import AtlasError, ReadError
    from qsocore.surveys import read_file

    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            yield from (item for item in read_file(path) if not isinstance(item, ReadError))
        except AtlasError:
            continue  # what cannot be read is accounted for by qso ingest, not here


def _is_known(spectrum: Spectrum) -> bool:
    z = spectrum.row.get("z")
    shaped = spectrum.calibrated or spectrum.object_id.survey == "lamost"  # whose flux is relative, but of the right shape
    return shaped and bool(spectrum.row.get("class")) and z is not None and np.isfinite(z)


def _on_grid(spectrum: Spectrum) -> NDArray[np.float32]:
    from qsocore.grid import DEFAULT_GRID
    from qsocore.preprocess.resample import resample

    flux, _, mask = resample(spectrum, DEFAULT_GRID)
    return np.where(mask == 0, flux, np.nan).astype(np.float32)


def read_simulated(store: str | None, n: int, seed: int) -> Sample:
    """Simulated spectra of a store, or made here."""
    from qsocore.grid import DEFAULT_GRID
    from qsocore.simulate.block import BLOCK, Survey, make_block

    if store is not None:
        from qsocore.store import open_store

        opened = open_store(store)
        rows = np.arange(min(opened.n_rows, n))
        spectra = opened.spectra(rows)
        names = {name: list(opened.column(name)[rows]) for name in ("class", "subclass")}
        return Sample(names["class"], names["subclass"], opened.column("z")[rows],
                      np.where(spectra.mask == 0, spectra.flux, np.nan))
    blocks = [make_block(Survey(seed, "boss", DEFAULT_GRID), number) for number in range(-(-n // BLOCK))]
    flux = np.concatenate([np.where(observed.mask == 0, observed.flux, np.nan) for observed, _ in blocks])
    columns = {name: np.concatenate([catalog[name] for _, catalog in blocks]) for name in ("class", "subclass", "z")}
    return Sample(list(columns["class"]), list(columns["subclass"]), columns["z"], flux)


def partners(real: Sample, rows: NDArray, simulated: Sample, pool: NDArray, by_brightness: bool) -> NDArray[np.int64]:
    """Simulated spectra of `pool` nearest to real ones of `rows` in redshift (and brightness): six for each, none twice."""
    distance = ((np.log1p(simulated.z[pool]) - np.log1p(real.z[rows])[:, None]) / _Z_NEAR) ** 2  # (n_real, n_pool)
    if by_brightness:
        distance += ((simulated.brightness(pool) - real.brightness(rows)[:, None]) / _FLUX_NEAR) ** 2
    return np.unique(pool[np.argsort(distance, axis=1)[:, :_PARTNERS]])


def composite(sample: Sample, rows: NDArray, panel: Panel) -> tuple[NDArray, NDArray]:
    """Rest wavelengths (m,), and the 16th, 50th and 84th percentile (3, m) of spectra scaled to one at the panel's anchor.

    NaN where fewer than three spectra have a value.
    """
    from qsocore.grid import DEFAULT_GRID

    rest = 10 ** np.arange(*np.log10(panel.waves), _STEP)
    at_anchor = (rest >= panel.anchor[0]) & (rest <= panel.anchor[1])
    scaled = []
    for row in rows:
        good = np.isfinite(sample.flux[row])
        flux = np.interp(rest, DEFAULT_GRID.wave[good] / (1 + sample.z[row]), sample.flux[row, good], left=np.nan, right=np.nan)
        level = np.nanmedian(flux[at_anchor]) if np.isfinite(flux[at_anchor]).any() else 0.0
        if level > 0:
            scaled.append(flux / level)
    scaled = np.array(scaled).reshape(-1, rest.size)
    known = np.isfinite(scaled).sum(axis=0) >= _FEWEST
    out = np.full((3, rest.size), np.nan)
    if known.any():
        out[:, known] = np.nanpercentile(scaled[:, known], [16, 50, 84], axis=0)
    return rest, out


def _draw_panel(axes: Axes, panel: Panel, real: Sample | None, simulated: Sample) -> None:
    axes.set_title(panel.title, loc="left")
    axes.set_xlim(*panel.waves)
    axes.set_xlabel("Rest wavelength (Å, vacuum)")
    axes.set_ylabel(f"Flux density, 1 at {np.mean(panel.anchor):.0f} Å")
    axes.grid(alpha=0.25)
    rows, pool = (sample.of(panel) if sample else np.array([], int) for sample in (real, simulated))
    if len(pool) < _FEWEST or (real and len(rows) < _FEWEST):
        axes.text(0.5, 0.5, f"{len(rows)} real, {len(pool)} simulated: too few", ha="center", transform=axes.transAxes)
        return
    mates = partners(real, rows, simulated, pool, panel.by_brightness) if real else pool
    wave, (low, middle, high) = composite(simulated, mates, panel)
    axes.fill_between(wave, low, high, color=_SIMULATED, alpha=0.15, lw=0)
    axes.plot(wave, middle, color=_SIMULATED, lw=1.1, label=f"simulated, median of {len(mates)} (16–84 % shaded)")
    if real:
        wave, (_, middle, _) = composite(real, rows, panel)
        axes.plot(wave, middle, color=_REAL, lw=0.9, label=f"real, median of {len(rows)}")
    axes.set_ylim(0, panel.top or 1.25 * np.nanmax(middle))
    axes.legend(frameon=False, fontsize="small")


FIGURE = Figure("simulated beside real composites, class by class", "qso figure realism --real ../shared/real",
                _arguments, draw)
