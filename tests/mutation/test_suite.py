"""Tests as checks, in a process of their own that plays them on mutants."""

import pytest

from sim.errors import Unavailable
from sim.mutation import suite
from sim.mutation.forked import HANGS
from sim.mutation.kernel import mutants as kernel
from sim.mutation.kernel.mutants import list_mutants
from sim.mutation.kernel.suite import KernelHooks
from sim.mutation.mutant import Draw
from sim.mutation.suite import Suite


PLAYED = '''
import pytest
from sw.include.linux.mm import PAGE_ALIGN

def test_that_skips():
    if PAGE_ALIGN(1) != 4096:
        pytest.skip("another kernel")

def test_that_looks():
    assert PAGE_ALIGN(1) == 4096

def test_that_fails():
    assert PAGE_ALIGN(1) == 0

def test_of_something_else():
    pass
'''

HANGS_ON_A_MUTANT = '''
from sw.include.linux.mm import PAGE_ALIGN

def test_that_ends():
    PAGE_ALIGN(1)

def test_that_does_not():
    while PAGE_ALIGN(1) is None:
        pass
'''

FAILS_IN_A_COPY = '''
import os
from sw.include.linux.mm import PAGE_ALIGN

FIRST = os.getpid()

def test_of_copies():
    assert PAGE_ALIGN(1) == 4096 and os.getpid() == FIRST
'''

SKIPS, LOOKS = (f"tests/test_played.py::test_that_{name}" for name in ("skips", "looks"))


@pytest.fixture
def suite_of(monkeypatch, tmp_path):
    """A suite of one file of tests, for mutants of the kernel."""
    made = []

    def suite_with(text, mutants=()):
        monkeypatch.setattr(suite, "__file__", str(tmp_path / "a/b/c.py"))
        (tmp_path / "tests").mkdir()
        (tmp_path / "tests/conftest.py").touch()
        (tmp_path / "tests/test_played.py").write_text(text)
        made.append(Suite(["tests"], KernelHooks, mutants))
        return made[-1]

    yield suite_with
    for each in made:
        each.close()


@pytest.mark.slow
def test_a_test_that_is_skipped_on_a_mutant_has_not_noticed_it(monkeypatch, suite_of):
    monkeypatch.setattr(kernel, "_files", lambda: ["include/linux/mm.py"])
    mutants = list_mutants(Draw(10_000, 1))
    mutant  = next(mutant for mutant in mutants if mutant.change == "PAGE_ALIGN returns at once")
    played  = suite_of(PLAYED, mutants)
    assert set(played.durations) == {SKIPS, LOOKS}
    assert played.play(mutant, [SKIPS], 60, 3) == ""
    assert played.play(mutant, [SKIPS, LOOKS], 60, 3).startswith(f"{LOOKS}: ")


def test_tests_that_cannot_be_collected_are_told_in_a_line(suite_of):
    with pytest.raises(Unavailable) as raised:
        suite_of("import nothing_that_there_is")
    assert str(raised.value) == (
        "the tests as checks: tests/test_played.py cannot be collected: "
        "E   ModuleNotFoundError: No module named 'nothing_that_there_is'")


@pytest.mark.slow
def test_a_test_that_goes_on_and_on_is_a_kill_within_its_own_bound(monkeypatch, suite_of):
    monkeypatch.setattr(kernel, "_files", lambda: ["include/linux/mm.py"])
    mutants = list_mutants(Draw(10_000, 1))
    mutant  = next(mutant for mutant in mutants if mutant.change == "PAGE_ALIGN returns at once")
    played  = suite_of(HANGS_ON_A_MUTANT, mutants)
    played.durations["tests/test_played.py::test_that_ends"] = 1000.0
    assert played.play(mutant, list(played.durations), 1, 3) == HANGS


def test_tests_that_fail_in_a_copy_of_the_process_kill_nothing(monkeypatch, suite_of):
    monkeypatch.setattr(kernel, "_files", lambda: ["include/linux/mm.py"])
    with pytest.raises(Unavailable, match="without a mutant, tests/test_played.py::test_of_copies"):
        suite_of(FAILS_IN_A_COPY, list_mutants(Draw(10_000, 1)))


@pytest.mark.slow
def test_no_test_at_all_notices_nothing(monkeypatch, suite_of):
    monkeypatch.setattr(kernel, "_files", lambda: ["include/linux/mm.py"])
    mutants = list_mutants(Draw(10_000, 1))
    assert suite_of(PLAYED, mutants).play(mutants[0], [], 1, 3) == ""
