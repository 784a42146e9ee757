"""Doubled texts are found, and only they, however the column is cut in pieces."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from qsocore.store import doubles
from qsocore.store.doubles import came_before, hash_text, same_texts

TEXTS = st.lists(st.text(alphabet="ab:é0", max_size=4), max_size=40)


def truth(texts):
    seen = set()
    return [text in seen or bool(seen.add(text)) for text in texts]


@settings(deadline=None)
@given(texts=TEXTS, cut=st.integers(0, 40))
def test_rows_that_came_before(texts, cut):
    pieces = [pa.array(part, pa.string()) for part in (texts[:cut], texts[cut:])]
    assert came_before(lambda: pieces).tolist() == truth(texts)


@settings(deadline=None)
@given(texts=TEXTS, start=st.integers(0, 10))
def test_a_slice_has_the_hashes_of_its_texts(texts, start):
    whole = pa.array(texts, pa.string())
    alone = [hash_text(pa.array([text]))[0] for text in texts]
    assert hash_text(whole.slice(start)).tolist() == alone[start:]


def test_texts_that_share_a_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr(doubles, "hash_text", lambda piece: np.zeros(len(piece), np.uint64))
    texts = ["a", "b", "a", "c", "b"]
    assert came_before(lambda: [pa.array(texts)]).tolist() == [False, False, True, False, True]


def test_no_two_of_many_numbered_objects_share_a_hash():
    hashes = hash_text(pa.array([f"sim-boss:1-1065753c:{number}" for number in range(200_000)]))
    assert np.unique(hashes).size == hashes.size


@settings(deadline=None)
@given(texts=TEXTS, one=st.integers(0, 40), other=st.integers(0, 40), change=st.integers(0, 39))
def test_columns_are_the_same_however_they_are_cut(texts, one, other, change):
    def cut(values, place):
        return [pa.array(part, pa.string()) for part in (values[:place], [], values[place:])]

    assert same_texts(cut(texts, one), cut(texts, other))
    assert not same_texts(cut(texts, one), cut([*texts, "a"], other))
    assert not same_texts(cut([*texts, "a"], one), cut(texts, other))
    if change < len(texts):
        assert not same_texts(cut(texts, one), cut([*texts[:change], texts[change] + "x", *texts[change + 1:]], other))
