"""Rules 15 to 18 on the gateware: accessed and dirty flags. docs/paging-rules.md explains them."""

from dataclasses import replace

import pytest
from paging_support import TWO_LEVELS

from sw.bus import Access

from .memory_support import RecordingMemory
from .mmu_support import four_levels, two_levels
from .rules_support import (
    A, D, EXCHANGE, FETCH, FRAME, LINEAR, P, PAGE, PRESENT, PS, READ, RW, US, USER_CMPXCHG, WP,
    WRITE, WRITTEN, change, error, every_level, map_page, reach,
)


# Rule 15: accessed and dirty on success.

@pytest.mark.parametrize("depth, leaf", [(4, PAGE), (3, PAGE & ~FRAME | PS), (2, P | RW | PS)])
@pytest.mark.parametrize("access, dirty", [(READ, 0), (FETCH, 0), (WRITE, D), (EXCHANGE, D)])
@four_levels()
async def test_rule_15_accessed_everywhere_and_dirty_in_the_leaf_of_a_write(
    cpu, depth, leaf, access, dirty,
):
    entries = map_page(cpu, leaf, depth=depth)
    before  = [cpu.memory.read(entry, 8) for entry in entries]
    await reach(cpu, access)
    after = [cpu.memory.read(entry, 8) for entry in entries]
    assert after == [entry | A for entry in before[:-1]] + [before[-1] | A | dirty]


# Rule 16: accessed and dirty on a fault.

@four_levels(cr0=WP)
async def test_rule_16_a_fault_leaves_the_leaf_alone_and_marks_the_levels_above(cpu):
    entries = map_page(cpu, FRAME | P | US)
    before  = [cpu.memory.read(entry, 8) for entry in entries]
    assert await error(cpu, WRITE) == PRESENT | WRITTEN
    after = [cpu.memory.read(entry, 8) for entry in entries]
    # That the upper levels are marked is the unit's choice; the manual allows either.
    assert after == [entry | A for entry in before[:-1]] + [before[-1]]


@every_level
@four_levels()
async def test_rule_16_an_entry_that_faults_is_not_marked(cpu, level):
    entries = map_page(cpu)
    change(cpu, entries[level], add=1 << 51)
    before = cpu.memory.read(entries[level], 8)
    await error(cpu, WRITE)
    assert cpu.memory.read(entries[level], 8) == before


# Rule 17: the update is a locked read-modify-write.

@every_level
@four_levels(memory=RecordingMemory)
async def test_rule_17_every_update_is_a_locked_read_and_a_locked_write(cpu, level):
    entries = map_page(cpu)
    await reach(cpu, READ)
    updates = [t for t in cpu.memory.transfers if t.address == entries[level] & -8 and t.lock]
    assert [transfer.write for transfer in updates] == [False, True]
    written = [t for t in cpu.memory.transfers if t.write]
    assert all(transfer.lock for transfer in written)


@pytest.mark.parametrize("bit", [9, 52, 62])
@every_level
@four_levels(memory=RecordingMemory)
async def test_rule_17_a_change_by_software_between_read_and_update_is_kept(cpu, level, bit):
    entries = map_page(cpu)
    cpu.memory.after_read[entries[level]] = lambda: change(cpu, entries[level], add=1 << bit)
    assert await reach(cpu, WRITE) == FRAME
    assert cpu.memory.read(entries[level], 8) & (1 << bit | A) == 1 << bit | A


@pytest.mark.parametrize("index", [0, 1])
@two_levels(memory=RecordingMemory)
async def test_rule_17_a_page_that_moves_before_its_update_is_used_at_its_new_place(cpu, index):
    *_, leaf = map_page(cpu, linear=LINEAR + 0x1000 * index, form=TWO_LEVELS)
    cpu.memory.after_read[leaf & -8] = lambda: cpu.memory.write(leaf, 4, PAGE + 0x1000)
    assert await reach(cpu, Access(LINEAR + 0x1000 * index, 1)) == FRAME + 0x1000
    assert cpu.memory.read(leaf, 4) == PAGE + 0x1000 | A


@every_level
@four_levels(memory=RecordingMemory)
async def test_rule_17_an_entry_that_vanishes_before_its_update_faults(cpu, level):
    entries = map_page(cpu)
    cpu.memory.after_read[entries[level]] = lambda: cpu.memory.write(entries[level], 8, 0)
    assert await error(cpu, WRITE) == WRITTEN
    assert cpu.memory.read(entries[level], 8) == 0


# Rule 18: a write by a clean translation.

@pytest.mark.parametrize("access", [WRITE, EXCHANGE, USER_CMPXCHG])
@four_levels(memory=RecordingMemory)
async def test_rule_18_dirty_is_set_in_memory_before_a_clean_page_is_written(cpu, access):
    *_, leaf = map_page(cpu)
    await reach(cpu, READ)
    assert cpu.memory.read(leaf, 8) == PAGE | A
    cpu.memory.transfers.clear()
    assert await reach(cpu, access) == FRAME
    assert cpu.memory.read(leaf, 8) == PAGE | A | D
    written = [t.address for t in cpu.memory.transfers if t.write]
    assert written[0] == leaf


@pytest.mark.parametrize("offset, words", [(0, 1), (5, 2)])
@pytest.mark.parametrize("access", [EXCHANGE, USER_CMPXCHG], ids=lambda access: access.kind.value)
@four_levels(memory=RecordingMemory)
async def test_rule_17_a_locked_access_holds_the_bus_from_its_read_to_its_write(
    cpu, access, offset, words,
):
    map_page(cpu, PAGE | A | D)
    cpu.memory.write(FRAME + offset, 8, access.compare)
    await reach(cpu, READ)
    cpu.memory.transfers.clear()
    await reach(cpu, replace(access, linear=LINEAR + offset))
    assert [(transfer.write, transfer.lock) for transfer in cpu.memory.transfers] == (
        [(False, True)] * words + [(True, True)] * words)


@four_levels(memory=RecordingMemory)
async def test_rule_17_a_compare_exchange_that_finds_another_value_stores_nothing(cpu):
    map_page(cpu, PAGE | A | D)
    cpu.memory.write(FRAME, 8, USER_CMPXCHG.compare + 1)
    await reach(cpu, READ)
    cpu.memory.transfers.clear()
    outcome = await cpu.access(USER_CMPXCHG)
    assert outcome.data == USER_CMPXCHG.compare + 1
    assert not any(transfer.write for transfer in cpu.memory.transfers)
