"""What holds, what is shown next, what retires, what is disputed."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.inspection import UNDO, Campaign, Item, Verdict
from qsocore.inspection.queue import APART, disagreement, next_items, retired
from qsocore.inspection.standing import standing
from qsocore.inspection.vocabulary import CONTAMINANTS, ISSUES, LENS_GRADES, QUALITIES, SCALES, SLED, SLED_CONTAMINANT, by_key


def queue(n, repeats=(), **options):
    """A campaign of n objects; `repeats` are (after how many objects, of which)."""
    items, after = [], sorted(repeats)
    for k in range(n + 1):
        items += [(f"t:r:{of}", "repeat", of) for at, of in after if at == k]
        items += [(f"t:r:{k}", "object", k)] if k < n else []
    place = {of: number for number, (_, what, of) in enumerate(items) if what == "object"}
    made = [Item(number, name, what, place[of] if what == "repeat" else None) for number, (name, what, of) in enumerate(items)]
    return Campaign("c", "lenses", tuple(made), **options)


def say(campaign, said, person, number, label="A"):
    """One more verdict on an item."""
    item = campaign.items[number]
    said.append(Verdict(item.object_id, person, label, desk="lenses", campaign="c", item=number, number=len(said) + 1))


def walk(campaign, said, person, label="A"):
    """All that a person is shown when they grade to the end."""
    seen = []
    while items := next_items(campaign, said, person):
        seen.append(items[0].number)
        say(campaign, said, person, items[0].number, label)
    return seen


# ---- what holds

def test_an_undo_takes_back_and_can_be_taken_back():
    said = [Verdict("t:r:1", "ada", "A", number=1), Verdict("t:r:1", "ada", "B", number=2),
            Verdict("t:r:1", "ada", UNDO, undoes=2, number=3), Verdict("t:r:1", "ada", UNDO, undoes=3, number=4)]
    assert [verdict.number for verdict in standing(said[:2])] == [2]
    assert [verdict.number for verdict in standing(said[:3])] == [1]
    assert [verdict.number for verdict in standing(reversed(said))] == [2]


def test_others_desks_campaigns_and_items_stand_beside_each_other():
    in_c = {"desk": "lenses", "campaign": "c"}
    kinds = [{}, {"desk": "lenses"}, in_c | {"item": 1}, in_c | {"item": 2}]
    said = [Verdict("t:r:1", "ada", "A", number=k, **kind) for k, kind in enumerate(kinds)]
    said += [replace(said[0], person="bob", number=9), replace(said[0], object_id="t:r:2", number=8)]
    assert [verdict.number for verdict in standing(said)] == [0, 1, 2, 3, 8, 9]


DEEDS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.booleans(), st.integers(0, 30)), max_size=30)


@given(DEEDS)
def test_what_holds_follows_a_history_played_by_hand(deeds):
    said = []
    for person, thing, undo, which in deeds:
        mine = [verdict for verdict in said if verdict.person == person]
        if undo and mine:
            of = mine[which % len(mine)]
            said.append(Verdict(of.object_id, person, UNDO, undoes=of.number, number=len(said) + 1))
        else:
            said.append(Verdict(f"t:r:{thing}", person, "A", number=len(said) + 1))
    off = {verdict.number: False for verdict in said}
    for verdict in reversed(said):  # whatever is undone by what itself stands
        if verdict.label == UNDO and not off[verdict.number]:
            off[verdict.undoes] = True
    last = {}
    for verdict in said:
        if verdict.label != UNDO and not off[verdict.number]:
            last[verdict.person, verdict.object_id] = verdict
    assert standing(said) == sorted(last.values(), key=lambda verdict: verdict.number)


# ---- the queue

@settings(deadline=None)
@given(n=st.integers(0, 45), data=st.data())
def test_nobody_is_shown_an_item_twice_or_never(n, data):
    apart = max(min(APART, n // 2), 1)
    firsts = data.draw(st.lists(st.integers(0, max(n - apart - 1, 0)), unique=True, max_size=min(5, n)))
    campaign = queue(n, [(data.draw(st.integers(of + apart + 1, n)), of) for of in firsts if of + apart + 1 <= n], enough=99)
    seen = walk(campaign, [], "ada")
    repeats = {item.number: item.of for item in campaign.items if item.what == "repeat"}
    assert len(seen) == len(set(seen))
    assert {item.number for item in campaign.items} - set(seen) == set()
    for number, of in repeats.items():
        assert seen.index(number) - seen.index(of) > apart


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans()), max_size=60), st.integers(0, 3))
def test_graders_in_any_order_see_what_is_open_and_retirement_stays(turns, agreed):
    campaign = queue(6, [(3, 0), (6, 2)], enough=3, agreed=agreed)
    said, done = [], {}
    for person, yes in turns:
        items = next_items(campaign, said, person, 4)
        assert items[:1] == next_items(campaign, said, person)
        mine = {verdict.item for verdict in said if verdict.person == person}
        assert not {item.number for item in items} & (mine | done.keys()) and len(set(items)) == len(items)
        if items:
            say(campaign, said, person, items[0].number, "A" if yes else "X")
        now = retired(campaign, said)
        assert done.items() <= now.items()
        done = now
    for number, why in done.items():
        labels = [verdict.label for verdict in said if verdict.item == number]
        assert len(labels) == 3 if why == "3 grades" else len(set(labels[:agreed])) == 1


def test_what_is_shown_ahead_is_what_comes():
    campaign = queue(50, [(22, 0), (23, 1), (24, 2)], enough=9)
    ahead = [item.number for item in next_items(campaign, [], "ada", 99)]
    assert ahead == walk(campaign, [], "ada") and len(ahead) == 53


def test_a_repeat_waits_when_what_lies_between_is_retired():
    campaign = queue(60, [(25, 0)], enough=1)
    said = []
    for number in range(1, 25):
        say(campaign, said, "bob", number)
    seen = walk(campaign, said, "ada")
    assert seen.index(25) - seen.index(0) == APART + 1 and seen[:2] == [0, 26]


def test_a_repeat_never_comes_straight_after():
    campaign = queue(2, [(2, 0)], enough=9)
    assert walk(campaign, [], "ada") == [0, 1, 2]
    said = []
    say(campaign, said, "ada", 1)
    say(campaign, said, "ada", 0)
    assert next_items(campaign, said, "ada") == []  # rather no repeat than one that is recognised


def test_a_repeat_is_for_those_who_saw_the_first_though_that_is_retired():
    campaign = queue(30, [(25, 0)], enough=1)
    said = []
    say(campaign, said, "ada", 0)
    assert 0 in retired(campaign, said)
    assert 25 in walk(campaign, list(said), "ada") and 25 not in walk(campaign, list(said), "bob")


def test_an_undone_item_is_open_again():
    campaign, said = queue(3, enough=1), []
    say(campaign, said, "ada", 0)
    assert retired(campaign, said) == {0: "1 grade"}
    said.append(Verdict("t:r:0", "ada", UNDO, desk="lenses", campaign="c", item=0, undoes=1, number=2))
    assert retired(campaign, said) == {} and next_items(campaign, said, "ada")[0].number == 0


def test_only_graders_of_the_campaign():
    campaign, said = queue(2, graders=("ada",), enough=1), []
    assert next_items(campaign, [], "ada") and next_items(campaign, [], "eve") == []
    say(campaign, said, "eve", 0)
    assert retired(campaign, said) == {}


def test_verdicts_of_other_campaigns_and_of_other_objects_do_not_count():
    campaign, said = queue(2, enough=1), []
    say(campaign, said, "ada", 0)
    assert retired(campaign, [replace(said[0], campaign="d")]) == retired(campaign, [replace(said[0], object_id="t:r:1")]) == {}
    assert retired(campaign, [replace(said[0], item=7)]) == retired(campaign, [replace(said[0], item=None)]) == {}


def test_agreement_counts_from_the_first():
    campaign, said = queue(1, agreed=2), []
    for person, label in zip("abc", "ABB", strict=True):
        say(campaign, said, person, 0, label)
    assert retired(campaign, said) == {}  # the first two were different
    assert retired(campaign, said[1:]) == {0: "agreement"}


def test_the_most_disputed_come_first():
    campaign, said = queue(4, [(3, 0)]), []
    for number, labels in {0: "AB", 1: "AX", 2: "CC", 4: "AXA"}.items():
        for person, label in zip("abc", labels, strict=False):
            say(campaign, said, person, number, label)
    say(campaign, said, "a", 3, "X")  # a repeat is no opinion
    assert [item.number for item in disagreement(campaign, said)] == [1, 4, 0]  # by 3, 2 and 1 grades


# ---- words

def test_words_and_keys():
    assert {key: word.word for key, word in by_key((*LENS_GRADES, *CONTAMINANTS)).items()} == {
        "q": "A", "w": "B", "e": "C", "r": "X", "a": "merger", "s": "spiral", "d": "ring", "f": "elliptical", "g": "disc",
        "h": "edge-on"}
    assert SCALES["lenses"] == ("X", "C", "B", "A") and SCALES["spectra"] == ("0", "1", "2", "3", "4")
    assert [issue.word for issue in ISSUES] == ["R", "C", "S"] and all(by_key(QUALITIES)[key].word == key for key in "01234")
    assert set(SLED_CONTAMINANT) == {word.word for word in CONTAMINANTS}
    assert set(SLED_CONTAMINANT.values()) <= set(SLED["contaminant_type"])


@pytest.mark.parametrize("words", [LENS_GRADES + CONTAMINANTS, QUALITIES])
def test_no_key_says_two_things(words):
    assert len(by_key(words)) == len(words)
