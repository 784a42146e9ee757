"""Template sets: files, sampling, learning."""

import json
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from safetensors import safe_open

from qsocore.errors import ConfigError, StoreError
from qsocore.redshift import learn
from qsocore.redshift.columns import REFINED, refined_columns
from qsocore.redshift.templates import TemplateSet, default_templates, read_templates, write_templates
from qsocore.units import C_KM_S


def one(step=1e-4, width=5e-4):
    """A line of Gaussian width `width` dex at 5000 Angstrom on a flat mean, and a slope."""
    log = np.arange(3.6, 3.8, step)
    mean = 1 + np.exp(-0.5 * ((log - np.log10(5000)) / width) ** 2)
    return TemplateSet("QSO-ONE", 3.6, step, mean.astype(np.float32), np.stack([log - 3.7, 0.01 * mean]).astype(np.float32),
                       np.full(log.size, 0.03, np.float32), (0.1, 2.0), (1.2, 30.0))


def test_a_file_gives_back_what_was_written(tmp_path):
    write_templates(tmp_path / "t.safetensors", (one(),), {"seed": 3})
    back, = read_templates(tmp_path / "t.safetensors")
    assert (back.name, back.spectype, back.step) == ("QSO-ONE", "QSO", 1e-4)
    assert (back.z_range, back.z_error) == ((0.1, 2.0), (1.2, 30.0))
    np.testing.assert_allclose(back.mean, one().mean, rtol=1e-3)
    np.testing.assert_allclose(back.components, one().components, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("content", [None, b"", b"not a file of tensors"])
def test_a_file_that_holds_no_templates_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "t.safetensors").write_bytes(content)
    with pytest.raises(StoreError, match="cannot be read"):
        read_templates(tmp_path / "t.safetensors")


def test_pixels_see_the_mean_over_their_width():
    pixel = 1e-3
    sampled = one().sampled(pixel)
    phases, rows, n = sampled.rows.shape
    assert rows == 4 and sampled.step == pytest.approx(pixel / phases) and sampled.step < 45 / C_KM_S / np.log(10)
    log = sampled.start + sampled.step * np.arange(n * phases)
    fine = log[:, None] + pixel * (np.arange(200) + 0.5) / 200 - pixel / 2
    wanted = (1 + np.exp(-0.5 * ((fine - np.log10(5000)) / 5e-4) ** 2)).mean(axis=1)
    got = sampled.rows[:, 0].T.ravel()
    assert np.abs(got - wanted).max() < 0.004  # stored pixels are means over their own width already


def test_components_that_are_not_fitted_are_scatter():
    sampled, bare = one().sampled(3e-4), one().sampled(3e-4, 1)
    got = bare.rows[:, -1] ** 2 - sampled.rows[:, -1] ** 2
    np.testing.assert_allclose(got, sampled.rows[:, 2] ** 2, atol=2e-4)


def test_the_package_has_templates_of_quasars_galaxies_and_stars():
    sets = default_templates()
    assert {s.spectype for s in sets} == {"QSO", "GALAXY", "STAR"}
    assert [s.name for s in sets] == list(learn.KINDS)
    assert files("qsocore.redshift").joinpath("templates.safetensors").stat().st_size < 1.5e6
    for s in sets:
        assert np.isfinite(s.mean).all() and np.isfinite(s.components).all() and (s.scatter >= 0).all()
        low, high = s.z_range
        red = min(10399, s.wave[-1] * (1 + low))
        assert s.wave[0] * (1 + high) < 3600 and red > 10390  # every redshift of its range sees all of the default grid


def test_how_the_package_s_templates_were_made_is_told():
    with safe_open(str(files("qsocore.redshift").joinpath("templates.safetensors")), framework="numpy") as file:
        made = json.loads(file.metadata()["made"])
    assert made["command"] == "qso templates" and set(made["kinds"]) == set(learn.KINDS)


def test_learned_components_make_new_spectra(monkeypatch):
    """Of cataclysmic variables that were not learned from, four components leave less than a hundredth."""
    small = replace(learn.KINDS["STAR-CV"], n=300, components=4)
    monkeypatch.setattr(learn, "KINDS", {"STAR-CV": small})
    got = learn.learn("STAR-CV", seed=1)
    again = learn.learn("STAR-CV", seed=1)
    np.testing.assert_array_equal(got.components, again.components)
    rng = np.random.default_rng(99)
    flux = small.source.spectra(small.draw(40, 0.0, rng), got.wave, rng)
    smooth = np.convolve(got.mean, np.ones(3) / 3, "same")
    design = np.concatenate([got.mean[None], got.components])[:, 3:-3] / smooth[3:-3]
    shape = flux[:, 3:-3] / smooth[3:-3]
    coefficients, *_ = np.linalg.lstsq(design.T, shape.T, rcond=None)
    left = (shape.T - design.T @ coefficients) / coefficients[0]
    assert np.sqrt((left**2).mean()) < 0.01 and (coefficients[0] > 0).all()
    scaled = coefficients[1:] / coefficients[0]
    assert 0.5 < np.std(scaled, axis=1).mean() < 1.5  # components come with the scatter of their coefficients


def test_refined_columns_take_the_place_of_the_network_s():
    from qsocore.catalog import Column

    own = (Column("z_pred", "float64", "redshift"), Column("c_LYA", "float32", "quality"), Column("z_err", "float32", "error"))
    got = refined_columns(own)
    assert [column.name for column in got[:3]] == ["z_pred", "c_LYA", "z_err"]
    assert {column.name for column in REFINED} <= {column.name for column in got}
    with pytest.raises(ConfigError, match="no redshifts"):
        refined_columns(own[1:2])
