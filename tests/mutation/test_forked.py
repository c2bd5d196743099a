"""Checks in processes of their own."""

import os
import signal
import time

import pytest

from sim.mutation.forked import HANGS, forked


def test_words_come_back():
    assert forked(lambda: "seen\nhere", 60) == "seen\nhere"
    assert forked(lambda: "", 60) == ""


def test_many_words_are_cut():
    assert set(forked(lambda: "x" * 1_000_000, 60)) == {"x"}


def test_what_a_check_changes_is_changed_in_its_copy_alone():
    state = []
    assert forked(lambda: state.append(1) or str(state), 60) == "[1]"
    assert state == []


def test_an_exception_is_noticed():
    assert forked(lambda: {}["key"], 60) == "KeyError: 'key'"


def test_a_process_that_ends_by_itself_is_noticed():
    assert forked(lambda: os._exit(0), 60) == "the process has crashed"
    assert forked(lambda: os.kill(os.getpid(), signal.SIGKILL), 60) == "the process has crashed"


def forever():
    while True:
        pass


@pytest.mark.slow
def test_what_works_for_ever_is_ended():
    assert forked(forever, 0.5) == HANGS


def test_what_waits_for_ever_is_ended(monkeypatch):
    monkeypatch.setattr("sim.mutation.forked.WAITING", 1)
    begun = time.monotonic()
    assert forked(lambda: time.sleep(600) or "", 0.2) == HANGS
    assert time.monotonic() - begun < 300
