"""Walks during which somebody else edits an entry, just when the walk has read it.

The model of the unit says when a walk begins again, and counts the strobes meanwhile.
"""

import random
from collections import Counter
from functools import partial

import pytest
from paging_support import DIRECTORIES, FIVE_LEVELS, FOUR_LEVELS, PAE_TABLES, PDPTES, ROOT, chain
from unit_support import UnitModel

from sw.bus import Access, Kind, Register

from .memory_support import RecordingMemory
from .mmu_support import five_levels, four_levels, pae_paging
from .rules_support import FRAME, LINEAR, RW, US, WP, A, D, P


def some_flags(chance):
    """Flags of an entry, most of them generous."""
    return sum(bit for bit, share in ((P, 0.95), (RW, 0.9), (US, 0.8), (A, 0.6), (D, 0.5))
               if chance.random() < share)


async def check(cpu, form, *, root=ROOT):
    """Edit entries during walks, at random; a walk begins again exactly if it would update one."""
    places  = chain(form, LINEAR, root=root)
    targets = (*(root + 0x1000 * depth for depth in range(1, len(places))), FRAME)
    chance  = random.Random(17)
    unit    = UnitModel(cpu.mmu.config)
    for number, pdpte in enumerate(PDPTES if form is PAE_TABLES else ()):
        unit.memory.write(ROOT + 8 * number, 8, pdpte)
    for register in (Register.CR4, Register.EFER, Register.CR3, Register.CR0):
        unit.write_control(register, await cpu.read_control(register))
    cpu.events.clear()
    unit.events.clear()

    for _ in range(150):
        edited = chance.randrange(len(places))
        edit   = targets[edited] | some_flags(chance)
        values = [target | some_flags(chance) for target in targets]
        for memory, watcher in ((cpu.memory, cpu.memory), (unit.memory, unit)):
            for place, value in zip(places, values, strict=True):
                memory.write(place, 8, value)
            watcher.after_read = {places[edited]: partial(memory.write, places[edited], 8, edit)}

        access  = Access(LINEAR, 8, chance.choice(list(Kind)), user=chance.random() < 0.3)
        again   = unit.events["walk_again"]
        cpu.memory.transfers.clear()
        outcome = await cpu.access(access)
        assert outcome.agrees(unit.access(access)), f"{access}, entry {edited}"
        assert [cpu.memory.read(place, 8) for place in places] == [
            unit.memory.read(place, 8) for place in places]
        # An entry is read under the lock once, and then written unless it has changed.
        locked = Counter(transfer.write for transfer in cpu.memory.transfers
                         if transfer.lock and transfer.address in places)
        assert locked[False] == locked[True] + unit.events["walk_again"] - again
        await cpu.ctx.tick()  # A page fault makes the TLB forget a cycle later.
        assert cpu.events == +unit.events
        unit.invlpg(LINEAR)
        await cpu.invlpg(LINEAR)
    assert unit.events["walk_again"] > 20


@pytest.mark.slow
@four_levels(cr0=WP, memory=RecordingMemory)
async def test_a_walk_begins_again_exactly_if_an_entry_that_it_would_update_has_changed(cpu):
    await check(cpu, FOUR_LEVELS)


@pytest.mark.slow
@five_levels(cr0=WP, memory=RecordingMemory)
async def test_so_does_a_walk_of_five_levels(cpu):
    await check(cpu, FIVE_LEVELS)


@pytest.mark.slow
@pae_paging(cr0=WP, memory=RecordingMemory)
async def test_so_does_a_walk_below_a_pdpte_register(cpu):
    await check(cpu, PAE_TABLES, root=DIRECTORIES[LINEAR >> 30])
