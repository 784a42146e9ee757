"""The template step on real BOSS quasars, which nothing was learned from or tuned on."""

import numpy as np
import pytest

from qsocore.redshift.candidates import candidates_from
from qsocore.redshift.refine import refine
from qsocore.store import open_store
from qsocore.units import C_KM_S, velocity
from qsocore.workflow.ingest import ingest


@pytest.mark.real
def test_redshifts_of_real_quasars_agree_with_the_pipeline_s(real, tmp_path):
    """From candidates off by 1,000 km/s, with wrong ones besides: NMAD below 400 km/s, at most 1 in 30 beyond 6,000."""
    ingest([real / "boss"], tmp_path / "boss.store", workers=1)
    store = open_store(tmp_path / "boss.store")
    z, kind = store.column("z"), store.column("class")
    rows = np.flatnonzero((kind == "QSO") & (store.column("z_warn") == 0) & np.isfinite(z))
    assert len(rows) >= 60
    z, spectra = z[rows], store.spectra(rows)
    start = z + (1 + z) * 1000 / C_KM_S * np.random.default_rng(1).standard_normal(len(z))
    ivar = np.where(spectra.mask == 0, spectra.ivar, 0)
    found = refine(spectra.flux, ivar, store.grid, candidates_from({"z_pred": start}))
    dv = velocity(found.z, z)
    assert 1.4826 * np.median(np.abs(dv - np.median(dv))) < 400
    assert np.mean(~(np.abs(dv) < 6000)) <= 1 / 30
    assert np.mean(found.spectype == "QSO") >= 0.97
