"""``qso island``: the brush of the command line."""

import numpy as np
import pytest

from qsocore.cli import main
from qsocore.errors import AtlasError
from qsocore.store.selections import Selections
from qsocore.workflow.island import keep_island
from qsocore.workflow.joined import Joined
from tests.dashboard.survey import make_run, make_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("island") / "s.store"
    store = make_store(path)
    make_run(path)
    return store


def test_examples_by_rule_by_ids_and_by_position_give_one_island(store, tmp_path):
    rule = "z > 3.2"
    rows = np.flatnonzero(store.column("z") > 3.2)
    (tmp_path / "ids.txt").write_text("\n".join(store.column("object_id")[rows]) + "\n\n")
    lines = [f"{ra:.9f},{dec:.9f}" for ra, dec in zip(store.column("ra")[rows], store.column("dec")[rows], strict=True)]
    (tmp_path / "places.csv").write_text("\n".join(["ra,dec", *lines]))
    (by_rule, found), (by_ids, _), (by_place, _) = (
        keep_island(store.path, "small", share=0.5, replace=True, **how)
        for how in ({"where": rule}, {"around": tmp_path / "ids.txt"}, {"around": tmp_path / "places.csv"}))
    assert by_rule.rule == by_ids.rule == by_place.rule
    assert found.held >= 0.5 * len(rows)
    kept = Selections.of(store.path).load("island")
    assert (kept.count, kept.run, kept.rule["op"]) == (by_rule.count, "small", "polygon")
    x, y = (Joined(store, store.run("small")).values(f"pca_{axis}") for axis in "xy")
    inside = (x >= x[found.rows].min()) & (x <= x[found.rows].max()) & (y >= y[found.rows].min()) & (y <= y[found.rows].max())
    assert len(found.rows) <= kept.count <= inside.sum()


@pytest.mark.parametrize(("how", "said"), [
    ({"where": "z > 90"}, "0 of the examples"), ({"where": "nothing > 1"}, "nothing"), ({}, "give one of them"),
    ({"where": "z > 3", "projection": "tsne"}, "no map 'tsne'")])
def test_bad_input_is_refused(store, how, said):
    with pytest.raises(AtlasError, match=said):
        keep_island(store.path, "small", replace=True, **how)


def test_strangers_are_refused(store, tmp_path):
    (tmp_path / "ids.txt").write_text("nobody\n")
    with pytest.raises(AtlasError, match="none of the store's objects"):
        keep_island(store.path, "small", tmp_path / "ids.txt")


def test_command(store, capsys):
    assert main(["island", str(store.path), "--run", "small", "--where", "z > 3.2", "--share", "0.5", "--name", "far"]) == 0
    assert "of the examples among them" in capsys.readouterr().out
    assert Selections.of(store.path).load("far").count > 0
