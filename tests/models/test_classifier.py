"""Classifier: learns what can be told apart, names it by its list, is as sure as it is right, knows what it does not know."""

import math

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from qsocore.errors import ConfigError, TrainError
from qsocore.grid import WaveGrid
from qsocore.models._calibration import Quantiles, calibration_error, fit_temperature
from qsocore.models.classifier import MODEL, ClassifierConfig, labels
from qsocore.models.labels import KINDS
from qsocore.store import StoreWriter
from qsocore.train.loop import TrainSettings
from qsocore.workflow.predict import predict
from qsocore.workflow.train import split_store, train
from tests.models.artefacts import ARTEFACTS, auroc

GRID = WaveGrid("tiny", "linear", 4000.0, 5270.0, 128)
CLASSES = ("GAL", "QSO", "M")
SMALL = {"channels": (8, 16), "kernels": (7, 5), "strides": (2, 2), "features": 32, "z_bins": 24, "components": 6,
         "references": 300, "dropout": 0.0}


def network(**settings):
    torch.manual_seed(4)
    return MODEL.build(ClassifierConfig(**{"classes": CLASSES, **SMALL, **settings}), GRID)


def toy(n, seed=0, noise=0.15, shares=(1, 1, 1)):
    """Three shapes on a falling continuum, of three classes: one line (its place is the redshift), a break, bands."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, n, p=np.array(shares) / sum(shares))
    pixel, z = np.arange(128), rng.uniform(0.0, 3.0, n)
    line = 2.0 * np.exp(-0.5 * ((pixel - 20 - 30 * z[:, None]) / 4) ** 2)
    break_ = np.where(pixel > 40 + 10 * z[:, None], 0.7, -0.5)
    bands = 0.8 * np.sin((pixel / 16) ** 1.7 + z[:, None] / 2)
    shape = np.select([kind[:, None] == 0, kind[:, None] == 1], [break_, line], bands)
    slope = 1.5 - (0.7 + 0.15 * rng.normal(size=(n, 1))) * (pixel / 64 - 1)
    sigma = noise * np.exp(0.5 * rng.normal(size=(n, 1)))
    ivar = np.where(rng.random((n, 128)) < 0.05, 0.0, 1 / sigma**2)
    flux = np.where(ivar > 0, slope + shape + sigma * rng.normal(size=(n, 128)), 0)
    x, w = (torch.tensor(part, dtype=torch.float32) for part in (flux, ivar))
    return x, w, {"kind": torch.tensor(kind), "z": torch.tensor(z, dtype=torch.float32)}


def trained(steps=120, told=None, **settings):
    """A small network after some steps on toy spectra, calibrated on others; `told` changes the labels it learns from."""
    model = network(**settings)
    x, w, known = toy(1500)
    known = told(known) if told else known
    model.initialise(x, w)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    rng = np.random.default_rng(0)
    for _ in range(steps):
        rows = torch.from_numpy(rng.choice(len(x), 128))
        terms = model.loss(x[rows], w[rows], None, {name: value[rows] for name, value in known.items()})
        optimiser.zero_grad()
        terms["loss"].backward()
        optimiser.step()
    model.eval()
    x, w, known = toy(1200, seed=1)
    model.calibrate(x, w, told(known) if told else known)
    return model


@pytest.fixture(scope="module")
def expert():
    return trained()


def test_learns_what_can_be_told_apart(expert):
    x, w, known = toy(600, seed=2)
    out = expert.predict(x, w)
    assert (out["class_pred"] == np.array(CLASSES)[known["kind"]]).mean() > 0.98
    assert np.median(out["class_conf"]) > 0.97
    assert expert.calibration[1] < 0.03


def test_columns_follow_the_list_of_classes(expert):
    names = [column.name for column in expert.columns()]
    assert names == ["class_pred", "class_conf", "p_GAL", "p_QSO", "p_M", "unlike"]
    x, w, _ = toy(50, seed=3)
    out = expert.predict(x, w)
    assert list(out) == names
    p = np.stack([out[f"p_{name}"] for name in CLASSES], axis=1)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(out["class_conf"], p.max(axis=1))
    assert all(CLASSES[k] == name for k, name in zip(p.argmax(axis=1), out["class_pred"], strict=True))
    assert [column.name for column in MODEL.build(ClassifierConfig(**SMALL), GRID).columns()][2:-1] == [f"p_{k}" for k in KINDS]


def test_the_redshift_is_learnt_beside_the_class(expert):
    x, w, known = toy(600, seed=5)
    quasar = known["kind"] == 1
    with torch.no_grad():
        _, scores, _ = expert(x[quasar], w[quasar])
    place = scores.softmax(dim=1) @ torch.linspace(0, math.log(8), 24)
    assert (place.exp() - 1 - known["z"][quasar]).abs().median() < 0.12


def test_every_weight_moves_in_one_step():
    model = network()
    before = {name: value.clone() for name, value in model.named_parameters()}
    x, w, known = toy(256)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
    model.loss(x, w, None, known)["loss"].backward()
    optimiser.step()
    for name, value in model.named_parameters():
        assert (value != before[name]).float().mean() > 0.5, f"{name} did not move"


def test_masked_pixels_change_nothing(expert):
    x, w, known = toy(40, seed=6)
    wild = torch.where(w > 0, x, torch.tensor(-1e5))
    plain, masked = expert.predict(x, w), expert.predict(wild, w)
    for name in plain:
        np.testing.assert_array_equal(masked[name], plain[name])
    assert expert.loss(wild, w, None, known)["loss"] == expert.loss(x, w, None, known)["loss"]


def test_a_spectrum_without_good_pixels_is_of_no_class(expert):
    x, w, _ = toy(4, seed=7)
    w[1] = 0
    out = expert.predict(x, w)
    assert out["class_pred"][1] == "" and all(np.isnan(out[name][1]) for name in out if name != "class_pred")
    assert all(np.isfinite(out[name][[0, 2, 3]]).all() for name in out if name != "class_pred")


def test_what_is_not_known_does_not_count():
    model, (x, w, known) = network().eval(), toy(60)
    hidden = {"kind": known["kind"].clone(), "z": known["z"].clone()}
    hidden["kind"][30:], hidden["z"][30:] = -1, math.nan
    half = model.loss(x[:30], w[:30], None, {name: value[:30] for name, value in known.items()})
    assert model.loss(x, w, None, hidden)["loss"].item() == pytest.approx(half["loss"].item(), rel=1e-5)
    nothing = model.loss(x, w, None, {"kind": torch.full((60,), -1), "z": torch.full((60,), math.nan)})
    assert nothing["loss"].item() == 0.0


def test_terms_against_numbers_by_hand():
    model, (x, w, known) = network(forgiving=0.5, z_weight=0.0, balance=0.0).eval(), toy(64)
    p = model(x, w)[0].softmax(dim=1).gather(1, known["kind"][:, None])
    assert model.loss(x, w, None, known)["loss"].item() == pytest.approx(((1 - p.sqrt()) / 0.5).mean().item(), rel=1e-5)
    plain = network(forgiving=0.0, z_weight=0.0, balance=0.0).eval()
    assert plain.loss(x, w, None, known)["loss"].item() == pytest.approx(-p.log().mean().item(), rel=1e-5)


def test_redshift_is_shared_between_the_bins_beside_it():
    model = network(z_weight=2.0)
    scores = torch.randn(1, 24, generator=torch.Generator().manual_seed(0))
    z = torch.tensor([8.0 ** (10.25 / 23) - 1])  # a quarter of the way from bin 10 to bin 11 of ln(1 + z) in 0 to ln 8
    log_p = scores.log_softmax(dim=1)[0]
    by_hand = -(0.75 * log_p[10] + 0.25 * log_p[11])
    assert model._z_loss(scores, z, torch.ones(1, 128)).item() == pytest.approx(by_hand.item(), rel=1e-4)


def test_rare_classes_count_as_much_as_common_ones():
    model, (x, w, known) = network(), toy(400)
    rows = torch.cat([(known["kind"] == k).nonzero()[:n, 0] for k, n in enumerate((20, 4, 2))])
    with torch.no_grad():
        for _ in range(400):
            model.loss(x[rows], w[rows], None, {name: value[rows] for name, value in known.items()})
    weight = model._weight(known["kind"][rows])
    sums = torch.stack([part.sum() for part in weight.split([20, 4, 2])])
    assert torch.allclose(sums / sums.mean(), torch.ones(3), atol=0.05)


def test_wrong_labels_of_one_class_are_outvoted():
    def told(known):
        rng = np.random.default_rng(9)
        wrong = (known["kind"] == 1) & torch.from_numpy(rng.random(len(known["kind"])) < 0.2)
        return {**known, "kind": torch.where(wrong, 2, known["kind"])}

    model = trained(told=told)
    x, w, known = toy(800, seed=10)
    pred = model.predict(x, w)["class_pred"]
    right = [(pred[known["kind"] == k] == name).mean() for k, name in enumerate(CLASSES)]
    assert min(right) > 0.9, right  # of one class a fifth of the labels is wrong


@pytest.mark.parametrize("truth", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_recovered(truth):
    rng = np.random.default_rng(3)
    scores = 2 * rng.normal(size=(40_000, 5))
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    kind = (p.cumsum(axis=1) < rng.random((40_000, 1))).sum(axis=1)  # drawn from p
    logits, kind = torch.tensor(scores * truth), torch.tensor(kind)
    found = fit_temperature(logits, kind)
    assert found == pytest.approx(truth, rel=0.02)
    assert calibration_error((logits / found).softmax(dim=1), kind) < 0.01
    if truth != 1.0:
        assert calibration_error(logits.softmax(dim=1), kind) > 0.05


def test_temperature_by_weights_is_that_of_repeated_spectra():
    rng = np.random.default_rng(1)
    logits, kind = torch.tensor(rng.normal(size=(300, 3))), torch.tensor(rng.integers(0, 3, 300))
    times = rng.integers(0, 4, 300)
    logits[torch.arange(300), kind] += 1.0
    repeated = torch.from_numpy(np.repeat(np.arange(300), times))
    weighted = fit_temperature(logits, kind, torch.tensor(times))
    assert weighted == pytest.approx(fit_temperature(logits[repeated], kind[repeated]), rel=1e-6)
    assert fit_temperature(logits[:0], kind[:0]) == 1.0


def test_calibration_error_by_hand():
    p = torch.tensor([[0.92, 0.08], [0.94, 0.06], [0.25, 0.75], [0.35, 0.65]])
    kind = torch.tensor([0, 1, 1, 0])  # 0.9 to 1: half right; 0.7 to 0.8: right; 0.6 to 0.7: wrong
    assert calibration_error(p, kind, bins=10) == pytest.approx((abs(1.86 - 1) + abs(0.75 - 1) + abs(0.65 - 0)) / 4, rel=1e-6)


def test_quantiles_are_places_among_known_numbers():
    places = Quantiles(2)
    rng = np.random.default_rng(0)
    places.learn(torch.tensor(np.stack([rng.normal(size=20_000), rng.exponential(size=20_000)], axis=1)))
    found = places(torch.tensor([[0.0, math.log(2)], [-9.0, -1.0], [2.3263, math.log(100)], [math.inf, 50.0]]))
    assert found.numpy() == pytest.approx(np.array([[0.5, 0.5], [0, 0], [0.99, 0.99], [1, 1]]), abs=0.006)


def test_surprise_goes_on_beyond_all_that_was_seen():
    places = Quantiles(1)
    places.learn(torch.tensor(np.random.default_rng(2).exponential(size=(50_000, 1))))  # a larger one than x: chance exp(-x)
    found = places.surprise(torch.tensor([[0.0], [0.5], [2.0], [5.0], [30.0]]))[:, 0]
    assert found.numpy() == pytest.approx([0.0, 0.5, 2.0, 5.0, 30.0], rel=0.05, abs=1e-3)


def test_known_spectra_are_spread_evenly_from_usual_to_unlike(expert):
    x, w, _ = toy(2000, seed=11)
    unlike = expert.predict(x, w)["unlike"]
    assert np.quantile(unlike, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.07)
    assert (unlike > 0.99).mean() < 0.03


@pytest.mark.parametrize("artefact", ARTEFACTS, ids=lambda make: make.__name__)
def test_artefacts_are_unlike_known_spectra(expert, artefact):
    x, w, _ = toy(400, seed=12)
    strange = artefact(x.numpy().astype(float), w.numpy().astype(float), np.random.default_rng(0))
    strange = [torch.tensor(part, dtype=torch.float32) for part in strange]
    known, found = expert.predict(x, w)["unlike"], expert.predict(*strange)["unlike"]
    backwards = artefact.__name__ in ("swapped_arms", "mirrored")  # a noisy one may well pass for another toy
    assert auroc(known, found) > (0.8 if backwards else 0.95)
    assert np.median(found) > (0.9 if backwards else 0.98)


def test_predictions_do_not_depend_on_the_company(expert):
    x, w, _ = toy(60, seed=13)
    whole, part = expert.predict(x, w), expert.predict(x[7:9], w[7:9])
    assert all(np.allclose(whole[name][7:9], part[name], atol=1e-4) for name in whole if name != "class_pred")


def test_state_makes_the_same_classifier(expert):
    other = network()
    other.load_state_dict(expert.state_dict())
    x, w, _ = toy(30, seed=14)
    for name, values in expert.predict(x, w).items():
        np.testing.assert_array_equal(other.eval().predict(x, w)[name], values)


@pytest.mark.parametrize(("wrong", "said"), [
    ({"classes": ("QSO", "STAR")}, "STAR"), ({"classes": ("QSO",)}, "two"), ({"classes": ("F", "F")}, "twice"),
    ({"classes": ("GAL", "GALAXY")}, "twice"), ({"forgiving": 1.5}, "forgiving"), ({"dropout": 1.0}, "dropout"),
    ({"features": 0}, "at least 1"), ({"z_bins": 1}, "z_bins")])
def test_settings_without_sense_are_refused(wrong, said):
    with pytest.raises(ConfigError, match=said) as caught:
        ClassifierConfig(**wrong)
    assert "classes" not in wrong or "QSO, BAL, O, B, A, F, G, K, M, L, WD, C, GAL" in str(caught.value)


def write_store(path, n=900, **changed):
    """A store of toy spectra with their catalogue; a column is left out when it is changed to None."""
    x, w, known = toy(n, seed=20)
    kind, (ra, dec) = known["kind"].numpy(), np.random.default_rng(0).uniform(-60, 60, (2, n))
    catalog = {"object_id": [f"toy:r1:{i}" for i in range(n)], "survey": ["toy"] * n, "ra": ra + 100, "dec": dec,
               "class": np.array(["GALAXY", "QSO", "STAR"])[kind], "subclass": np.array(["", "BROADLINE", "M4.5"])[kind],
               "z": known["z"].numpy()} | changed
    writer = StoreWriter(path, GRID, {}, 1)
    kept = {name: values for name, values in catalog.items() if values is not None}
    writer.write_shard(0, x.numpy(), w.numpy(), (w == 0).numpy().astype(np.uint8), kept)
    return writer.finish()


def test_from_a_store_to_columns_in_it(tmp_path):
    store = write_store(tmp_path / "toy.store")
    told = ["classes=GAL,QSO,M", "channels=8,16", "kernels=7,5", "strides=2,2", "features=32", "z_bins=24", "epochs=8",
            "batch=64", "device=cpu", *(f"{name}=0" for name in ("noisier", "bent", "gapped", "armless", "shortened", "skyed"))]
    run = train("classifier", store.path, "kinds", told)
    assert run.config["config"]["classes"] == ["GAL", "QSO", "M"]
    table = predict(store.path, "kinds")
    truth = np.select([store.column("class") == "GALAXY", store.column("class") == "QSO"], ["GAL", "QSO"], "M")
    test = split_store(store, TrainSettings()).test
    assert (np.array(table["class_pred"].to_pylist())[test] == truth[test]).mean() > 0.9
    kept = pq.read_table(run.column_file("predictions"))
    assert kept.column_names == ["object_id", "class_pred", "class_conf", "p_GAL", "p_QSO", "p_M", "unlike"]
    assert kept["unlike"].to_numpy().min() >= 0
    assert kept["unlike"].to_numpy().max() <= 1


def test_labels_follow_the_list_and_absent_classes_are_told(tmp_path, caplog):
    store = write_store(tmp_path / "toy.store", n=60)
    with caplog.at_level("INFO"):
        found = labels(ClassifierConfig(classes=("M", "GAL", "L", "QSO")), store)
    assert "no object is L" in caplog.text
    expected = np.select([store.column("class") == "STAR", store.column("class") == "GALAXY"], [0, 1], 3)
    np.testing.assert_array_equal(found["kind"], expected)
    np.testing.assert_array_equal(found["z"], store.column("z").astype(np.float32))


def test_a_store_with_nothing_to_tell_apart_is_refused(tmp_path):
    store = write_store(tmp_path / "toy.store", n=60)
    with pytest.raises(TrainError, match="no object of the store is L or C"):
        labels(ClassifierConfig(classes=("L", "C", "QSO")), store)
    with pytest.raises(TrainError, match="no classes"):
        labels(ClassifierConfig(), write_store(tmp_path / "bare.store", n=60, **{"class": None}))


def test_classes_are_learnt_from_a_store_without_redshifts(tmp_path, caplog):
    store = write_store(tmp_path / "toy.store", n=60, z=None)
    with caplog.at_level("INFO"):
        found = labels(ClassifierConfig(), store)
    assert np.isnan(found["z"]).all() and (found["kind"] >= 0).all()
    assert "learnt without" in caplog.text
