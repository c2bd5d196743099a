"""Tests as checks, in a process of their own that plays them on mutants."""

import pytest

from sim.errors import Unavailable
from sim.mutation import suite
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


def test_a_test_that_is_skipped_on_a_mutant_has_not_noticed_it(monkeypatch, suite_of):
    monkeypatch.setattr(kernel, "_files", lambda: ["include/linux/mm.py"])
    mutants = list_mutants(Draw(10_000, 1))
    mutant  = next(mutant for mutant in mutants if mutant.change == "PAGE_ALIGN returns at once")
    played  = suite_of(PLAYED, mutants)
    assert set(played.durations) == {SKIPS, LOOKS}
    assert played.play(mutant, [SKIPS], 60) == ""
    assert played.play(mutant, [SKIPS, LOOKS], 60).startswith(f"{LOOKS}: ")


def test_tests_that_cannot_be_collected_are_told_in_a_line(suite_of):
    with pytest.raises(Unavailable) as raised:
        suite_of("import nothing_that_there_is")
    assert str(raised.value) == (
        "the tests as checks: tests/test_played.py cannot be collected: "
        "E   ModuleNotFoundError: No module named 'nothing_that_there_is'")
