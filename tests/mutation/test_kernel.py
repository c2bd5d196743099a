"""Mutants of the kernel, and scripts that notice them."""

from dataclasses import replace

import pytest

from sim.mutation.forked import forked
from sim.mutation.kernel import mutants as kernel
from sim.mutation.kernel import scripts
from sim.mutation.kernel.mutants import activate, list_mutants
from sim.mutation.kernel.scripts import Scripts, noticed
from sim.mutation.kernel.touched import Touched
from sim.mutation.mutant import Draw
from sim.script import SCRIPTS
from sw.include.linux.mm import PAGE_ALIGN


@pytest.fixture
def mutants_of(monkeypatch):
    """All mutants of one file of the kernel."""
    def listed(file):
        monkeypatch.setattr(kernel, "_files", lambda: [file])
        return list_mutants(Draw(10_000, 1))

    return listed


def the_one(mutants, *, function, change):
    """The only mutant of a function with this change."""
    [found] = [mutant for mutant in mutants
               if mutant.function.split(":")[1] == function and mutant.change == change]
    return found


def test_a_draw_brings_the_same_mutants_again():
    first, again = list_mutants(Draw(20, 7)), list_mutants(Draw(20, 7))
    assert first == again
    assert [mutant.number for mutant in first] == list(range(1, 21))
    assert len({(mutant.file, mutant.site) for mutant in first}) == 20
    assert list_mutants(Draw(20, 8)) != first


def test_a_larger_draw_begins_with_the_smaller_one():
    assert list_mutants(Draw(20, 7))[:10] == list_mutants(Draw(10, 7))


def test_a_mutant_is_active_in_its_copy_of_the_process_alone(mutants_of):
    mutant = the_one(mutants_of("include/linux/mm.py"), function="PAGE_ALIGN",
                     change="PAGE_ALIGN returns at once")

    def changed():
        activate(mutant)
        return repr(PAGE_ALIGN(1))

    assert forked(changed, 60) == "None"
    assert PAGE_ALIGN(1) == 4096


def test_the_place_of_a_mutant_names_its_line(mutants_of):
    mutant = the_one(mutants_of("include/linux/mm.py"), function="PAGE_ALIGN",
                     change="PAGE_ALIGN returns at once")
    assert mutant.place == f"sw/include/linux/mm.py:{mutant.line} (PAGE_ALIGN)"


def test_functions_that_are_called_are_noted():
    with Touched() as touched:
        PAGE_ALIGN(1)
    assert [name.split(":")[:2] for name in touched.names] == [
        ["include/linux/mm.py", "PAGE_ALIGN"]]


@pytest.fixture
def few_scripts(monkeypatch):
    """Scripts of one folder."""
    monkeypatch.setattr(scripts, "SCRIPTS", SCRIPTS / "brk")
    return Scripts()


def test_scripts_notice_a_mutant_of_what_they_call(few_scripts, mutants_of):
    mutants = mutants_of("mm/mmap/brk.py")
    mutant  = the_one(mutants, function="sys_brk", change="sys_brk returns at once")
    playing = few_scripts.of(mutant.function)
    assert playing
    assert forked(lambda: noticed(mutant, playing), 300)
    assert forked(lambda: noticed(replace(mutant, file="fs/pipe.py", site=0), playing), 300) == ""


def test_scripts_that_do_not_call_a_function_are_not_played(few_scripts, mutants_of):
    pipe = the_one(mutants_of("fs/pipe.py"), function="sys_pipe2",
                   change="sys_pipe2 returns at once")
    assert few_scripts.of(pipe.function) == []
