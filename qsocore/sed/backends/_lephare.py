"""What runs in LePHARE's own process: ``python -m qsocore.sed.backends._lephare JOB``.

``JOB/in.npz`` holds fluxes and errors (erg/s/cm2/Hz; an error of -1 marks an upper limit, -99 what was not observed) and
``bands``; ``JOB/out.npz`` gets what `work` gives. LEPHAREDIR and LEPHAREWORK are set by who starts it.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

_GLQ = MappingProxyType({
    "g": "CTIO_DECam.g", "r": "CTIO_DECam.r", "i": "CTIO_DECam.i", "z": "CTIO_DECam.z", "Y": "CTIO_DECam.Y",
    "J": "Paranal_VISTA.J", "K": "Paranal_VISTA.Ks", "W1": "WISE_WISE.W1", "W2": "WISE_WISE.W2"})
_LISTS = MappingProxyType({"star": "STAR/STAR_MOD.list", "quasar": "QSO/QSO_MOD.list", "galaxy": "GAL/CWW_KINNEY/CWW_MOD.list"})
_CHOICES = MappingProxyType({
    "Z_STEP": "0.04,0.,8.", "EB_V": "0.,0.1,0.2,0.3", "EXTINC_LAW": "SB_calzetti.dat", "MOD_EXTINC": "0,100",
    "TRANS_TYPE": "0",  # detectors that count energy, as the published fits have it
    "ERR_FACTOR": "1.0", "GLB_CONTEXT": "0", "INP_TYPE": "F", "CAT_MAG": "AB", "RM_DISCREPANT_BD": "1e10", "ADD_EMLINES": "0,0",
    "EM_LINES": "NO", "AUTO_ADAPT": "NO", "ADAPT_BAND": "1", "FILTER_CALIB": "0", "FILTER_FILE": "filters", "Z_INTERP": "NO",
    "MABS_METHOD": "0", "MABS_CONTEXT": "0", "MABS_REF": "1", "MABS_FILT": "1", "MABS_ZBIN": "0,8", "MAG_REF": "1",
    "RF_COLORS": "1,1,1,1"})


def work(flux: NDArray, error: NDArray, bands: tuple[str, ...]) -> dict[str, NDArray]:
    """Fit fluxes (n, n_bands): chi2, redshift with 68 % and template by kind, ``ebv_galaxy``, and seconds of the two steps."""
    import lephare
    from astropy.table import Table

    data = Path(os.environ["LEPHAREDIR"])
    config = lephare.default_cosmos_config.copy()
    config.update(_CHOICES)
    config.update({"FILTER_REP": str(_filters(bands, data)), "FILTER_LIST": ",".join(f"{band}.dat" for band in bands),
                   "ERR_SCALE": ",".join(["0."] * len(bands)), "PARA_OUT": str(data / "alloutputkeys.txt")})
    for word, kind in (("STAR", "star"), ("QSO", "quasar"), ("GAL", "galaxy")):
        config[f"{word}_SED"] = str(data / "sed" / _LISTS[kind])
    begun = time.monotonic()
    lephare.prepare(config, star_config={}, gal_config={}, qso_config={})
    prepared = time.monotonic()
    table = Table({"id": np.arange(len(flux))})
    for number, band in enumerate(bands):
        table[f"f_{band}"], table[f"e_{band}"] = flux[:, number], error[:, number]
    table["context"], table["zspec"], table["text"] = 0, -99.0, "-"
    out, _ = lephare.process(config, table)
    return _result(out, data) | {"prepare_s": np.array(prepared - begun), "process_s": np.array(time.monotonic() - prepared)}


def _filters(bands: tuple[str, ...], data: Path) -> Path:
    """A folder with a curve for each band: LePHARE's user's own, else astro-sedpy's."""
    from sedpy.observate import Filter

    from qsocore.simulate.bands import FILTERS

    folder = Path(os.environ["LEPHAREWORK"]) / "curves"
    folder.mkdir()
    for band in bands:
        own = data / "filt" / "glq" / f"{_GLQ.get(band, '')}.dat"
        if own.is_file():
            (folder / f"{band}.dat").write_bytes(own.read_bytes())
        else:
            curve = Filter(FILTERS[band])
            np.savetxt(folder / f"{band}.dat", np.column_stack([curve.wavelength, curve.transmission]), header=band)
    return folder


def _result(out, data: Path) -> dict[str, NDArray]:
    found = {"chi2_star": out["CHI_STAR"], "chi2_galaxy": out["CHI_BEST"], "chi2_quasar": out["CHI_QSO"],
             "ebv_galaxy": out["EBV_BEST"]}
    for kind, word in (("galaxy", "Z_BEST"), ("quasar", "ZQ_BEST")):
        found |= {f"z_{kind}": out[word], f"z_{kind}_low": out[f"{word}68_LOW"], f"z_{kind}_high": out[f"{word}68_HIGH"]}
    numbers = {name: np.asarray(values, np.float64) for name, values in found.items()}
    names = {f"template_{kind}": _names(out[word], data / "sed" / _LISTS[kind])
             for kind, word in (("star", "MOD_STAR"), ("galaxy", "MOD_BEST"), ("quasar", "MOD_QSO"))}
    return numbers | names


def _names(numbers: NDArray, listed: Path) -> NDArray[np.str_]:
    """Names of templates by their numbers in a list, which begin with 1."""
    lines = [line.split()[0] for line in listed.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return np.array([Path(lines[number - 1]).stem if 1 <= number <= len(lines) else "" for number in np.asarray(numbers, int)])


if __name__ == "__main__":
    job = Path(sys.argv[1])
    with np.load(job / "in.npz", allow_pickle=False) as given:
        made = work(given["flux"], given["error"], tuple(map(str, given["bands"])))
    np.savez(job / "out.partial.npz", **made)
    os.replace(job / "out.partial.npz", job / "out.npz")
