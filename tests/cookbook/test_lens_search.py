"""The recipe on the real table, from its rows to a page of candidates; images are simulated stand-ins."""

import csv

import numpy as np
import pandas as pd
import pytest

from qsocore.cookbook.run import run_recipe
from qsocore.store import open_store
from qsocore.store.labels import Labels
from qsocore.store.selections import Selections
from qsocore.workflow.campaign import injected_images

pytestmark = [pytest.mark.real, pytest.mark.slow]
FEW = 150


@pytest.fixture(scope="module")
def searched(real, tmp_path_factory):
    """A folder in which the recipe has run on the known quasars of the real table and some other objects; what it said."""
    folder, glq = tmp_path_factory.mktemp("search"), real / "catalogues" / "glq_mpia"
    table = pd.read_csv(glq / "cut_crossmatched_objects.csv")
    ids = np.load(glq / "quasar_ids.npz", allow_pickle=False)
    quasars = table["COADD_OBJECT_ID"].astype(str).isin(ids[ids.files[0]].astype(str))
    table[quasars | (table.index % (len(table) // FEW) == 0)].to_csv(folder / "objects.csv", index=False)
    words = [f"table={folder / 'objects.csv'}", f"known={glq / 'all_hzqs.csv'}", "learn=1500", "most=4"]
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QSO_ATLAS_HOME", str(folder / "home"))  # what it trains is published
        assert run_recipe("lens-search", folder / "out", words, say=lines.append) == 0
        yield folder / "out", words, lines


def test_every_step_leaves_what_it_says(searched):
    folder, _, _ = searched
    store = open_store(folder / "search.store")
    assert store.n_rows == len(pd.read_parquet(folder / "selected.parquet")) > FEW
    assert store.image_store.n_rows == store.n_rows  # all of them were fetched from the service, and found by position or id
    known = pd.read_parquet(folder / "known.parquet")
    assert len(known) >= 7 and (known["separation"] < 1).all() and (known["chance"] < 0.01).all()
    assert (folder / "funnel.png").read_bytes()[:4] == b"\x89PNG"


def test_the_island_holds_most_of_the_known_quasars_and_few_others(searched):
    folder, _, _ = searched
    island, known = set((folder / "island.txt").read_text().split()), pd.read_parquet(folder / "known.parquet")
    names = {f"catalogue:selected:{name}" for name in known["COADD_OBJECT_ID"]}
    assert len(island & names) >= 0.8 * len(names)
    assert Selections.of(folder / "search.store").load("near-known").count == len(island)


def test_the_grades_are_the_rule_s_and_leave_as_sled_has_them(searched):
    folder, _, _ = searched
    labels = Labels.of(folder / "search.store")
    verdicts = list(labels.verdicts())
    assert {verdict.person for verdict in verdicts} == {"rule-of-bic"}
    assert {verdict.object_id for verdict in verdicts} >= set((folder / "island.txt").read_text().split())
    with open(folder / "grades.csv", newline="", encoding="utf-8") as file:
        scores = {row["name"]: row["score"] for row in csv.DictReader(file)}
    assert {verdict.object_id: {"B": "2", "C": "1", "X": "0"}[verdict.label] for verdict in verdicts} == scores
    assert sorted(labels.campaigns()) == ["lens-like", "near-known"]
    assert injected_images(folder / "search.store", "near-known").n_rows > 0
    assert "Candidates" in (folder / "candidates.html").read_text(encoding="utf-8")


def test_a_second_run_does_nothing_again(searched):
    folder, words, first = searched
    n = len(list(Labels.of(folder / "search.store").verdicts()))
    lines = []
    assert run_recipe("lens-search", folder, words, say=lines.append) == 0
    assert len(list(Labels.of(folder / "search.store").verdicts())) == n
    done = [line for line in lines if "is there already" in line]
    assert len(done) >= len([line for line in first if line.strip().startswith("done in")]) - 3
