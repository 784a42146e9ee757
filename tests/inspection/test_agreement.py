"""The report of a campaign: counts by hand, and graders whose truth is known."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from qsocore.inspection import UNDO, Campaign, Item, Verdict
from qsocore.inspection.agreement import Share, consensus, report

WORDS = ("X", "C", "B", "A")


def played(n_objects, n_injected, graders, n_repeats=0, seed=0):
    """A campaign graded to the end by graders, each a callable of (item, chance) to a label."""
    items = [Item(k, f"t:r:{k}") for k in range(n_objects)]
    items += [Item(len(items) + k, f"injected:c:{k}", "injected") for k in range(n_injected)]
    items += [Item(len(items) + k, f"t:r:{k}", "repeat", k) for k in range(n_repeats)]
    campaign, rng, said = Campaign("c", "lenses", tuple(items), enough=len(graders)), np.random.default_rng(seed), []
    for name, grade in graders.items():
        for item in items:
            said.append(Verdict(item.object_id, name, grade(item, rng), desk="lenses", campaign="c", item=item.number,
                                number=len(said) + 1))
    return campaign, said


def test_by_hand():
    table = {"ada": "AXBXA", "bob": "AXCXX", "cyd": "BXBXX"}  # three objects, an injected one, a repeat of the first
    items = (*(Item(k, f"t:r:{k}") for k in range(3)), Item(3, "injected:c:0", "injected"), Item(4, "t:r:0", "repeat", 0))
    campaign = Campaign("c", "lenses", items, enough=3)
    said = [Verdict(items[k].object_id, name, label, campaign="c", item=k, number=10 * i + k + 1)
            for i, (name, labels) in enumerate(table.items()) for k, label in enumerate(labels)]
    found = report(campaign, said)
    assert found.items == {"object": 3, "injected": 1, "repeat": 1} == found.graded
    assert found.retired == {"object": 3, "injected": 1} and found.why == {"3 grades": 4} and found.done
    assert (found.grades, found.disputed) == (15, 2)
    ada = found.graders[0]
    assert (ada.name, ada.n, ada.labels) == ("ada", 5, {"X": 2, "C": 0, "B": 1, "A": 2})
    expected = np.zeros((4, 4), int)
    for truth, label in [("B", "A"), ("X", "X"), ("C", "B"), ("X", "X")]:  # of two others the worse
        expected[WORDS.index(truth), WORDS.index(label)] += 1
    np.testing.assert_array_equal(ada.confusion, expected)
    assert ada.repeats == Share(1, 1) and found.graders[1].repeats == Share(0, 1)
    assert ada.injected.tolist() == [1, 0, 0, 0]
    assert [pair.n for pair in found.pairs] == [4, 4, 4]
    assert found.pairs[0].kappa == pytest.approx(7 / 11)  # 3 of 4 agree; by chance (1 x 1 + 2 x 2) / 16
    assert [(row.label, row.completeness, row.purity) for row in found.found] == [
        ("A", Share(0, 1), Share(0, 1)), ("B", Share(0, 1), Share(0, 2)), ("C", Share(0, 1), Share(0, 2))]
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["graders"][0]["repeats"]["part"] == 1


def test_completeness_and_purity_of_graders_who_are_known():
    """A grader finds an injected one with 0.8 and takes an object for a lens with 0.1: so they come out."""
    def grade(item, rng):
        return "A" if rng.random() < (0.8 if item.what == "injected" else 0.1) else "X"

    found = report(*played(900, 100, {"ada": grade}))
    row = found.graders[0].found[0]
    assert row == found.found[0] and row.completeness.whole == 100
    low, high = row.completeness.interval
    assert abs(row.completeness.value - 0.8) < 3 * (high - low) / 2
    assert row.purity.part == row.completeness.part and row.purity.value == pytest.approx(80 / 170, abs=0.08)
    assert found.graders[0].injected[-1] == row.completeness.part


def test_consistency_on_repeats_of_a_grader_who_is_known():
    def steady(item, rng):
        return "AB"[item.object_id.endswith("1")]

    def moody(item, rng):
        return "AX"[int(rng.integers(2))]

    found = report(*played(400, 0, {"moody": moody, "steady": steady}, n_repeats=400))
    by_name = {grader.name: grader for grader in found.graders}
    assert by_name["steady"].repeats == Share(400, 400)
    assert by_name["moody"].repeats.value == pytest.approx(0.5, abs=0.08)
    assert by_name["moody"].repeated.sum() == 400 and found.found == ()


def test_the_better_grader_has_the_better_kappa():
    def right(item, rng):
        return WORDS[int(item.object_id.rpartition(":")[2]) % 4]

    def rough(item, rng):
        return right(item, rng) if rng.random() < 0.6 else WORDS[int(rng.integers(4))]

    found = report(*played(400, 0, {"a": right, "b": right, "c": rough}))
    kappa = {grader.name: grader.weighted for grader in found.graders}
    assert kappa["a"] > kappa["c"] and {(pair.first, pair.second): pair.kappa for pair in found.pairs}["a", "b"] == 1
    assert found.graders[2].kappa == pytest.approx(0.6, abs=0.08)  # chance is what it is beyond
    assert 0 < found.alpha < 1 and 0 < found.fleiss < 1


def test_nothing_said_yet():
    campaign, _ = played(3, 1, {})
    found = report(campaign, [])
    assert (found.graded, found.retired, found.graders, found.pairs, found.grades) == ({}, {}, (), (), 0)
    assert math.isnan(found.fleiss) and not found.done and found.to_dict()["fleiss"] is None


def test_other_words_and_what_is_taken_back_do_not_count():
    campaign, said = played(2, 0, {"a": lambda item, rng: "A", "b": lambda item, rng: "A"})
    said += [replace(said[0], label="lovely", person="c", number=50), replace(said[0], label=UNDO, undoes=1, number=51)]
    found = report(campaign, said)
    assert [(grader.name, grader.n) for grader in found.graders] == [("a", 1), ("b", 2)] and found.grades == 3


@pytest.mark.parametrize(("labels", "median"), [("A", "A"), ("AX", "X"), ("AXB", "B"), ("AABX", "B"), ("", None), ("?", None)])
def test_the_consensus_is_the_median_and_rather_the_worse(labels, median):
    assert consensus(labels, WORDS) == median


def test_shares_show_their_counts_first():
    assert str(Share(3, 4)).startswith("3 of 4 (0.750, ") and str(Share(0, 0)) == "0 of 0"
    assert Share(0, 0).interval == (0, 1) and math.isnan(Share(0, 0).value)
