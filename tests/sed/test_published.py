"""The three quasars whose published fits have BICs: FACTS of glq_mpia (MNRAS 2024), k = 6, 2, 8 and n = 9."""

import numpy as np
import pytest

from qsocore.sed.fit import BOTH, fits_of
from qsocore.sed.optimum import optimum
from qsocore.sed.sample import sample

PUBLISHED = {"1143273115": (6.074, {"galaxy": 3676.47, "quasar": -32.77, BOTH: -190.72}),
             "1599741416": (5.941, {"galaxy": 1469.24, "quasar": 32.52, BOTH: 41.21}),
             "1695974542": (5.986, {"galaxy": 3494.18, "quasar": 78.93, BOTH: 91.00})}
K = {"galaxy": 6, "quasar": 2, BOTH: 8}


@pytest.fixture(scope="module")
def optima(published):
    return {name: {kind: optimum(published, published.object_ids.index(name), kind, fixed_z=z) for kind in K}
            for name, (z, _) in PUBLISHED.items()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_no_optimum_is_less_likely_than_the_published_one(optima, name):
    for kind, bic in PUBLISHED[name][1].items():
        published = (K[kind] * np.log(9) - bic) / 2
        one = optima[name][kind]
        assert (one.k, one.n) == (K[kind], 9)
        assert one.log_likelihood > published - 0.1
        assert one.bic == pytest.approx(K[kind] * np.log(9) - 2 * one.log_likelihood)


def test_the_lens_candidate_is_a_quasar_behind_a_galaxy_and_the_others_are_quasars(optima):
    bic = {name: {kind: one.bic for kind, one in kinds.items()} for name, kinds in optima.items()}
    assert bic["1143273115"]["quasar"] - bic["1143273115"][BOTH] > 100
    assert 0.26 < optima["1143273115"][BOTH].parameters["z_galaxy"] < 0.52  # published 16th and 84th percentile
    for name in ("1599741416", "1695974542"):
        assert min(bic[name], key=bic[name].get) == "quasar"


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_grid_prefers_the_same_kind(published, name):
    best = fits_of(published, published.object_ids.index(name))[0]
    assert best.kind == (BOTH if name == "1143273115" else "quasar")
    assert best.z == pytest.approx(PUBLISHED[name][0], abs=0.12)


def test_a_chain_finds_nothing_better_than_the_optimum_and_holds_it(published, optima):
    row = published.object_ids.index("1599741416")
    told = []
    drawn = sample(published, row, "quasar", fixed_z=5.941, steps=800, burn=300, progress=lambda *at: told.append(at))
    again = sample(published, row, "quasar", fixed_z=5.941, steps=800, burn=300)
    np.testing.assert_array_equal(drawn.chain, again.chain)
    assert told[-1] == (800, 800) and drawn.chain.shape == (32 * 250, 4)
    assert drawn.best.log_likelihood >= optima["1599741416"]["quasar"].log_likelihood
    assert drawn.log_likelihood.max() - optima["1599741416"]["quasar"].log_likelihood < 3  # whose prior counts as well
    low, high = np.percentile(drawn.chain, [0.1, 99.9], axis=0)
    for name, least, most in zip(drawn.names, low, high, strict=True):
        assert least < optima["1599741416"]["quasar"].parameters[name] + 0.02 and \
            optima["1599741416"]["quasar"].parameters[name] - 0.02 < most
    assert 0.1 < drawn.acceptance < 0.9 and drawn.autocorrelation > 1


def test_samples_of_stars_and_of_too_few_walkers_are_refused(published):
    with pytest.raises(Exception, match="no physical parameters"):
        sample(published, 0, "star")
    with pytest.raises(Exception, match="cannot sample"):
        sample(published, 0, "quasar", walkers=4, fixed_z=6.0)
