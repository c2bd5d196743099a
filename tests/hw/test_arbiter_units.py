"""Whole units and one memory, with the arbiter between them."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from amaranth import *
from amaranth.lib.wiring import connect
from arbiter_support import SIGNALS, DeafArbiter
from hw_support import simulate
from paging_support import CR0_32, CR4_LONG, EFER_LONG, FOUR_LEVELS, ROOT, write_chain
from stream_support import idle

from hw.arbiter import Arbiter
from hw.config import MmuConfig
from hw.mmu import Mmu
from sim.memory import PhysicalMemory, Target
from sw.bus import Access, Kind, Register

from .processor_support import Processor


CONFIG = MmuConfig(tlb_entries=4)
LINEAR = 0x0000_0040_4060_5000
FRAME  = 0x9000
LEAF   = FRAME | 0x7        # present, writable, user
FLAGS  = 0x60               # accessed, dirty
COUNT  = 1 << 52            # the lowest bit of an entry that is left to software


@dataclass
class Bench:
    """Units, the arbiter if there is one, and what was seen in each cycle."""

    units:   list[Mmu]
    arbiter: Arbiter | None
    memory:  PhysicalMemory
    bus:     list[Any] = field(default_factory=list)  #: Requests to memory, and its responses.
    ports:   list[Any] = field(default_factory=list)  #: (cyc, stb, stall, ack) of each unit.

    def run(self, *mains):
        """Run one of ``mains`` on each unit, until all have ended."""
        m = Module()
        for number, unit in enumerate(self.units):
            m.submodules[f"unit_{number}"] = unit
            if self.arbiter:
                connect(m, unit.memory, self.arbiter.initiators[number])
        if self.arbiter:
            m.submodules.arbiter = self.arbiter
        testbenches = [self._main(main, unit) for main, unit in zip(mains, self.units, strict=True)]
        simulate(m, *testbenches, background=(self._serve, self._watch), deadline=20_000)

    def _main(self, main, unit):
        async def testbench(ctx):
            await main(Processor(ctx, unit, self.memory))
        return testbench

    async def _serve(self, ctx):
        port   = self.arbiter.target if self.arbiter else self.units[0].memory
        target = Target(self.memory)
        while True:
            for name in ("ack", "dat_r", "stall"):
                ctx.set(getattr(port, name), getattr(target, name))
            _, _, *values = await ctx.tick().sample(*(getattr(port, name) for name in SIGNALS))
            drive = dict(zip(SIGNALS, values, strict=True))
            shown = values if drive["stb"] else (drive["cyc"], drive["lock"])
            self.bus.append((*shown, target.ack, target.dat_r, target.stall))
            target.step(*(drive[name] for name in ("cyc", "stb", "we", "adr", "sel", "dat_w")))

    async def _watch(self, ctx):
        names = ("cyc", "stb", "stall", "ack")
        while True:
            _, _, *values = await ctx.tick().sample(
                *(getattr(unit.memory, name) for unit in self.units for name in names))
            self.ports.append([values[n:n + 4] for n in range(0, len(values), 4)])


def bench(count, arbiter=Arbiter, **timing):
    return Bench(
        [Mmu(CONFIG) for _ in range(count)],
        arbiter and arbiter(initiators=count, maxphyaddr=CONFIG.maxphyaddr),
        PhysicalMemory(**timing),
    )


async def turn_paging_on(cpu):
    write_chain(cpu.memory.write, FOUR_LEVELS, LINEAR, LEAF)
    for register, value in ((Register.CR4, CR4_LONG), (Register.EFER, EFER_LONG),
                            (Register.CR3, ROOT), (Register.CR0, CR0_32)):
        await cpu.write_control(register, value)


async def all_kinds_of_accesses(cpu):
    """Walks, updates, words back to back, two words, locked accesses, a fault."""
    await turn_paging_on(cpu)
    await cpu.burst([Access(LINEAR + 8 * n, 8, Kind.WRITE, data=n) for n in range(8)],
                    chained=set(), ready=lambda cycle: cycle % 3 > 0)
    await cpu.access(Access(LINEAR + 5, 8, Kind.EXCHANGE, data=9))
    for compare in (9, 8):
        await cpu.access(Access(LINEAR + 5, 8, Kind.COMPARE_EXCHANGE, data=compare + 1,
                                compare=compare))
    assert (await cpu.access(Access(LINEAR + 0x1000, 8))).fault
    await cpu.burst([Access(LINEAR + n, 8) for n in range(8)], chained=set(), ready=lambda _: True)


TIMINGS = pytest.mark.parametrize("timing", [
    {}, {"latency": 3}, {"latency": 5, "stall": (1, 0, 0, 1, 1)},
], ids=str)


@pytest.mark.slow
@TIMINGS
def test_one_unit_alone_has_the_cycles_of_a_direct_connection(timing):
    async def nothing(cpu):
        pass

    direct = bench(1, arbiter=None, **timing)
    routed = bench(2, **timing)
    direct.run(all_kinds_of_accesses)
    routed.run(all_kinds_of_accesses, nothing)
    assert routed.bus == direct.bus
    assert routed.memory.read(FRAME + 5, 8) == 10


@pytest.mark.slow
@TIMINGS
def test_units_keep_their_bus_cycle_until_all_is_answered(timing):
    # The arbiter's contract requires that of its initiators.
    both = bench(2, **timing)
    both.run(all_kinds_of_accesses, all_kinds_of_accesses)
    owed = [0, 0]
    most = 0
    for ports in both.ports:
        for number, (cyc, stb, stall, ack) in enumerate(ports):
            assert cyc or owed[number] == 0
            owed[number] += (cyc & stb & ~stall) - ack
        most = max(most, *owed)
    assert owed == [0, 0]
    assert most > 1 or not timing


#: Cycles in which a walk that has begun ends, and one more is done; and the memory's timing.
ROUNDS = pytest.mark.parametrize("settled, timing", [
    (40, {}), (100, {"latency": 4, "stall": (0, 1, 0)}),
], ids=str)


def store_is_lost(arbiter, settled, timing):
    """Let one unit walk again and again, and another store to the leaf entry; true if one is lost.

    Each store has a number in bits that are software's, and accessed and dirty clear, so that the
    next walk updates the entry. Stores come in pairs, the second at some distance to the first.
    """
    distances = range(40)
    numbers   = iter(range(1, 1000))
    ended     = []
    lost      = []
    updated   = []

    async def walks(cpu):
        await turn_paging_on(cpu)
        while not ended:
            await cpu.invlpg(LINEAR)
            assert (await cpu.access(Access(LINEAR, 8, Kind.WRITE))).physical == FRAME

    async def changes(cpu):
        *_, leaf = write_chain(cpu.memory.write, FOUR_LEVELS, LINEAR, LEAF)
        await idle(cpu.ctx, 100)
        for distance in distances:
            for wait in (distance, settled):
                value = LEAF | next(numbers) * COUNT
                await cpu.access(Access(leaf, 8, Kind.WRITE, data=value))
                await idle(cpu.ctx, wait)
            found = (await cpu.access(Access(leaf, 8))).data
            updated.append(found & FLAGS == FLAGS)
            lost.append(found & ~FLAGS != value)
            if lost[-1]:
                break
        ended.append(True)

    bench(2, arbiter, **timing).run(walks, changes)
    assert all(updated)
    return any(lost)


# Each distance is tried, while a broken arbiter is found out soon.
@pytest.mark.slow
@ROUNDS
def test_no_store_is_lost_to_an_update_of_accessed_and_dirty(settled, timing):
    assert not store_is_lost(Arbiter, settled, timing)


@pytest.mark.slow
@ROUNDS
def test_a_store_is_lost_if_the_arbiter_ignores_lock(settled, timing):
    assert store_is_lost(DeafArbiter, settled, timing)
