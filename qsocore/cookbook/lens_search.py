"""From a crossmatched catalogue to graded candidates for lensed quasars at z = 6, on the road of glq_mpia.

Cuts, known quasars, images, a map, the island around the known ones, SEDs, grades, a campaign, pages for an appendix; see
Byrne et al. (2024, MNRAS). Where real cutouts are not at hand (``images`` is not set) simulated stand-ins take their place,
fetched from a service on this machine as real ones would be from an archive; they are points of the catalogue's own fluxes,
and no grade may rest on their shapes. The network that makes the map has seen simulated objects alone. The first grades are
given by a rule on the SEDs, under its own name; people's come from the campaign.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from qsocore.archive.local import ImageService
from qsocore.cookbook import Recipe, Step
from qsocore.errors import ConfigError
from qsocore.store import paths
from qsocore.store.files import write_whole
from qsocore.store.labels import Labels

RUN, ISLAND, LENSLIKE, RULE = "colours", "near-known", "lens-like", "rule-of-bic"
_KINDS = ("M=0.4", "PASSIVE=0.2", "BLEND=0.15", "L=0.1", "T=0.05", "QSO=0.1")
_Z = 5.3  # redshift from which quasars are looked for: known ones begin there
_FLOOR = 0.08  # relative error of fluxes with which the fits' intervals are honest, see ``qso sed --help``
_FITS = 18.0  # chi2 in nine bands up to which a model fits
_QUASAR = f"sed_kind in ['quasar', 'quasar+galaxy'] & z_phot > {_Z:g} & chi2_qso_gal < {_FITS:g}"
_STRONG = 10.0  # difference of BIC that is "very strong" evidence: Kass & Raftery (1995), J. Am. Stat. Assoc. 90, 773


@dataclass(frozen=True)
class Settings:
    """What can be set.

    Parameters
    ----------
    table : str
        The crossmatched catalogue: positions, and photometry in g to W2 by any of the names that the cuts know.
    known : str
        A table of known quasars, with positions.
    images : str
        A folder of real cutouts; simulated stand-ins where it is not given.
    learn : int
        Simulated objects that the network learns from.
    share : float
        Of the known quasars that the island holds.
    most : int
        Objects off the island that are graded too: the most lens-like by their SED.
    injected : float
        Simulated lenses in the campaign, as a share of its objects.
    seed : int
        Of everything that is by chance.
    """

    table: str = ""
    known: str = ""
    images: str = ""
    learn: int = 6000
    share: float = 0.8
    most: int = 50
    injected: float = 0.3
    seed: int = 1


def steps(folder: Path, settings: Settings) -> Iterator[Step]:
    """The commands, each when what it needs is there."""
    for name in ("table", "known"):
        if not getattr(settings, name):
            raise ConfigError(f"no {name} is given", "lens-search", f"say --set {name}=FILE")
    selected, known, store = folder / "selected.parquet", folder / "known.parquet", folder / "search.store"
    yield Step("Cut the catalogue", "Red, faint points that are no ordinary stars; what each cut leaves is kept in the file.",
               ("select", settings.table, "--recipe", "glq-mpia", "--out", str(selected)), selected)
    funnel = folder / "funnel.png"
    yield Step("Draw the funnel", "Every cut with what passed, what failed and what could not be told.",
               ("figure", "funnel", str(selected), "--out", str(funnel)), funnel)
    yield Step("Find the known quasars in it", "Examples to look around, with the chance that a match is none.",
               ("crossmatch", str(selected), settings.known, "--radius", "1arcsec", "--out", str(known)), known)
    yield Step("Make a store of the catalogue", "One row an object, every column with its role and unit.",
               ("ingest", str(selected), "--survey", "catalogue", "--out", str(store)), store)
    yield from _pictures(folder, settings, selected, store)
    yield from _map(folder, settings, known, store)
    yield from _candidates(folder, settings, store)


def _pictures(folder: Path, settings: Settings, selected: Path, store: Path) -> Iterator[Step]:
    """Images beside the catalogue's rows: the user's, or stand-ins fetched from a service on this machine."""
    cutouts = Path(settings.images) if settings.images else folder / "cutouts"
    if not settings.images:
        archive = folder / "stand-ins.store"
        yield Step("Simulate stand-ins for the images",
                   "No real cutouts are given: each object becomes a point of its own fluxes, as DES would see it.",
                   ("simulate", "--survey", "des", "--like", str(selected), "--seed", str(settings.seed),
                    "--out", str(archive)), archive)
        with _service(archive) as address:
            yield Step("Download the cutouts",
                       "From a service for Simple Image Access, here one on this machine that serves the stand-ins; an "
                       "archive's address would stand in its place. What is there already is not fetched again.",
                       ("download", "sia", str(selected), "--url", address, "--set", "size=2", "--out", str(cutouts)),
                       paths.images(store))
    yield Step("Put the images beside the catalogue", "By id, else within an arcsecond.",
               ("ingest", str(cutouts), "--into", str(store), "--bands", "grizY"), paths.images(store))


@contextmanager
def _service(archive: Path) -> Iterator[str]:
    """The address of a service of a store's images, which stands as long as this does; of a store to come only how it looks."""
    if not archive.exists():
        yield "http://127.0.0.1:PORT/sia"
        return
    with ImageService(archive) as service:
        yield service.sia


def _map(folder: Path, settings: Settings, known: Path, store: Path) -> Iterator[Step]:
    """A map by a network that has seen simulated objects alone, and the island around the known quasars."""
    kinds, seed = folder / "kinds.store", str(settings.seed)
    yield Step("Simulate what there may be", "Dwarfs, galaxies, blends and quasars behind the same cuts, no lens among them.",
               ("simulate", "--survey", "des", "--out", str(kinds), "--n", str(settings.learn), "--seed", seed, "--mixture",
                *_KINDS, "--selection", "glq"), kinds)
    yield Step("Learn their colours", "Nine bands with their errors, non-detections as what they are, by the kinds' names.",
               ("train", "photometric", str(kinds), "--run", RUN, "--set", "loss=supcon", "--set", f"seed={seed}"),
               _made(kinds, "weights.safetensors"))
    trained = _made(kinds, "weights.safetensors")
    yield Step("Put the real objects on the map", "By the run just trained, which the store gets a copy of.",
               ("embed", str(store), "--run", str(trained.parent) if trained else RUN),
               _made(store, "projections/umap.parquet"))
    yield Step("Find the island around the known quasars",
               "The smallest that holds most of them, kept as a selection: a polygon that the page shows and can be redrawn.",
               ("island", str(store), "--run", RUN, "--around", str(known), "--share", str(settings.share), "--name", ISLAND),
               paths.selections(store) / f"{ISLAND}.json")
    ids = folder / "island.txt"
    yield Step("Write down who is on it", "Their ids, for the commands that follow.",
               ("export", str(store), "--selection", ISLAND, "--out", str(ids)), ids)


def _made(store: Path, what: str) -> Path | None:
    """A file of the run in the store, None while it is not there."""
    return next(paths.runs(store).glob(f"*-{RUN}/{what}"), None)


def _candidates(folder: Path, settings: Settings, store: Path) -> Iterator[Step]:
    """SEDs, grades, campaigns, pages."""
    ids, sed = folder / "island.txt", folder / "sed.parquet"
    yield Step("Fit the SEDs",
               "Star, galaxy, quasar, and quasar with galaxy: chi2 and BIC of each, and redshifts. The store keeps the "
               "columns, so that the map can be coloured by them.",
               ("sed", str(store), "--floor", str(_FLOOR), "--out", str(sed)), sed)
    if sed.exists() and ids.exists():
        _grade(sed, ids.read_text(encoding="utf-8").split(), settings.most, folder / "rule.csv")
    yield Step("Take the first grades from a rule",
               f"For the island, and for the {settings.most} others most like a lens by their SED. B: a quasar with a galaxy "
               f"before it fits, and better than all else by more than {_STRONG:g} in BIC; C: a quasar; X: neither, or nothing "
               f"fits. The grader is called {RULE}.",
               ("grades", "import", str(store), str(folder / "rule.csv"), "--person", RULE))
    there = Labels.of(store).campaigns() if store.exists() else []
    common = ("--injected", str(settings.injected), "--seed", str(settings.seed))
    yield Step("Make a campaign of the island",
               "In an order by chance, some again, and simulated lenses among them to see who would be found. Grade on the "
               f"page Grade of: qso serve {store}",
               ("campaign", "create", str(store), "--name", ISLAND, "--ids", str(ids), *common),
               store if ISLAND in there else None)
    yield Step("Make another of what is most like a lens",
               "A galaxy before a quasar spoils its colours, so that it may lie off the island; its SED may tell.",
               ("campaign", "create", str(store), "--name", LENSLIKE, "--where", _QUASAR, "--order", "score:delta_bic_lens",
                "--n", str(settings.most), *common), store if LENSLIKE in there else None)
    yield Step("See how far it is", "Progress, agreement, completeness and purity; again whenever somebody has graded.",
               ("campaign", "status", str(store), "--name", ISLAND))
    grades, pages = folder / "grades.csv", folder / "candidates.html"
    yield Step("Write the grades as SLED has them", "For the data base of strong lenses; other formats by --format.",
               ("grades", "export", str(store), "--format", "sled", "--out", str(grades)), grades)
    yield Step("Make the pages of the candidates", "Images, SED, grades and facts of those graded A or B, for an appendix.",
               ("candidates", str(store), "--grade", "A,B", "--run", RUN, "--out", str(pages)), pages)


def _grade(sed: Path, island: list[str], most: int, out: Path) -> None:
    """Grades by the rule, as a table that ``qso grades import`` reads: of the island and of the most lens-like quasars."""
    fits = pq.read_table(sed).to_pandas().set_index("object_id")
    fit = fits["chi2_qso_gal"] < _FITS
    quasars = fits[fits["sed_kind"].isin(["quasar", "quasar+galaxy"]) & (fits["z_phot"] > _Z) & fit]
    wanted = [*island, *quasars["delta_bic_lens"].nlargest(most).index]
    fits = fits.loc[list(dict.fromkeys(name for name in wanted if name in fits.index))]
    others, pair = fits[["bic_star", "bic_gal"]].min(axis=1), fits["bic_qso_gal"]
    lens = (fits["bic_qso"].clip(upper=others) - pair > _STRONG) & (fits["chi2_qso_gal"] < _FITS)
    quasar = (fits["bic_qso"].clip(upper=pair) < others) & (fits["chi2_qso"].clip(upper=fits["chi2_qso_gal"]) < _FITS)
    said = [f"BIC of star {row.bic_star:.1f}, galaxy {row.bic_gal:.1f}, quasar {row.bic_qso:.1f}, quasar and galaxy "
            f"{row.bic_qso_gal:.1f}; chi2 of the last {row.chi2_qso_gal:.1f}" for row in fits.itertuples()]
    grades = pa.table({"object_id": fits.index.tolist(), "label": np.where(lens, "B", np.where(quasar, "C", "X")).tolist(),
                       "desk": ["lenses"] * len(fits), "comment": said})
    write_whole(out, lambda file: csv.write_csv(grades, file))


RECIPE = Recipe("from a catalogue to graded candidates for lensed quasars", Settings, steps)
