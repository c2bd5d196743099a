"""Walks during which somebody else edits an entry, just when the walk has read it.

The model of the unit says when a walk begins again, and counts the strobes meanwhile.
"""

import random
from functools import partial

from paging_support import FOUR_LEVELS, ROOT, chain
from unit_support import UnitModel

from sim.golden.state import Features
from sw.bus import Access, Kind, Register

from .memory_support import RecordingMemory
from .mmu_support import four_levels
from .rules_support import FRAME, LINEAR, RW, US, WP, A, D, P


PLACES  = chain(FOUR_LEVELS, LINEAR)
TARGETS = (ROOT + 0x1000, ROOT + 0x2000, ROOT + 0x3000, FRAME)


def some_flags(chance):
    """Flags of an entry, most of them generous."""
    return sum(bit for bit, share in ((P, 0.95), (RW, 0.9), (US, 0.8), (A, 0.6), (D, 0.5))
               if chance.random() < share)


@four_levels(cr0=WP, memory=RecordingMemory)
async def test_a_walk_begins_again_exactly_if_an_entry_that_it_would_update_has_changed(cpu):
    chance, unit = random.Random(17), UnitModel(Features(maxphyaddr=cpu.maxphyaddr), entries=4)
    for register in (Register.CR4, Register.EFER, Register.CR3, Register.CR0):
        unit.write_control(register, await cpu.read_control(register))
    cpu.events.clear()
    unit.events.clear()

    for _ in range(150):
        edited = chance.randrange(4)
        edit   = TARGETS[edited] | some_flags(chance)
        values = [target | some_flags(chance) for target in TARGETS]
        for memory, watcher in ((cpu.memory, cpu.memory), (unit.memory, unit)):
            for place, value in zip(PLACES, values, strict=True):
                memory.write(place, 8, value)
            watcher.after_read = {PLACES[edited]: partial(memory.write, PLACES[edited], 8, edit)}

        access  = Access(LINEAR, 8, chance.choice(list(Kind)), user=chance.random() < 0.3)
        outcome = await cpu.access(access)
        assert outcome.agrees(unit.access(access)), f"{access}, entry {edited}"
        assert [cpu.memory.read(place, 8) for place in PLACES] == [
            unit.memory.read(place, 8) for place in PLACES]
        assert cpu.events == +unit.events
        unit.invlpg(LINEAR)
        await cpu.invlpg(LINEAR)
    assert unit.events["walk_again"] > 20
