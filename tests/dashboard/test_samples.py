"""A sample is made once, whoever asks, and what is shown of it are the chain's own numbers."""

import numpy as np
import pytest

from dashboard import samples
from dashboard.library import Library
from dashboard.samples import Parameter, Sampling, Stopped, Wish

WISH = Wish("quasar", 60)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QSO_ATLAS_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def fluxes(photometric):
    return photometric.seds.fluxes(5)


@pytest.fixture(scope="module")
def made(home, photometric, fluxes):
    sampling = Sampling("o", WISH)
    result = photometric.samples.of(fluxes, sampling)
    assert sampling.share == 1.0
    return result


def test_another_server_finds_the_sample_on_the_disk(made, photometric, fluxes):
    again = Library.open(photometric.path).samples
    found = again.known(fluxes, WISH)
    assert found is again.known(fluxes, WISH), "then it is in memory"
    np.testing.assert_allclose(found.chain, made.chain, rtol=1e-6)
    assert found.best == made.best and (found.names, found.units, found.bic) == (made.names, made.units, made.bic)
    stopped = Sampling("o", WISH)
    stopped.stop()
    assert again.of(fluxes, stopped) is found, "a sampler would have stopped"


def test_another_wish_or_other_photometry_is_another_sample(made, photometric, fluxes):
    for wish in (Wish("galaxy", 60), Wish("quasar", 61), Wish("quasar", 60, 6.0)):
        assert photometric.samples.known(fluxes, wish) is None
    assert photometric.samples.known(photometric.seds.fluxes(6), WISH) is None


def test_what_is_stopped_is_not_kept(home, photometric, fluxes):
    sampling = Sampling("o", Wish("quasar", 80))
    sampling.stop()
    with pytest.raises(Stopped):
        photometric.samples.of(fluxes, sampling)
    assert photometric.samples.known(fluxes, sampling.wish) is None


def test_a_file_that_was_cut_off_is_made_again(made, photometric, fluxes):
    file = next(photometric.samples.shelf.folder.glob(f"{samples.key_of(fluxes, WISH)}.npz"))
    whole = file.read_bytes()
    file.write_bytes(whole[:300])
    try:
        assert Library.open(photometric.path).samples.known(fluxes, WISH) is None
    finally:
        file.write_bytes(whole)


def test_medians_and_ends_are_the_chains(made):
    for row, values in zip(samples.parameters(made), made.chain.T, strict=True):
        assert row.median == pytest.approx(np.median(values))
        inside = (values > row.median - row.down) & (values < row.median + row.up)
        assert inside.mean() == pytest.approx(0.68, abs=0.01)


def test_every_point_of_the_chain_is_counted(made):
    corner = samples.corner_plot(made)
    assert corner.n == len(made.chain) and len(corner.names) == len(made.names)
    panel = corner.panels[1, 0].count
    assert len(made.chain) - corner.n_beyond <= panel.sum() <= len(made.chain) and panel.shape == (24, 24)


@pytest.mark.parametrize(("up", "down", "digits"), [(0.0094, 0.026, 3), (1.7, 4.1, 1), (37.0, 12.0, 0), (0.0, 0.0, 1)])
def test_a_number_has_two_figures_of_its_spread(up, down, digits):
    assert samples.digits(Parameter("p", "", 5.0, up, down)) == digits
