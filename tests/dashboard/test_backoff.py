"""Waiting after wrong tries, on a clock of our own."""

import pytest

from dashboard import backoff
from dashboard.backoff import Backoff


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_some_tries_are_free_and_then_each_doubles_the_wait_up_to_the_longest(clock):
    guard, waits = Backoff(3, first=1, most=10, clock=clock), []
    for _ in range(8):
        guard.begin("ada")
        waits.append(guard.wait("ada"))
        clock.now += waits[-1]
    assert waits == [0, 0, 1, 2, 4, 8, 10, 10]
    assert guard.wait("gus") == 0


def test_tries_at_once_all_count_before_any_is_answered(clock):
    guard = Backoff(3, clock=clock)
    for _ in range(3):
        guard.begin("ada")
    assert guard.wait("ada") > 0


def test_a_right_password_clears_a_name_but_only_its_own_try_of_an_address(clock):
    guard = Backoff(3, first=4, clock=clock)
    for _ in range(3):
        guard.begin("here")
    guard.take_back("here")
    assert guard.wait("here") == 0
    guard.begin("here")
    assert guard.wait("here") == 4, "the two wrong ones are not forgotten"
    guard.forgive("here")
    guard.begin("here")
    assert guard.wait("here") == 0


def test_quiet_is_rewarded(clock):
    guard = Backoff(1, first=1, forgotten=60, clock=clock)
    for _ in range(4):
        guard.begin("ada")
    clock.now += 61
    guard.begin("ada")
    assert guard.wait("ada") == 1


def test_memory_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(backoff, "_KEYS", 5)
    guard = Backoff(1, clock=clock)
    for k in range(9):
        guard.begin(str(k))
    assert guard.wait("0") == 0 and guard.wait("8") > 0 and len(guard._tries) == 5
