"""Functions that tests have called in a simulator: they must be importable there too."""

import os
import time
from random import Random

from paging_support import (
    CR0_32, CR4_LA57, CR4_LONG, DIRECTORIES, EFER_LONG, FIVE_LEVELS, FOUR_LEVELS, PAE_TABLES,
    PDPTES, ROOT, TWO_LEVELS, write_chain,
)

from hw.config import MmuConfig
from sim.engines.cocotb import host
from sim.errors import BusHang
from sim.machine import ENGINES, Machine
from sim.memory import PhysicalMemory
from sim.record.records import Recording
from sim.scenario import Stage
from sim.scenarios import SCENARIOS
from sw.bus import Access, GeneralProtection, Kind, PageFault, Register


__all__ = ["break_down", "end", "misbehave", "recorded", "tell", "through_all_modes"]


LISTS = {"accesses": "all_accesses", "transfers": "all_transfers", "controls": "all_controls",
         "interrupts": "all_interrupts", "events": "all_events", "states": "states",
         "marks": "marks", "cycles": "cycles"}


def recorded(*, name, engine, **machine):
    """Play a scenario on a machine; return what was recorded on each of its processors."""
    async def play(machine):
        await scenario.play(Stage(machine))

    scenario = SCENARIOS[name]
    made     = Machine(engine=engine, **{**scenario.machine, **machine})
    if engine == "cocotb" and made.engine.dut is None:
        wanted = {"name": name, "engine": engine, **machine}
        return host.call(made.engine, recorded, wanted, {})
    made.run(play)
    return [Recording(**{field: getattr(trace, place) for field, place in LISTS.items()})
            for trace in made.engine.traces]


LINEAR = 0x4060_5000

#: Paging modes: their tables, the first of these, CR4 and EFER.
MODES = (
    (TWO_LEVELS,  0x1_0000, 0,        0),
    (PAE_TABLES,  DIRECTORIES[LINEAR >> 30], CR4_LONG, 0),
    (FOUR_LEVELS, 0x2_0000, CR4_LONG, EFER_LONG),
    (FIVE_LEVELS, 0x3_0000, CR4_LA57, EFER_LONG),
)


def through_all_modes(*, engine, options):
    """Go through all modes of a unit, and access pages; return what was recorded."""
    made = ENGINES[engine](MmuConfig(pae=True, la57=True, tlb_entries=4), **options,
                           memory=PhysicalMemory(latency=2, stall=(False, False, True)))
    if engine == "cocotb" and made.dut is None:
        return host.call(made, through_all_modes, {"engine": engine, "options": options}, {})
    memory, bus, rng = made.memory, made.bus, Random(1)

    async def enter(form, root, cr4, efer):
        pae  = form is PAE_TABLES
        for number, pdpte in enumerate(PDPTES):
            memory.write(ROOT + 8 * number, 8, pdpte)
        write_chain(memory.write, form, LINEAR, 0x9007, root=root)
        await bus.write_control(Register.CR0, 1)
        for register, value in ((Register.EFER, efer), (Register.CR4, cr4),
                                (Register.CR3, ROOT if pae else root), (Register.CR0, CR0_32)):
            await bus.write_control(register, value)

    async def use():
        for _ in range(8):
            linear = LINEAR + rng.choice((0, 8, 0xffd)) + rng.choice((0, 0, 1 << 50, 1 << 60))
            try:
                await bus.access(Access(linear, 4, rng.choice(list(Kind)), rng.random() < 0.3))
            except (PageFault, GeneralProtection):
                continue

    async def main():
        for mode in (*MODES, *MODES[::-1]):
            await enter(*mode)
            await use()
            memory.write(ROOT + 8, 8, rng.choice((0, PDPTES[1], PDPTES[1] | 2)))
            for register, value in ((Register.CR3, ROOT), (Register.CR4, mode[2] ^ 0x80)):
                try:
                    await bus.write_control(register, value)
                except GeneralProtection:
                    continue
                await use()

    made.run(main)
    return Recording(**{field: getattr(made.trace, place) for field, place in LISTS.items()})


def end():
    """End the simulator without a word to its host."""
    print("the last word", flush=True)
    os._exit(3)


def misbehave():
    """Raise what cannot be pickled: it is made of two arguments, and has one."""
    raise BusHang(5, "godot")


def break_down(*, file):
    """Raise what can."""
    raise FileNotFoundError(2, "No such file", file)


def tell(*, hear):
    """Say something from time to time, for ever."""
    while True:
        hear(os.getpid())
        time.sleep(0.01)
