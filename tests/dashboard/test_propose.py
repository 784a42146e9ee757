"""Who may not learn or make a campaign is told why; what may be pressed follows from verdicts and role."""

import pytest

from dashboard.views.propose import ProposePane
from qsocore.active.judged import Judged


@pytest.mark.parametrize(("role", "n", "learns", "said"), [
    ("owner", 5, True, "Nothing is learnt yet"), ("grader", 5, True, "Nothing is learnt yet"),
    ("viewer", 5, False, "role of a grader"), ("owner", 1, False, "It takes 3 positive")])
def test_buttons_follow_the_role_and_say_why(request, monkeypatch, role, n, learns, said):
    monkeypatch.setenv("QSO_ATLAS_PERSON", f"vera:{role}")
    session = request.getfixturevalue("session")
    pane = ProposePane(session)
    pane._judged = Judged({str(k): k < n for k in range(2 * n)}, ("ada",), 9, 0)
    pane._proposed, pane.name.value = ["test:one:00001"], "next"
    pane._say()
    assert pane.learn.disabled is not learns and said in pane.state.object
    assert pane.campaign.disabled is (role != "owner")
    assert ("made by an owner" in pane.after.object) is (role != "owner")
    assert pane.propose.disabled and all(button.disabled for button in pane.colours.values())
    assert f"<b>{n}</b> positive" in pane.said.object


@pytest.mark.parametrize(("role", "deed"), [("viewer", "learn"), ("viewer", "propose"), ("grader", "campaign")])
def test_the_server_refuses_whatever_the_browser_sends(request, monkeypatch, role, deed):
    monkeypatch.setenv("QSO_ATLAS_PERSON", f"vera:{role}")
    session, told = request.getfixturevalue("session"), []
    monkeypatch.setattr(session, "failed", told.append)
    pane = ProposePane(session)
    monkeypatch.setattr(pane._learning, "submit", lambda *_: pytest.fail("it was done"))
    button = getattr(pane, deed)
    button.param.update(disabled=False)
    button.clicks += 1
    assert [str(fault) for fault in told] and f"you are a {role} here" in str(told[0])
