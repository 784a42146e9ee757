"""Recipes: what a file says, and what is refused with its place."""

from importlib.resources import files

import pytest

from qsocore.cuts.recipe import load, names, read
from qsocore.errors import ConfigError
from qsocore.selection import columns_of

BAND = '[bands.g]\nab = [["g_mag", "g_magerr"]]\n'
STEP = '[[steps]]\nrule = "mag_g < 21"\n'


def test_every_recipe_that_comes_with_the_package():
    assert names() == ["glq-mpia"]
    for name in names():
        recipe = load(name)
        assert recipe.name == name and recipe.title and recipe.citation and recipe.steps
        derived = {column.name for band in recipe.bands for column in band.columns(2)} | set(recipe.colours)
        lower = {name for step in recipe.steps for name in columns_of(step.rule) if not name.isupper()}
        assert lower <= derived  # what is not the survey's own is derived


def test_the_numbers_of_glq_mpia():
    recipe = load("glq-mpia")
    bands = {band.name: band for band in recipe.bands}
    assert {name: band.vega_to_ab for name, band in bands.items() if band.vega} == {"J": 0.916, "K": 1.827, "W1": 2.699,
                                                                                    "W2": 3.339}
    assert bands["g"].depth == pytest.approx(0.04786301) and bands["r"].depth == pytest.approx(0.06309573)  # as its table has
    assert bands["W1"].depth == 10.8 and bands["W2"].depth == 14.2 and recipe.sigma == 2.0


def test_recipes_lie_in_the_package():
    """Hatch packs whole packages: a recipe that lies in one is in the wheel."""
    assert (files("qsocore.recipes") / "glq-mpia.toml").is_file()


@pytest.mark.parametrize("text, says", [
    ("steps = 1 = 2", "no TOML"), ("title = 'x'", "no steps"), (f"{STEP}colour = 1", "'colour' is not understood"),
    ("[[steps]]\nname = 'x'", "step 1: it has no rule"), ('[[steps]]\nrule = "z >"', "selection 'z >'"),
    (f"[bands.g]\nvega = [['m', 'e']]\n{STEP}", "no vega_to_ab"), (f"[bands.g]\nab = ['m']\n{STEP}", "pairs of columns"),
    (f"[bands.g]\n{STEP}", "names no column"), (f"{BAND}depth = {{ sigma = 5 }}\n{STEP}", "sigma with mag or flux"),
    (f"{BAND}depth = {{ sigma = 5, mag = 'x' }}\n{STEP}", "'x' is no number"), (f"{BAND}zero = 1\n{STEP}", "'zero'"),
    (f"{BAND}[colours]\ng_r = ['g', 'r']\n{STEP}", "no band 'r'"), (f"{BAND}[colours]\ng_r = 'g'\n{STEP}", "two bands"),
    (f"[detection]\nsigma = true\n{STEP}", "True is no number"),
])
def test_what_is_not_understood_is_named(text, says):
    with pytest.raises(ConfigError, match=says):
        read(text, "mine", "mine.toml")


def test_a_file_of_ones_own(tmp_path):
    (tmp_path / "mine.toml").write_text(BAND + STEP)
    recipe = load(tmp_path / "mine.toml")
    assert (recipe.name, recipe.title, recipe.steps[0].name) == ("mine", "mine", "mag_g < 21")
    assert len(recipe.sha256) == 64
    with pytest.raises(ConfigError, match=r"gone.toml: there is no such file; with the package come glq-mpia"):
        load(tmp_path / "gone.toml")
    with pytest.raises(ConfigError, match="did you mean glq-mpia"):
        load("glq-mpa")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="no text"):
        load(tmp_path / "bytes.toml")
