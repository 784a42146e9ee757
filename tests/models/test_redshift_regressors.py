"""The regressors after DeepRedshift: outputs reach every label, errors are those of the scatter."""

import numpy as np
import pytest
import torch

from qsocore.errors import ConfigError
from qsocore.grid import WaveGrid
from qsocore.models import MODELS
from qsocore.models.redshift_conv import RedshiftConvConfig
from qsocore.models.redshift_mlp import RedshiftMlpConfig

GRID = WaveGrid("short", "log10", 3.56, 4.00, 128)
CONFIGS = {"redshift-mlp": RedshiftMlpConfig(widths=(64, 32)),
           "redshift-conv": RedshiftConvConfig(channels=(8, 16), kernels=(7, 5), strides=(2, 2), features=32)}


def one_line(n, seed=0):
    """A broad line whose place tells the redshift, 1.8 to 5; x, w (n, n_pix) and z (n,)."""
    rng = np.random.default_rng(seed)
    z = rng.uniform(1.8, 5.0, n)
    x = 1.0 + 3.0 * np.exp(-0.5 * (np.log(GRID.wave / (1500.0 * (1 + z[:, None]))) / 0.02) ** 2)
    x = torch.tensor(x + rng.normal(0.0, 0.1, x.shape), dtype=torch.float32)
    return x, torch.full(x.shape, 100.0), torch.tensor(z, dtype=torch.float32)


@pytest.fixture(scope="module", params=sorted(CONFIGS))
def network(request):
    torch.manual_seed(0)
    model = MODELS.get(request.param).build(CONFIGS[request.param], GRID)
    x, w, z = one_line(2000)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=200)
    for step in range(200):
        rows = torch.arange(step * 128, step * 128 + 128) % 2000
        optimiser.zero_grad()
        model.loss(x[rows], w[rows], None, {"z": z[rows], "is_quasar": torch.ones(128)})["loss"].backward()
        optimiser.step()
        schedule.step()
    return model.eval()


def test_the_output_is_in_units_of_the_labels(network):
    ln_z = np.log1p(one_line(2000)[2].numpy()[:128])
    assert network.centre.item() == pytest.approx(ln_z.mean(), rel=1e-4)
    assert network.spread.item() == pytest.approx(ln_z.std(ddof=1), rel=1e-3)


def test_redshifts_of_all_labels_are_reached(network):
    x, w, z = one_line(500, seed=1)
    predicted = network.predict(x, w)["z_pred"]
    assert np.corrcoef(predicted, z)[0, 1] > 0.97
    assert predicted.min() < 2.1
    assert predicted.max() > 4.6


def test_errors_are_those_of_the_scatter(network):
    x, w, z = one_line(1000, seed=2)
    network.calibrate(x, w, {"z": z})
    x, w, z = one_line(1000, seed=3)
    seen = network.predict(x, w)
    miss = np.abs(seen["z_pred"] - z.numpy())
    right = miss < 0.02 * (1 + z.numpy())
    assert right.sum() > 300
    assert np.quantile(miss[right] / seen["z_err"][right], 0.683) == pytest.approx(1.0, abs=0.15)


def test_a_redshift_that_is_not_known_weighs_nothing(network):
    x, w, z = one_line(64, seed=4)
    half = torch.where(torch.arange(64) < 32, z, torch.nan)
    quasar = torch.ones(64)
    with torch.no_grad():
        of_half = network.loss(x, w, None, {"z": half, "is_quasar": quasar})["redshift"]
        of_known = network.loss(x[:32], w[:32], None, {"z": z[:32], "is_quasar": quasar[:32]})["redshift"]
    assert of_half.item() == pytest.approx(of_known.item(), abs=1e-4)


def test_settings_that_make_no_network_are_refused():
    with pytest.raises(ConfigError):
        RedshiftMlpConfig(widths=())
    with pytest.raises(ConfigError):
        RedshiftConvConfig(strides=(2,))
