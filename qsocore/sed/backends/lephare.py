"""LePHARE through its Python package (extra ``lephare``), with data of its own from a folder that the user has.

Product notes
-------------
* Stars of ``sed/STAR/STAR_MOD.list``, quasars of ``sed/QSO/QSO_MOD.list``, galaxies of Coleman, Wu & Weedman and Kinney
  (``sed/GAL/CWW_KINNEY``) with Calzetti's dust, redshifts to 8 in steps of 0.04, no emission lines added: as in the published
  fits of quasars at z = 6. Filters as these had them from ``filt/glq`` where that is, else those of astro-sedpy.
* Importing it writes to the home folder and prints, and it reads two variables of the environment: it runs in a process of its
  own (`qsocore.sed.backends._lephare`), in a temporary folder.
* k is 2 for stars (amplitude, template), 3 for quasars (and redshift), 4 for galaxies (and E(B-V)).
* With ``limits="censored"`` an upper limit is LePHARE's own: nothing below three sigma, forbidden above.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import AtlasError
from qsocore.sed.backends.base import Settings
from qsocore.sed.bandfluxes import BandFluxes
from qsocore.sed.columns import SHORT, preferred_kind
from qsocore.sed.fit import LIMIT

FOLDER = "LEPHAREDIR"
"""The variable that LePHARE itself finds its data by."""

K = {"star": 2, "galaxy": 4, "quasar": 3}
"""Parameters: an amplitude and a template each, redshifts, and the galaxies' E(B-V)."""

_NEEDED = ("sed/STAR/STAR_MOD.list", "sed/QSO/QSO_MOD.list", "sed/GAL/CWW_KINNEY/CWW_MOD.list", "sed/GAL/BETHERMIN12",
           "alloutputkeys.txt", "ext", "opa", "vega")
_NOTHING = 1e8  # of chi2, from where on LePHARE means that there is none
_CGS = 1e-29  # erg/s/cm2/Hz in a microjansky
_TAIL = 300  # characters of its messages that an error quotes


class Lephare:
    """LePHARE."""

    title: ClassVar[str] = "LePHARE's own templates"
    citation: ClassVar[str] = "Arnouts et al. 1999, MNRAS 310, 540; Ilbert et al. 2006, A&A 457, 841"
    kinds: ClassVar[tuple[str, ...]] = ("star", "galaxy", "quasar")

    def missing(self, settings: Settings) -> str:
        """The package or its data."""
        if find_spec("lephare") is None:
            return "its package is not installed: pip install 'qso-atlas[lephare]'"
        folder = data_folder(settings)
        if folder is None:
            return f"it needs its data: say --lephare FOLDER, or set {FOLDER}"
        lacking = [name for name in _NEEDED if not (folder / name).exists()]
        return f"{folder} has no {lacking[0]}: give the folder of lephare-data" if lacking else ""

    def fit(self, fluxes: BandFluxes, settings: Settings) -> dict[str, NDArray]:
        """All columns but those of pairs.

        Raises
        ------
        AtlasError
            When LePHARE stops.
        """
        with tempfile.TemporaryDirectory(prefix="qso-lephare-") as job:
            return self._columns(run(fluxes, settings, Path(job)), fluxes, settings)

    def _columns(self, found: dict[str, NDArray], fluxes: BandFluxes, settings: Settings) -> dict[str, NDArray]:
        kinds = [kind for kind in self.kinds if kind in settings.kinds]
        out: dict[str, NDArray] = {"n_bands": fluxes.n}
        for kind in kinds:
            chi2 = np.where(found[f"chi2_{kind}"] < _NOTHING, found[f"chi2_{kind}"], np.nan)
            with np.errstate(divide="ignore"):
                penalty = K[kind] * np.log(np.where(fluxes.n > 0, fluxes.n, np.nan))
            out |= {f"chi2_{SHORT[kind]}": chi2, f"bic_{SHORT[kind]}": penalty + chi2 + fluxes.log_errors,
                    f"k_{SHORT[kind]}": np.full(len(fluxes), K[kind])}
        if "galaxy" in kinds:
            out |= {"z_phot_gal": found["z_galaxy"], "ebv_gal": found["ebv_galaxy"]}
        if "quasar" in kinds:
            out["z_phot_qso"] = found["z_quasar"]
        out["sed_kind"] = best = preferred_kind(out)
        out["sed_template"] = _of_best(best, {kind: found[f"template_{kind}"] for kind in kinds}, "")
        for end in ("", "_low", "_high"):
            out[f"z_phot{end}"] = _of_best(best, {kind: found[f"z_{kind}{end}"] for kind in kinds if kind != "star"}, np.nan)
        return out


def data_folder(settings: Settings) -> Path | None:
    """LePHARE's data: as the user says, else by its variable."""
    folder = settings.data or os.environ.get(FOLDER)
    return Path(folder).resolve() if folder else None


def run(fluxes: BandFluxes, settings: Settings, job: Path) -> dict[str, NDArray]:
    """Run LePHARE in a process of its own, in the folder `job`; what `qsocore.sed.backends._lephare.work` gives.

    Raises
    ------
    AtlasError
        When it stops; the message ends with what it said last.
    """
    censored = fluxes.used & ~fluxes.seen & (settings.limits == "censored")
    flux = np.where(censored, LIMIT * fluxes.error, fluxes.flux) * _CGS
    error = np.where(censored, -1.0, fluxes.error * _CGS)
    np.savez(job / "in.npz", flux=np.where(fluxes.used, flux, -99.0), error=np.where(fluxes.used, error, -99.0),
             bands=np.array(fluxes.bands))
    for name in ("work", "home"):
        (job / name).mkdir()
    root = str(Path(__file__).parents[3])
    environment = os.environ | {FOLDER: str(data_folder(settings)), "LEPHAREWORK": str(job / "work"), "HOME": str(job / "home"),
                                "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])}
    environment.setdefault("OMP_NUM_THREADS", "2")
    done = subprocess.run([sys.executable, "-m", "qsocore.sed.backends._lephare", str(job)], cwd=job, env=environment,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if done.returncode or not (job / "out.npz").exists():
        raise AtlasError(f"LePHARE stopped ({done.returncode}): {' '.join(done.stdout.split())[-_TAIL:]}",
                         data_folder(settings), "see that the folder is whole; --backend own needs no data")
    with np.load(job / "out.npz", allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


def _of_best(best: NDArray, options: dict[str, NDArray], nothing: str | float) -> NDArray:
    out = np.full(len(best), nothing, object if isinstance(nothing, str) else np.float64)
    for kind, values in options.items():
        out[best == kind] = values[best == kind]
    return out


BACKEND = Lephare()
