"""A recipe on a table: steps count what passes, fails and is unknown, and what is not applicable is said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsocore.catalog import Column
from qsocore.cuts.funnel import Count, Funnel
from qsocore.cuts.plan import Plan
from qsocore.cuts.recipe import load, read
from qsocore.errors import ConfigError
from qsocore.simulate.bands import BANDS
from qsocore.simulate.images.photometry import catalogue, limits
from qsocore.simulate.images.selection import taken

RECIPE = read('''
[bands.g]
ab = [["g_mag", "g_magerr"]]
vega = [["gv", "e_gv"]]
vega_to_ab = -0.1
depth = { sigma = 10, mag = 24.7 }
[bands.r]
ab = [["r_mag", "r_magerr"]]
flux = [["r_flux", "r_fluxerr"]]
[colours]
g_r = ["g", "r"]
[[steps]]
name = "bright"
rule = "mag_r < 21"
[[steps]]
name = "clean"
rule = "FLAGS < 4"
[[steps]]
name = "blue"
rule = "g_r < 0.5"
''', "mine")


def columns(*names, **more):
    """Plain columns of a table."""
    return {name: more.get(name, Column(name, "float64", "property")) for name in names}


def cut(values, plan=None, **options):
    """What becomes of some rows."""
    values = {name: np.asarray(column) for name, column in values.items()}
    plan = plan or Plan(RECIPE, columns(*values), **options)
    return plan.cut(values.__getitem__, len(next(iter(values.values()))))


def test_a_funnel_counts_what_passes_fails_and_is_unknown():
    done = cut({"g_mag": [20.2, 99.0, 20.9, 20.0, 20.0], "g_magerr": [0.1, 99.0, 0.1, 0.1, 0.1],
                "r_mag": [20.0, 20.0, 20.0, 22.0, np.nan], "r_magerr": [0.1] * 5, "flags": [0, 1, 2, 3, 0]})
    bright, clean, blue = done.funnel.steps
    assert (bright.before, bright.passed, bright.failed, bright.unknown) == (5, 3, 1, 1)
    assert (clean.before, clean.passed) == (3, 3)  # flags is FLAGS, for only one column can be meant
    assert (blue.before, blue.passed, blue.failed, blue.unknown) == (3, 1, 1, 1)  # 99 is no magnitude: the colour is unknown
    assert done.rows.tolist() == [True, False, False, False, False] and done.funnel.n_out == 1
    assert done.derived["g_r"][0] == 0.2 and np.isnan(done.derived["g_r"][1])


def test_a_step_without_its_columns_is_said_and_never_passed_over_in_silence():
    values = {"r_mag": [20.0, 22.0], "r_magerr": [0.1, 0.1]}
    done = cut(values)
    assert [step.says() for step in done.funnel.steps] == ["1 pass, 1 fail, 0 unknown", "not applicable: no column FLAGS",
                                                           "not applicable: no column g_r"]
    assert done.funnel.n_out == 1 and "not applicable: no column FLAGS" in done.funnel.to_text()
    with pytest.raises(ConfigError, match="step 'clean': there is no column FLAGS"):
        cut(values, strict=True)
    with pytest.raises(ConfigError, match=r"no column mag_x; did you mean mag_r"):
        cut(values, rules=["mag_x < 3"])


def test_what_a_table_states_of_a_magnitude_goes_before_the_recipe():
    def of(**meant):
        table = {"g_mag": [20.0], "g_magerr": [0.1]}
        plan = Plan(RECIPE, columns(*table, **meant))
        return cut(table, plan).derived["mag_g"][0]
    assert of() == 20.0
    assert of(g_mag=Column("g_mag", "float64", "magnitude", "mag", system="Vega")) == 19.9
    with pytest.raises(ConfigError, match="r_mag is in Vega, and the recipe does not say"):
        Plan(RECIPE, columns("r_mag", r_mag=Column("r_mag", "float64", "magnitude", "mag", system="Vega")))


def test_units_of_fluxes_are_heeded():
    def of(unit):
        table = {"r_flux": [10.0], "r_fluxerr": [1.0]}
        plan = Plan(RECIPE, columns(*table, r_flux=Column("r_flux", "float64", "flux", unit)))
        return cut(table, plan).derived["mag_r"][0]
    assert of("") == pytest.approx(21.4) and of("uJy") == pytest.approx(21.4)
    assert of("mJy") == pytest.approx(13.9) and of("nanomaggy") == pytest.approx(20.0, abs=1e-3)
    with pytest.raises(ConfigError, match=r"r_flux is in 'erg / \(Angstrom s cm2\)', which is no flux per frequency"):
        of("erg / (Angstrom s cm2)")


@given(st.data())
def test_pieces_of_a_table_make_the_funnel_of_the_whole(data):
    n = data.draw(st.integers(1, 30))
    number = st.one_of(st.floats(18, 24), st.sampled_from([99.0, np.nan, -99.0]))
    values = {name: np.array(data.draw(st.lists(number, min_size=n, max_size=n))) for name in ("g_mag", "r_mag")}
    values |= {"g_magerr": np.full(n, 0.1), "r_magerr": np.full(n, 0.1), "FLAGS": np.arange(n) % 6}
    whole, at = cut(values), data.draw(st.integers(0, n))
    plan = Plan(RECIPE, columns(*values))
    funnel = plan.empty()
    for piece in (slice(0, at), slice(at, n)):
        funnel = funnel.plus(cut({name: column[piece] for name, column in values.items()}, plan).funnel)
    assert funnel == whole.funnel and Funnel.from_dict(funnel.to_dict()) == funnel
    before = n
    for step in whole.funnel.steps:
        assert step.before == before == step.passed + step.failed + step.unknown
        before = step.passed
    assert whole.rows.sum() == before


def test_a_funnel_that_is_none():
    for values in ({}, {"recipe": "", "n_in": 1, "steps": [{"name": "x"}]}, {"recipe": "", "n_in": "x", "steps": []}):
        with pytest.raises(ConfigError, match="no funnel"):
            Funnel.from_dict(values)
    assert Funnel("", (Count("a", "a > 1", 3, 2, 1, 0),), 3).n_out == 2


def test_the_recipe_and_the_simulator_cut_alike():
    """glq-mpia as a recipe and in `qsocore.simulate.images.selection`, on noisy photometry about all the borders."""
    rng = np.random.default_rng(3)
    n = 20_000
    faint = rng.uniform([21, 21, 21, 19, 19, 18, 18, 18, 18], [26, 26, 23, 22, 23.5, 22, 22, 22, 22], (n, 9))
    true = 10 ** (0.4 * (23.9 - faint))
    error = limits() * np.exp(rng.normal(0, 0.3, (n, 9)))
    flux = true + error * rng.standard_normal((n, 9))
    values = {name: column.astype(np.float64) for name, column in catalogue(flux, error).items()}
    done = Plan(load("glq-mpia"), columns(*values)).cut(values.__getitem__, n)
    expected = taken(flux, error)
    assert 100 < expected.sum() < n / 2 and len(BANDS) == 9
    assert (done.rows == expected).mean() > 0.9999  # float32 magnitudes lie on the other side of a border now and then
