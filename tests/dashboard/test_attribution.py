"""What can be asked of the models at hand, and answers that are worked out once."""

import numpy as np
import pytest

from dashboard.attribution import Question, first
from dashboard.library import Library
from dashboard.spectrum import predicted
from dashboard.state import State
from qsocore.errors import AtlasError
from tests.dashboard.survey import make_run, make_store


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("asked") / "small.store"
    make_store(path, 80)
    make_run(path)
    return Library.open(path)


def test_a_question_is_written_and_read():
    question = Question("my.run-1", "latent 3", "occlusion")
    assert Question.read(str(question)) == question and str(question) == "my.run-1/latent 3/occlusion"
    for text in ("", "a/b", "a/b/c", "a//gradients", "a/b/gradients/d"):
        assert Question.read(text) is None
    state = State(why=str(question))
    assert State().apply_query(state.to_query()) == [] and state.to_query()["why"] == str(question)


def test_what_is_asked_first():
    assert first([("vae", ["latent 0"]), ("net", ["class QSO", "redshift"])]) == Question("net", "redshift")
    assert first([("vae", ["latent 0"]), ("net", ["class QSO"])]) == Question("net", "class QSO")
    assert first([]) is None


def test_the_menu_holds_the_runs_that_can_explain(library):
    menu = dict(library.explanations.menu("small"))
    assert menu["small"] == [f"latent {k}" for k in range(6)]
    assert "small" not in dict(library.explanations.menu(""))


def test_an_answer_is_worked_out_once_and_says_of_whom_and_what(library):
    explanations, question = library.explanations, Question("small", "latent 2")
    one = explanations.answer(question, "small", 10)
    assert one is explanations.answer(question, "small", 10)
    assert one["id"] == library.table("small").ids_of([10])[0] and one["why"] == str(question)
    assert one["wave"].shape == one["pixels"].shape == (512,) and (one["pixels"][200:215] == 0).all()
    assert one["said"].startswith("latent 2 ") and "; continuum " in one["said"]
    other = explanations.answer(Question("small", "latent 2", "occlusion"), "small", 10)
    assert other is not one and np.abs(other["pixels"]).max() > 0
    with pytest.raises(AtlasError, match="no run 'gone'"):
        explanations.answer(Question("gone", "latent 2"), "small", 10)


def test_the_badges_say_what_is_predicted_and_whether_the_catalogue_agrees():
    assert predicted({"class": "QSO", "z": 2.0}) == {}
    row = {"class": "QSO", "class_pred": "BAL", "class_conf": 0.9, "z_pred": 2.01, "z_conf": None, "dv": 999.3,
           "unlike": float("nan")}
    said = predicted(row)
    assert said == {"kind": "BAL", "kind_conf": 0.9, "agrees": True, "z": 2.01, "z_conf": None, "dv": 999.3, "unlike": None}
    assert predicted(row | {"class": "STAR"})["agrees"] is False and predicted(row | {"class_pred": "F"})["agrees"] is False
    assert predicted(row | {"class": "GALAXY", "class_pred": "GAL"})["agrees"] is True
    assert predicted(row | {"class": None})["agrees"] is None and predicted(row | {"class": "SKY"})["agrees"] is None
