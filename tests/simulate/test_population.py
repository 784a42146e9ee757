"""Mixtures with parts of classes, selections of quasars, labels with errors: what the default survey is stays as it was."""

import hashlib
import json

import numpy as np
import pytest
from scipy.stats import kstest

from qsocore import __version__
from qsocore.cli import main
from qsocore.errors import ConfigError
from qsocore.grid import DEFAULT_GRID, get_grid
from qsocore.simulate import population
from qsocore.simulate.block import Survey, make_block
from qsocore.simulate.population import DEFAULT_SAMPLE, PARTS, Sample, check_mixture, draw, mislabelled, parse_mixture

COARSE = get_grid("log10:3.56:4.01:217")
RNG = np.random.default_rng


def drawn(n, seed=0, sample=DEFAULT_SAMPLE, **mixture):
    return draw(n, COARSE.wave, RNG(seed), mixture, sample)[1]


# ---- mixtures


def test_a_mixture_is_in_order_and_adds_up_to_one():
    mixture = check_mixture(parse_mixture(["M=1", "GALAXY=2", "BAL=0", "QSO=1"]))
    assert list(mixture) == ["QSO", "GALAXY", "M"] and sum(mixture.values()) == pytest.approx(1)
    assert mixture["GALAXY"] == 0.5


@pytest.mark.parametrize(("words", "message"), [(["QSOO=1"], "did you mean QSO"), (["WDX=1"], "did you mean WD"),
                                                (["QSO=-1"], "weight -1"), (["QSO=0"], "all weights are zero"),
                                                (["QSO"], "CLASS=WEIGHT"), (["QSO=much"], "CLASS=WEIGHT")])
def test_wrong_mixtures_are_refused(words, message):
    with pytest.raises(ConfigError, match=message):
        check_mixture(parse_mixture(words))


def test_parts_come_in_their_shares():
    catalog = drawn(4000, QSO=1, BAL=1, O=2, WD=1, GALAXY=1)
    names, subclass = catalog["class"], catalog["subclass"]
    shares = {"QSO": (names == "QSO").mean(), "O": (subclass == "O").mean(), "GALAXY": (names == "GALAXY").mean(),
              "WD": np.mean(["WD" in word for word in subclass])}
    assert shares == pytest.approx({"QSO": 2 / 6, "O": 2 / 6, "GALAXY": 1 / 6, "WD": 1 / 6}, abs=0.03)


def test_quasars_with_broad_troughs_have_them_where_they_are_seen():
    catalog = drawn(600, BAL=1)
    assert set(catalog["class"]) == {"QSO"}
    assert (catalog["bi_civ"] > 0).mean() > 0.9  # a few lie below 3,000 km/s
    assert (catalog["ai_civ"] > 0).all() and (catalog["bal_prob"] == 1).all()
    assert catalog["true_z"].min() >= 1.6 and 1548.2 * (1 + catalog["true_z"].min()) * (1 - 25_000 / 299_792) > 3600
    usual = drawn(2000, QSO=1)
    seen = usual["bi_civ"] == usual["bi_civ"]
    assert 0.08 < (usual["bi_civ"][seen] > 0).mean() < 0.2  # and of all quasars some do


@pytest.mark.parametrize("kind", [name for name, (parent, _) in PARTS.items() if parent == "STAR"])
def test_a_star_s_letter_is_its_subclass(kind):
    from qsocore.models.labels import star_kind

    catalog = drawn(40, **{kind: 1})
    assert set(catalog["class"]) == {"STAR"}
    assert {star_kind(word) for word in catalog["subclass"]} == {"" if kind == "CV" else kind}


def test_parts_without_spectra_are_refused(tmp_path, capsys):
    words = ["simulate", "--catalog-only", "--n", "10", "--out", str(tmp_path / "a.store")]
    assert main([*words, "--mixture", "QSO=1", "BAL=1"]) == 1
    assert "no class is called 'BAL'" in capsys.readouterr().err
    assert main([*words, "--quasars", "flat"]) == 1
    assert "default quasars" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# ---- labels with errors


def test_the_share_of_wrong_labels_is_the_one_asked_for():
    names = np.array(["O", "B", "C", "A", "M", "WD", ""] * 3000, object)
    out = mislabelled(names, 0.05, RNG(1))
    touched = np.isin(names, ["O", "B", "C"])
    assert (out[~touched] == names[~touched]).all()
    for name, others in (("O", {"B", "C"}), ("B", {"A", "O"}), ("C", {"K", "O"})):
        here = names == name
        assert (out[here] != name).mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 3000))
        assert set(out[here]) == {name} | others
    assert (mislabelled(names, 0.0, RNG(1)) == names).all()


def test_a_catalogue_with_wrong_labels_knows_the_right_ones():
    catalog = drawn(3000, sample=Sample(label_noise=0.2), O=1, B=1, G=1)
    wrong = catalog["subclass"] != catalog["true_subclass"]
    assert set(catalog["true_subclass"]) == {"O", "B", "G"} and not wrong[catalog["true_subclass"] == "G"].any()
    assert wrong[catalog["true_subclass"] != "G"].mean() == pytest.approx(0.2, abs=0.04)
    assert "true_subclass" not in drawn(10, O=1)


# ---- selections of quasars


def test_flat_redshifts_are_uniform():
    for low, high in ((0.05, 5.2), (1.8, 3.8)):
        z = drawn(700, sample=Sample("flat", (low, high)), QSO=1)["true_z"]
        assert low <= z.min() and z.max() <= high
        assert kstest((z - low) / (high - low), "uniform").pvalue > 1e-3
    assert kstest((drawn(700, QSO=1)["true_z"] - 0.1) / 4.2, "uniform").pvalue < 1e-6  # as by default they are not


def test_redshifts_of_quasars_leave_the_others_alone():
    catalog = drawn(900, sample=Sample("flat", (3.0, 3.2)), QSO=1, GALAXY=1, STAR=1)
    by = {name: catalog["true_z"][catalog["class"] == name] for name in ("QSO", "GALAXY", "STAR")}
    assert by["QSO"].min() >= 3.0 and by["QSO"].max() <= 3.2 and by["GALAXY"].max() < 2.0 and np.abs(by["STAR"]).max() < 0.01


@pytest.mark.parametrize(("settings", "message"), [
    ({"quasars": "falt"}, "did you mean flat"), ({"z_range": (0.0, 3.0)}, "no range of redshift"),
    ({"z_range": (3.0, 2.0)}, "no range of redshift"), ({"z_range": (1.0, 9.0)}, "no range of redshift"),
    ({"label_noise": 1.0}, "is not a share"), ({"label_noise": -0.1}, "is not a share")])
def test_wrong_samples_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        Sample(**settings)


# ---- what was stays


def test_the_default_survey_has_the_name_it_had():
    """Object ids of a survey without parts, selection or wrong labels hash what they always did."""
    words = ["boss", DEFAULT_GRID.hash, [["QSO", 0.55], ["STAR", 0.25], ["GALAXY", 0.2]], __version__]
    digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:8]
    assert Survey(3, "boss", DEFAULT_GRID).release == f"3-{digest}"
    assert Survey(3, "boss", DEFAULT_GRID, sample=Sample(label_noise=0.1)).release != f"3-{digest}"
    assert Survey(3, "boss", DEFAULT_GRID, sample=Sample("flat")).release != f"3-{digest}"


def test_the_default_survey_has_the_objects_it_had():
    """Numbers as they were before there were parts and selections."""
    observed, catalog = make_block(Survey(7, "boss", get_grid("log10:3.56:4.01:434")), 1)
    assert catalog["class"][:4].tolist() == ["QSO"] * 4
    np.testing.assert_allclose(catalog["true_z"][:4], [1.7995264676, 2.4241219578, 2.4654409802, 3.5996999231], rtol=1e-9)
    np.testing.assert_allclose(catalog["mag_r"][:4], [21.717907, 22.080486, 20.840540, 21.839874], rtol=1e-5)
    np.testing.assert_allclose(observed.flux[:3, 200], [0.35804147, 0.39880446, 1.4029634], rtol=1e-3)


def test_every_source_is_a_module():
    from importlib import import_module

    for module in population.SOURCES.values():
        source = import_module(f"qsocore.simulate.{module}")
        assert callable(source.draw) and callable(source.spectra) and callable(source.catalogue)
