import numpy as np
import pytest

from qsocore.errors import ConfigError
from qsocore.figures import realism, save
from qsocore.grid import DEFAULT_GRID
from qsocore.workflow.simulate import simulate

PANEL = realism.Panel("test", "QSO", (1500, 2400), (1900, 2000), (1.0, 3.0))


def sample(z, level, slope=-1.5):
    z, level = np.asarray(z, float), np.asarray(level, float)
    flux = level[:, None] * (DEFAULT_GRID.wave / 5000.0) ** slope
    return realism.Sample(["QSO"] * z.size, [""] * z.size, z, flux.astype(np.float32))


def test_composite_of_power_laws_is_one_whatever_their_brightness():
    wave, (low, middle, high) = realism.composite(sample([1.6, 2.0, 2.4, 2.8], [1, 5, 0.3, 20]), np.arange(4), PANEL)
    shape = wave**-1.5 / np.median(wave[(wave > 1900) & (wave < 2000)] ** -1.5)
    np.testing.assert_allclose(middle, shape, rtol=2e-3)
    np.testing.assert_allclose(low, high, rtol=2e-3)


def test_composite_leaves_out_what_too_few_spectra_cover():
    few = sample([1.0, 1.0, 2.9], [1, 1, 1])  # at z = 1 nothing below 1800 Angstrom
    wave, (_, middle, _) = realism.composite(few, np.arange(3), PANEL)
    assert np.isnan(middle[wave < 1790]).all()
    assert np.isfinite(middle[wave > 1810]).all()


def test_partners_are_the_nearest_in_redshift_and_brightness():
    real = sample([2.0], [4.0])
    pool = sample(np.repeat([2.0, 2.0, 1.2], [6, 20, 20]), np.repeat([4.0, 40.0, 4.0], [6, 20, 20]))
    chosen = realism.partners(real, np.arange(1), pool, np.arange(46), True)
    np.testing.assert_array_equal(chosen, np.arange(6))


def test_panels_hold_their_class_and_redshift():
    assert PANEL.holds("QSO", "", 2.0)
    assert not PANEL.holds("QSO", "", 3.0)
    assert not PANEL.holds("STAR", "F5", 2.0)


def test_without_real_spectra_the_simulated_are_drawn_alone(tmp_path):
    store = simulate(tmp_path / "sim.store", 500, seed=2, workers=1)
    figure = realism.draw(store=str(store.path))
    assert len(figure.axes) == len(realism.PANELS)
    assert len(figure.axes[0].lines) == 1
    np.testing.assert_allclose(np.nanmedian(figure.axes[0].lines[0].get_ydata()), 1.0, atol=0.4)


def test_a_folder_without_spectra_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(ConfigError, match="no spectrum"):
        realism.read_real(tmp_path)


@pytest.mark.real
@pytest.mark.slow
def test_quasar_composites_agree(real, tmp_path):
    observed = realism.read_real(real / "boss")
    store = simulate(tmp_path / "sim.store", 3000, seed=2, mixture={"QSO": 1.0})
    simulated = realism.read_simulated(str(store.path), 3000, 0)
    panel = realism.PANELS[0]
    rows = observed.of(panel)
    mates = realism.partners(observed, rows, simulated, simulated.of(panel), True)
    wave, (_, seen, _) = realism.composite(observed, rows, panel)
    _, (_, made, _) = realism.composite(simulated, mates, panel)
    red = (wave > 1260) & np.isfinite(seen)
    assert np.median(np.abs(made[red] / seen[red] - 1)) < 0.08
    assert np.percentile(np.abs(made[red] / seen[red] - 1), 90) < 0.20
    figure = realism.draw(str(real / "boss"), str(store.path))
    save(figure, tmp_path / "realism.png")
    assert (tmp_path / "realism.png").stat().st_size > 50_000
    assert len(figure.axes[0].lines) == 2
