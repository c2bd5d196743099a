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
from sw.arch.x86.include.asm.pgtable_types import PAGING_64
from sw.arch.x86.include.asm.tlbflush import pte_needs_flush
from sw.include.linux.mm import PAGE_ALIGN


pytestmark = pytest.mark.slow


@pytest.fixture
def mutants_of(monkeypatch):
    """All mutants of one file of the kernel."""
    def listed(file):
        monkeypatch.setattr(kernel, "_files", lambda: [file])
        return list_mutants(Draw(10_000, 1))

    return listed


@pytest.fixture
def few_files(monkeypatch):
    """Mutants of few files."""
    files = ["fs/file.py", "mm/mlock.py", "mm/mmap/brk.py", "mm/mseal.py"]
    monkeypatch.setattr(kernel, "_files", lambda: files)
    return files


def the_one(mutants, *, function, change):
    """The only mutant of a function with this change."""
    [found] = [mutant for mutant in mutants
               if mutant.function == function and mutant.change == change]
    return found


def test_a_draw_brings_the_same_mutants_again(few_files):
    first, again = list_mutants(Draw(20, 7)), list_mutants(Draw(20, 7))
    assert first == again
    assert [mutant.number for mutant in first] == list(range(1, 21))
    assert len({(mutant.file, mutant.site) for mutant in first}) == 20
    assert list_mutants(Draw(20, 8)) != first


def test_a_larger_draw_begins_with_the_smaller_one(few_files):
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


def test_mutants_of_lines_that_are_executed_are_noted(mutants_of):
    mutants = mutants_of("include/linux/mm.py")
    there   = {mutant.number for mutant in mutants if mutant.function == "PAGE_ALIGN"}
    with Touched(mutants) as touched:
        PAGE_ALIGN(1)
    assert there and touched.numbers == there


def test_a_mutant_of_a_line_that_is_not_executed_is_not_noted(mutants_of):
    mutants = [mutant for mutant in mutants_of("arch/x86/include/asm/tlbflush.py")
               if mutant.function == "pte_needs_flush"]
    with Touched(mutants) as touched:
        assert not pte_needs_flush(PAGING_64, 0, 0)
    changes = {mutant.change for mutant in mutants if mutant.number in touched.numbers}
    assert changes == {"pte_needs_flush returns at once", "without not: not oldpte & _PAGE_PRESENT",
                       "without the mask of: oldpte & _PAGE_PRESENT",
                       "False becomes True in: return False"}


@pytest.fixture
def scripts_for(monkeypatch):
    """Scripts of one folder, for some mutants."""
    monkeypatch.setattr(scripts, "SCRIPTS", SCRIPTS / "brk")
    return Scripts


def test_scripts_notice_a_mutant_of_what_they_execute(scripts_for, mutants_of):
    mutants = mutants_of("mm/mmap/brk.py")
    mutant  = the_one(mutants, function="sys_brk", change="sys_brk returns at once")
    playing = scripts_for(mutants).of(mutant)
    assert playing
    limits  = [100.0] * len(playing)
    other   = replace(mutant, file="fs/pipe.py", site=0)
    assert forked(lambda: noticed(mutant, playing, limits), 300)
    assert forked(lambda: noticed(other, playing, limits), 300) == ""


def test_scripts_that_execute_no_line_of_a_mutant_are_not_played(scripts_for, mutants_of):
    mutants = mutants_of("mm/mseal.py")
    mseal   = the_one(mutants, function="sys_mseal", change="sys_mseal returns at once")
    assert scripts_for(mutants).of(mseal) == []


def test_a_draw_stays_what_it_was_when_other_changes_go(few_files):
    first = list_mutants(Draw(20, 7))
    left  = first[0].file
    few_files.remove(left)
    again = [(mutant.file, mutant.site) for mutant in list_mutants(Draw(20, 7))]
    stays = [(mutant.file, mutant.site) for mutant in first if mutant.file != left]
    assert again[:len(stays)] == stays


def test_changes_of_a_function_have_words_of_their_own(mutants_of):
    mutants = mutants_of("mm/memory/fault.py")
    told    = [(mutant.function, mutant.change) for mutant in mutants]
    assert len(set(told)) == len(told)
    assert ("handle_pte_fault", "0 becomes 1 in: return 0 [2]") in told
