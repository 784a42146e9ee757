"""The default runs of the package are made again by one command, here in small."""

import json

import pytest
from safetensors import safe_open

from qsocore.cli import main
from qsocore.errors import ConfigError
from qsocore.models import MODELS
from qsocore.store import find_run, open_store
from qsocore.store import runs as runs_module
from qsocore.store.runs import list_runs
from qsocore.workflow import defaults as module
from qsocore.workflow.defaults import RECIPES, Recipe, make_defaults
from qsocore.workflow.predict import predict
from qsocore.workflow.train import sort_settings


def test_the_recipes_are_of_models_and_settings_that_exist():
    assert set(RECIPES) == {"infovae", "redshift", "classifier"}
    for name, recipe in RECIPES.items():
        assert recipe.model == name
        sort_settings(MODELS.get(name), recipe.words)
        small = recipe.scaled(0.01)
        assert small.n == max(recipe.n // 100, 600) and sort_settings(MODELS.get(name), small.words)[1].epochs <= 1
        assert recipe.scaled(1) is recipe


@pytest.mark.parametrize("line", [line for recipe in RECIPES.values() for line in recipe.commands])
def test_the_commands_of_a_recipe_parse(line):
    from tests.test_docs import parse

    parse(line)


@pytest.fixture
def small(monkeypatch):
    """Recipes that take a second: the real models, few objects."""
    monkeypatch.setattr(module, "_FEWEST", 300)
    quick = {"infovae": ("latents=3", "widths=32", "grid=log10:3.57:4.0:128", "epochs=1"),
             "redshift": ("grid=log10:3.57:4.0:512", "epochs=1"),
             "classifier": ("grid=log10:3.57:4.0:512", "components=4", "epochs=1")}
    monkeypatch.setattr(module, "RECIPES", {name: Recipe(name, 300, 5, "QSO=3 M=1 GALAXY=1", words=words)
                                            for name, words in quick.items()})


def test_one_command_makes_them_all(small, tmp_path, monkeypatch, capsys):
    """Simulated, trained, shipped as halves with journal and recipe, found by name for any store."""
    out = tmp_path / "runs"
    assert main(["defaults", "--out", str(out), "--work", str(tmp_path / "work"), "--workers", "1"]) == 0
    said = capsys.readouterr().out
    assert said.count("as halves") == 3 and "MB" in said
    made = {run.name: run for run in list_runs(out)}
    assert set(made) == {"infovae", "redshift", "classifier"}
    monkeypatch.setattr(runs_module, "shipped", lambda: out)
    monkeypatch.setenv("QSO_ATLAS_HOME", str(tmp_path / "home"))
    store = open_store(next((tmp_path / "work").glob("redshift-*.store")))
    for name, run in made.items():
        assert sorted(file.name for file in run.path.iterdir()) == ["journal.jsonl", "run.json", "weights.safetensors"]
        assert run.config["recipe"]["model"] == name and run.config["commands"][1].startswith(f"qso train {name}")
        assert "epoch" in run.journal.read_text()
        with safe_open(run.weights, "pt") as file:
            kinds = {key: str(file.get_tensor(key).dtype) for key in file.keys()}  # noqa: SIM118 - not a mapping
        assert "torch.float16" in kinds.values() and kinds["seen"] == "torch.float32"
        assert find_run(name).path == run.path
    table = predict(store.path, "redshift", device="cpu")
    assert table.num_rows == 300 and "z_pred" in table.column_names


def test_what_is_there_is_used_again_and_an_older_run_is_replaced(small, tmp_path, monkeypatch):
    out, work = tmp_path / "runs", tmp_path / "work"
    first = make_defaults(["infovae"], out, work, workers=1, say=lambda _: None)[0]
    monkeypatch.setattr(module, "simulate", lambda *_, **__: pytest.fail("simulated again"))
    monkeypatch.setattr(module, "train", lambda *_, **__: pytest.fail("trained again"))
    again = make_defaults(["infovae"], out, work, workers=1, say=lambda _: None)[0]
    assert again.path == first.path and json.loads((again.path / "run.json").read_text())
    older = out / "20200101T000000-infovae"
    older.mkdir()
    make_defaults(["infovae"], out, work, workers=1, say=lambda _: None)
    assert [run.path.name for run in list_runs(out)] == [first.path.name] and not older.exists()


@pytest.mark.parametrize(("words", "message"), [(["--only", "redshit"], "did you mean redshift"), (["--scale", "2"], "0 to 1"),
                                                (["--scale", "0"], "0 to 1")])
def test_refusals(words, message, capsys, tmp_path):
    assert main(["defaults", "--out", str(tmp_path / "out"), *words]) == 1
    assert message in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_numbers_that_halves_cannot_hold_stay_as_they_are():
    import torch

    from qsocore.models.pca import build
    from tests.toy import Toy, ToyConfig

    model = Toy(8, ToyConfig())
    with torch.no_grad():
        model.net[0].bias[0] = 1e6
    kinds = {name: value.dtype for name, value in module.halved(model).items()}
    assert kinds["net.0.bias"] == torch.float32 and kinds["net.0.weight"] == torch.float16 and kinds["rounds"] == torch.int64
    from qsocore.grid import WaveGrid

    whole = build(MODELS.get("pca").Config(latents=2), WaveGrid("few", "linear", 4000, 5000, 8))
    assert {value.dtype for value in module.halved(whole).values()} <= {torch.float32, torch.float64}  # it has buffers only


def test_a_scale_is_no_more_than_one():
    with pytest.raises(ConfigError):
        make_defaults(scale=1.5)
