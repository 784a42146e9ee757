"""Who may not learn or make a campaign is told why; what may be pressed follows from verdicts and role."""

import pytest

from dashboard.views.propose import ProposePane
from dashboard.who import Person
from qsocore.active.judged import Judged


@pytest.mark.parametrize(("role", "n", "learns", "said"), [
    ("owner", 5, True, "Nothing is learnt yet"), ("grader", 5, True, "Nothing is learnt yet"),
    ("viewer", 5, False, "role of a grader"), ("owner", 1, False, "It takes 3 positive")])
def test_buttons_follow_the_role_and_say_why(session, role, n, learns, said):
    session.person = Person("vera", role)
    pane = ProposePane(session)
    pane._judged = Judged({str(k): k < n for k in range(2 * n)}, ("ada",), 9, 0)
    pane._proposed, pane.name.value = ["test:one:00001"], "next"
    pane._say()
    assert pane.learn.disabled is not learns and said in pane.state.object
    assert pane.campaign.disabled is (role != "owner")
    assert ("made by an owner" in pane.after.object) is (role != "owner")
    assert pane.propose.disabled and all(button.disabled for button in pane.colours.values())
    assert f"<b>{n}</b> positive" in pane.said.object
