"""A walk as text and as JSON, of a page that is written, protected, and refused."""

import json
from dataclasses import replace

import pytest

from sim.paging.json import as_json
from sim.paging.text import as_text
from sim.scenario import PAGE_SIZE, PROT_READ, Signal, Verdict
from sim.scenario.mistakes import Misuse
from sim.scenarios import SCENARIOS


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def walks():
    """Walks for a page of a process: before it is touched, written, read-only; and others."""
    found = {}

    async def play(stage):
        user = await stage.user("walker")
        await user.handle()
        page = await user.mmap(2 * PAGE_SIZE)
        found["untouched"] = stage.walk(page)
        await user.store(page, 0x1234, 4)
        written = stage.cycle
        await user.mprotect(page, PAGE_SIZE, PROT_READ)
        async with stage.act("One act"):
            with pytest.raises(Signal):
                await user.store(page, 1, 4)
            stage.claim("a claim", Verdict(True, stage.cycle, ""))
        found["read-only"] = stage.walk(page)
        found["written"]   = stage.walk(page, cycle=written)
        found["kernel"]    = stage.walk(stage.kernel.paging.PAGE_OFFSET)
        entry = found["read-only"].steps[-1].address
        found["piece"]     = stage.walk(
            stage.kernel.paging.PAGE_OFFSET + entry, cycle=written)
        found["off"]       = stage.walk(0x1000, cycle=5)
        found["#GP"]       = stage.walk(1 << 63)
        for mistaken in ({"linear": -1}, {"linear": "x"}, {"linear": 1 << 64},
                         {"linear": page, "cpu": 1}, {"linear": page, "cycle": 10**9},
                         {"linear": page, "cr3": -1}, {"linear": page, "cr3": "0x6000"}):
            with pytest.raises(Misuse):
                stage.walk(**mistaken)

    run = replace(SCENARIOS["article"], play=play).perform(engine="cxxrtl", era="5.x",
                                                           mode="4level")
    assert run.holds, run.failure or run.mistake
    return found


def test_a_page_that_is_not_there_names_the_entry_and_who_cleared_it(walks):
    text = as_text(walks["untouched"])
    [entry] = [line for line in text.splitlines() if " not present " in line and "any" not in line]
    assert entry.split() == ["PML4E", "0x57f8", "0x0", "-", "not", "present", "-"]
    assert "  page      none\n  TLB       no translation of it\n" in text
    assert "in clear_highpage" in text
    assert "  any access: an entry is not present: P = 0 (rule 2; SDM Vol. 3A, 4.7)\n" in text


def test_rights_are_those_of_all_levels_so_far(walks):
    text = as_text(walks["read-only"])
    assert "P R/W U/S A   rwx user\n" in text and "P U/S A D XD  r-- user\n" in text
    assert "  user      done     #PF 0x7  #PF 0x15\n" in text
    assert "in change_pte_range" in text
    assert "user write: a user write to a read-only page" in text


def test_a_walk_of_an_earlier_cycle_is_what_it_was(walks):
    text = as_text(walks["written"])
    assert "  user      done     done     #PF 0x15\n" in text
    assert "  TLB       the same: 0x9000, 4 KiB, rw- user, dirty, filled in cycle " in text
    assert "by processor 0, in do_anonymous_page" in text


def test_the_kernels_pages_are_large_and_global(walks):
    text = as_text(walks["kernel"])
    assert "  page      0x0, 2 MiB, rw- kernel; physical 0x0\n" in text
    assert "  P R/W A D G PS XD  rw- kernel\n" in text
    assert "  kernel    done     done     #PF 0x11\n" in text


def test_the_tlb_has_a_piece_of_them_that_is_used(walks):
    text = as_text(walks["piece"])
    assert "  page      0x0, 2 MiB, rw- kernel; physical 0x" in text
    assert "4 KiB, rw- kernel, dirty, global" in text


def test_without_paging_and_for_no_address_there_is_nothing_to_walk(walks):
    assert "no paging\n" in as_text(walks["off"])
    assert "any access ends in #GP" in as_text(walks["#GP"])


@pytest.mark.parametrize("name", ["untouched", "read-only", "written", "kernel", "piece",
                                  "off", "#GP"])
def test_text_has_80_columns_and_json_says_the_same(walks, name):
    found = walks[name]
    assert all(len(line) <= 80 for line in as_text(found).splitlines())
    document = json.loads(json.dumps(as_json(found)))
    assert document["linear"] in as_text(found)
    for step in document["entries"]:
        assert f"{step['address']}" in as_text(found)
    for name_of_access, verdict in document["verdicts"].items():
        assert verdict["done"] == (found.verdicts[name_of_access].refusal is None)
