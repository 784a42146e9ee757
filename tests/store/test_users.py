"""The users file: hashed, whole, for its owner's eyes; and what its command says."""

import io
import json
import os
import threading

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from qsocore.cli import main
from qsocore.store import users as module
from qsocore.store.users import Users, UsersError, checked_name, cookie_secret

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
WORD = "correct horse battery"


@pytest.fixture
def users(tmp_path):
    made = Users(tmp_path / "users.json", QUICK)
    made.add("ada", "owner", WORD)
    return made


def test_a_password_is_kept_as_an_argon2id_hash_that_fits_it_alone(users):
    text = users.path.read_text()
    assert "$argon2id$" in text and WORD not in text
    assert users.check("ada", WORD).role == "owner"
    assert users.check("ada", WORD + "!") is None and users.check("ada", "") is None and users.check("nobody", WORD) is None


def test_the_same_signs_from_another_keyboard_are_the_same_password(users):
    users.add("zoë", "grader", "pa\u0308sswo\u0308rter")  # letters and their dots apart, as some systems send them
    assert users.check("zoe\u0308", "pässwörter")


def test_one_who_has_no_password_cannot_log_in_here(users):
    users.add("far@example.org", "viewer")
    assert users.check("far@example.org", "") is None and users.check("far@example.org", WORD) is None


def test_an_unknown_name_costs_a_hash_too(users, monkeypatch):
    asked = []
    monkeypatch.setattr(PasswordHasher, "verify", lambda self, known, password: asked.append(known) or True)
    assert users.check("nobody", WORD) is None
    assert len(asked) == 1 and asked[0].startswith("$argon2id$")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_nobody_else_reads_the_file_at_any_moment(users):
    assert users.path.stat().st_mode & 0o777 == 0o600
    os.chmod(users.path, 0o644)
    with pytest.raises(UsersError, match="others can read.*chmod 600"):
        users.all()


def test_a_hash_of_other_parameters_is_made_anew_at_the_next_login_which_ends_no_other(users):
    before = users.get("ada")
    today = Users(users.path, PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert today.check("ada", "wrong wrong") is None and today.get("ada") == before
    assert today.check("ada", WORD)
    after = today.get("ada")
    assert "t=2" in after.hash and after.stamp == before.stamp and today.check("ada", WORD)


def test_a_new_password_has_a_new_stamp_and_a_new_role_has_not(users):
    before = users.get("ada")
    users.set_role("ada", "viewer")
    assert users.get("ada").stamp == before.stamp and users.get("ada").role == "viewer"
    users.set_password("ada", WORD)
    assert users.get("ada").stamp != before.stamp and users.get("ada").role == "viewer"


def test_a_file_that_changed_is_read_again(users):
    other = Users(users.path, QUICK)
    assert list(other.all()) == ["ada"]
    users.add("gus", "grader", WORD)
    assert list(other.all()) == ["ada", "gus"]
    users.remove("ada")
    assert other.get("ada") is None


def test_changes_made_at_once_are_all_kept(users):
    adding = [threading.Thread(target=Users(users.path, QUICK).add, args=(f"one{k}", "viewer")) for k in range(8)]
    for one in adding:
        one.start()
    for one in adding:
        one.join()
    assert len(users.all()) == 9


@pytest.mark.parametrize("name", ["", "=cmd", "-x", "a b", "a/b", "a\nb", "x" * 65, "a,b", "@x", "<i>"])
def test_a_name_that_would_do_harm_in_a_table_is_refused(users, name):
    with pytest.raises(UsersError, match="no name of a user"):
        users.add(name, "viewer")


@given(st.text(max_size=80))
def test_a_name_is_refused_or_stands_as_it_is(name):
    try:
        good = checked_name(name)
    except UsersError:
        return
    assert good == checked_name(good) and good[0] not in "=+-@" and not any(c.isspace() or c in ',;"/\\' for c in good)


def test_refusals_say_what_to_do(users, tmp_path):
    for what, do in (("there is a user ada already", lambda: users.add("Ada", "viewer")),
                     ("there is no user ade; did you mean ada", lambda: users.remove("ade")),
                     ("there is no role 'boss'; choose viewer", lambda: users.set_role("ada", "boss")),
                     ("8 to 1,024 signs", lambda: users.set_password("ada", "short")),
                     ("no such users file; make it: qso users add", Users(tmp_path / "none.json").all)):
        with pytest.raises(UsersError, match=what):
            do()


@pytest.mark.parametrize("text", ["", "[]", '{"users": {}}', '{"schema": 9, "users": {}}',
                                  '{"schema": 1, "users": {"a b": {}}}',
                                  '{"schema": 1, "users": {"ada": {"role": "boss", "hash": "", "stamp": ""}}}'])
def test_what_is_no_users_file_is_refused(tmp_path, text):
    path = tmp_path / "users.json"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(UsersError):
        Users(path).all()


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.delenv("QSO_ATLAS_COOKIE_SECRET", raising=False)
    first = cookie_secret(tmp_path / "users.json")
    assert len(first) >= 43 and cookie_secret(tmp_path / "users.json") == first
    assert (tmp_path / "users.json.secret").stat().st_mode & 0o777 == 0o600 or os.name != "posix"
    monkeypatch.setenv("QSO_ATLAS_COOKIE_SECRET", "short")
    with pytest.raises(UsersError, match="too short"):
        cookie_secret(tmp_path / "users.json")


def test_the_command_takes_the_password_from_its_input_and_never_from_its_words(tmp_path, monkeypatch, capsys):
    path = tmp_path / "users.json"
    monkeypatch.setattr(module, "PasswordHasher", lambda: QUICK)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{WORD}\n"))
    assert main(["users", "add", str(path), "ada", "--role", "owner", "--password-stdin"]) == 0
    assert main(["users", "add", str(path), "far@example.org", "--role", "viewer", "--no-password"]) == 0
    assert main(["users", "role", str(path), "far@example.org", "grader"]) == 0
    capsys.readouterr()
    assert main(["users", "list", str(path)]) == 0
    assert capsys.readouterr().out == "ada\towner\nfar@example.org\tgrader\tno password\n"
    assert Users(path).check("ada", WORD)
    assert main(["users", "remove", str(path), "ada"]) == 0
    assert list(json.loads(path.read_text())["users"]) == ["far@example.org"]


def test_a_password_on_the_terminal_is_asked_for_twice(tmp_path, monkeypatch, capsys):
    told = iter(["one password", "another password"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(told))
    assert main(["users", "add", str(tmp_path / "users.json"), "ada"]) == 1
    assert "the two passwords differ" in capsys.readouterr().err and not (tmp_path / "users.json").exists()
