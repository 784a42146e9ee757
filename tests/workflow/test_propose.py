"""Proposals: columns for every object with where they come from, better than chance, joined while a server runs."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dashboard.library import Library
from qsocore.cli import main
from qsocore.errors import ConfigError, StoreError
from qsocore.inspection import Verdict
from qsocore.store import open_store
from qsocore.store.labels import Labels
from qsocore.workflow.campaign import create
from qsocore.workflow.joined import Joined
from qsocore.workflow.propose import BY, learnt_of, propose
from qsocore.workflow.simulate_catalogue import RUN, simulate_catalogue


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """6,000 objects with latents, of which some are cataclysmic variables; ada grades 5 of them and 30 others."""
    store = simulate_catalogue(tmp_path_factory.mktemp("propose") / "s.store", 6000, seed=4, workers=1)
    ids, rare = store.column("object_id"), store.column("subclass") == "CV"
    rng = np.random.default_rng(0)
    chosen = [*rng.choice(np.flatnonzero(rare), 5, replace=False), *rng.choice(np.flatnonzero(~rare), 30, replace=False)]
    with Labels.of(store.path) as labels:
        labels.extend([Verdict(ids[row], "ada", "A" if rare[row] else "X", desk="spectra", token=f"t{row}") for row in chosen])
        labels.append(Verdict("injected:c:1", "ada", "A"))
    return store.path, ids, rare, [ids[row] for row in chosen]


@pytest.mark.parametrize("by", BY)
def test_what_is_proposed_is_new_and_better_than_chance(survey, by):
    path, ids, rare, known = survey
    made = propose(path, RUN, 40, by)
    assert len(set(made.ids)) == 40 and not set(made.ids) & set(known)
    found = rare[np.isin(ids, made.ids)].sum()
    assert by == "uncertainty" or found >= 4, f"{found} of {rare.sum()}"  # by chance 0.2
    learnt = made.learnt
    assert (learnt.positive, learnt.negative, learnt.unknown, learnt.people, learnt.until) == (5, 30, 1, ("ada",), 36)
    assert not learnt.calibrated and learnt.by == by
    run = open_store(path).run(RUN)
    assert learnt_of(run) == learnt
    source = Joined(open_store(path), run)
    rank, score = source.values("active_rank"), source.values("active_score")
    assert np.isnan(rank[np.isin(ids, known)]).all() and np.nanmax(rank) == len(ids) - len(known)
    first = np.flatnonzero(rank <= 40)
    assert list(ids[first[np.argsort(rank[first])]]) == made.ids
    assert ((score >= 0) & (score <= 1)).all()
    if by != "diversity":
        assert (np.diff(source.values(f"active_{by}")[np.argsort(rank)[: len(ids) - len(known)]]) <= 0).all()
    assert source.columns["active_score"].description.startswith("Probability, not calibrated")


def test_the_command_writes_ids_and_where_they_come_from(survey, tmp_path, capsys):
    path, *_ = survey
    out = tmp_path / "next.txt"
    assert main(["propose", str(path), "--run", RUN, "--n", "7", "--by", "diversity", "--out", str(out)]) == 0
    assert len(out.read_text().split()) == 7 and "5 positive and 30 negative" in capsys.readouterr().out
    about = json.loads((tmp_path / "next.txt.provenance.json").read_text())
    assert about["counted"] == ["A", "B"] and about["until"] == 36 and about["by"] == "diversity"


def test_too_few_are_refused_with_what_to_do(survey):
    path, *_ = survey
    with pytest.raises(ConfigError, match="0 objects are judged positive.*grade more"):
        propose(path, RUN, positive=["B"])
    with pytest.raises(ConfigError, match="0 objects are judged negative"):
        propose(path, RUN, negative=["C"])
    with pytest.raises(ConfigError, match="0 objects"):
        propose(path, RUN, campaign="other")
    with pytest.raises(ConfigError, match="proposed by"):
        propose(path, RUN, by="luck")
    with pytest.raises(StoreError, match="no run"):
        propose(path, "else")


def test_a_queue_in_the_order_of_the_score(survey):
    path, *_ = survey
    made = propose(path, RUN, 20, "score")
    queue = create(path, "next", desk="spectra", rule=made.ids, order="score:active_score", run=RUN, repeats=0)
    assert [item.object_id for item in queue.items] == made.ids


def test_a_running_table_takes_the_new_columns(survey):
    path, *_ = survey
    open_store(path).run(RUN).column_file("active").unlink(missing_ok=True)
    library = Library.open(path)
    before = library.table(RUN)
    plane = before.plane("pca_x", "pca_y")
    assert "active_score" not in before.columns and library.renew(RUN) is before
    propose(path, RUN, 5, "score")
    table = library.renew(RUN)
    assert table is library.table(RUN) and table.version != before.version and library.renew(RUN) is table
    assert table.plane("pca_x", "pca_y") is plane  # what has not changed is kept
    first = table.numbers("active_score")
    with Labels.of(path) as labels:
        number = labels.append(Verdict(table.ids[3].as_py(), "bob", "X"))
        propose(path, RUN, 5, "score")
        labels.undo("bob", number)
    again = library.renew(RUN).numbers("active_score")
    assert not np.array_equal(first, again) and np.isfinite(again).all()


def test_two_who_learn_at_once_leave_a_whole_file(survey):
    path, ids, *_ = survey
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda by: propose(path, RUN, 10, by), ["score", "improvement"]))
    run = open_store(path).run(RUN)
    assert learnt_of(run).by in ("score", "improvement") and all(len(one.ids) == 10 for one in made)
    assert len(Joined(open_store(path), run).values("active_score")) == len(ids)
