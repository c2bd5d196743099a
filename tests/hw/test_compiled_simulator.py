# amaranth: UnusedElaboratable=no
"""The compiled stand-in for Amaranth's simulator: what testbenches see is the same on both."""

import enum
from random import Random

import pytest
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator as AmaranthSimulator
from paging_support import CR0_32, CR4_LONG, EFER_LONG, FOUR_LEVELS, ROOT, write_chain

from hw.config import MmuConfig
from hw.mmu import Mmu
from sim.engines.cxxrtl.simulator import Simulator
from sw.bus import Access, Kind, Register

from .memory_support import StrictMemory
from .mmu_support import EVERYTHING, SMALL
from .processor_support import Processor


pytestmark = pytest.mark.slow


class Colour(enum.Enum):
    """A shape with names."""

    RED, GREEN, BLUE, BLACK = range(4)


WIDE = data.StructLayout({"low": 40, "colour": Colour, "high": 60})


class Mixed(wiring.Component):
    """Outputs that follow inputs at once and a cycle later, registers, and a memory."""

    def __init__(self):
        super().__init__({
            "number":  In(7, init=5),
            "record":  In(WIDE),
            "nothing": In(0),
            "total":   Out(16, init=3),
            "sum":     Out(17),
            "held":    Out(WIDE),
            "read":    Out(33),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=33, depth=8, init=[1 << 32, 7])
        write, read = memory.write_port(), memory.read_port()
        m.d.comb += [
            self.sum.eq(self.total + self.number), self.read.eq(read.data),
            write.addr.eq(self.number), write.data.eq(self.record.low), write.en.eq(self.total[0]),
            read.addr.eq(self.sum), read.en.eq(1),
        ]
        m.d.sync += [self.total.eq(self.sum), self.held.eq(self.record)]
        return m


def made(simulator, design, *testbenches, background=()):
    """A simulation of a design."""
    made = simulator(design)
    made.add_clock(1e-6)
    for testbench in testbenches:
        made.add_testbench(testbench)
    for testbench in background:
        made.add_testbench(testbench, background=True)
    return made


SIMULATORS = pytest.mark.parametrize("simulator", [AmaranthSimulator, Simulator],
                                     ids=["Amaranth", "compiled"])


@SIMULATORS
def test_testbenches_go_on_in_their_order_and_see_what_follows_from_what_was_set(simulator):
    design, seen = Mixed(), []

    def note(*values):
        seen.append(values)

    async def first(ctx):
        note("first", ctx.get(design.sum))
        ctx.set(design.number, 10)
        note("first", ctx.get(design.sum))
        note("first", *await ctx.tick().sample(design.sum, design.total))
        ctx.set(design.number, 20)
        note("first", ctx.get(design.total), ctx.get(design.sum))
        note("first", await ctx.tick().sample(design.total).repeat(2))

    async def second(ctx):
        edge = ctx.tick().sample(design.sum)
        note("second", ctx.get(design.sum))
        note("second", *await edge, ctx.get(design.sum))
        ctx.set(design.number, 30)
        note("second", *await edge, ctx.get(design.sum))
        note("second", await ctx.tick().sample(design.sum).until(design.total[6]))

    async def background(ctx):
        edge = ctx.tick().sample(design.number)
        while True:
            note("background", *await edge)

    made(simulator, design, first, second, background=(background,)).run()
    assert seen == [
        ("first", 8), ("first", 13), ("second", 13),
        ("first", True, False, 13, 3), ("first", 13, 33), ("second", True, False, 13, 33),
        ("background", True, False, 10),
        ("second", True, False, 43, 73), ("background", True, False, 30),
        ("first", (43,)), ("background", True, False, 30),
        ("second", (103,)), ("background", True, False, 30),
    ]


def noise(simulator, *, seed, cycles):
    """All that is seen of the mixed design in some cycles in which its inputs are random."""
    design, chance, seen = Mixed(), Random(seed), []
    parts = (design.total, design.sum, design.held, design.read, design.held.colour,
             design.held.high[3:50], design.record, design.number)

    async def main(ctx):
        for _ in range(cycles):
            if chance.random() < 0.7:
                ctx.set(design.number, chance.choice((chance.getrandbits(9), C(77))))
            if chance.random() < 0.7:
                ctx.set(design.record, {
                    "low": chance.getrandbits(40), "colour": chance.choice(list(Colour)),
                    "high": chance.getrandbits(60)})
            if chance.random() < 0.5:
                seen.append(tuple(map(ctx.get, parts)))
            await ctx.tick()

    async def watch(ctx):
        while True:
            seen.append(await ctx.tick().sample(*parts))

    simulation = made(simulator, design, main, background=(watch,))
    simulation.run()
    half = len(seen)
    chance.seed(seed)
    simulation.reset()
    simulation.run()
    assert seen[:half] == seen[half:], "a reset is no new beginning"
    return seen


@pytest.mark.parametrize("seed", range(3))
def test_ports_of_every_kind_have_the_same_values_cycle_by_cycle(seed):
    seen = noise(Simulator, seed=seed, cycles=200)
    assert seen == noise(AmaranthSimulator, seed=seed, cycles=200)
    assert len(set(map(str, seen))) > 200


def record_of(simulator, *, seed):
    """All ports of a unit in each cycle of a burst of random accesses."""
    mmu, chance, seen = Mmu(MmuConfig(**SMALL, **EVERYTHING)), Random(seed), []
    ports  = [value for _, _, value in mmu.signature.flatten(mmu)]
    memory = StrictMemory(latency=2, stall=(False, True, True))
    pages  = [0x4060_5000 + 0x1000 * number for number in range(6)]
    for number, page in enumerate(pages):
        write_chain(memory.write, FOUR_LEVELS, page, 0x1_0000 * (number + 1) | chance.choice(
            (0x1, 0x3, 0x7, 0x67, 0x0)))
    steps = [Access(chance.choice(pages) + chance.choice((8, 0xffc)), 8, chance.choice(list(Kind)),
                    user=chance.random() < 0.3, data=chance.getrandbits(64)) for _ in range(40)]
    steps[20:20] = [(Register.CR3, ROOT), (Register.CR0, CR0_32)]

    async def main(ctx):
        ctx.set(mmu.maxphyaddr, 44)
        cpu = Processor(ctx, mmu, memory)
        for register, value in ((Register.CR4, CR4_LONG), (Register.EFER, EFER_LONG),
                                (Register.CR3, ROOT), (Register.CR0, CR0_32)):
            await cpu.write_control(register, value)
        await cpu.burst(steps, chained=set(range(0, 42, 5)),
                        ready=lambda cycle: not seed >> cycle % 5 & 1)

    async def serve(ctx):
        await memory.serve(ctx, mmu.memory)

    async def watch(ctx):
        edge = ctx.tick().sample(*(Value.cast(port) for port in ports))
        while True:
            seen.append(await edge)

    made(simulator, mmu, main, background=(serve, watch)).run()
    return seen


def test_a_unit_does_the_same_on_both_cycle_by_cycle():
    seen = record_of(Simulator, seed=5)
    assert seen == record_of(AmaranthSimulator, seed=5)
    assert len(seen) > 100 and len(set(seen)) > 100


def test_what_a_testbench_raises_ends_the_run_and_the_next_one_begins_anew():
    design, runs = Mixed(), []

    async def main(ctx):
        runs.append(ctx.get(design.total))
        await ctx.tick()
        if len(runs) == 1:
            raise ZeroDivisionError

    async def forever(ctx):
        while True:
            await ctx.tick()

    simulation = made(Simulator, design, main, background=(forever,))
    with pytest.raises(ZeroDivisionError):
        simulation.run()
    with pytest.raises(RuntimeError, match="reset"):
        simulation.run()
    with pytest.raises(RuntimeError, match="running"):
        simulation.add_testbench(main)
    simulation.reset()
    simulation.run()
    assert runs == [3, 3]


@pytest.mark.parametrize("does, message", [
    (lambda ctx, design: ctx.get(Signal()),               "is no port"),
    (lambda ctx, design: ctx.get(design.sum + 1),         "is no port"),
    (lambda ctx, design: ctx.tick().sample(Signal()),     "is no port"),
    (lambda ctx, design: ctx.set(design.total, 1),        "is no input"),
    (lambda ctx, design: ctx.set(design.record.low, 1),   "is no input"),
], ids=["another signal", "a sum", "a sample", "an output", "a part"])
def test_what_it_cannot_reach_is_an_error(does, message):
    design = Mixed()

    async def main(ctx):
        does(ctx, design)

    with pytest.raises(TypeError, match=message):
        made(Simulator, design, main).run()


def test_a_testbench_can_wait_for_the_clock_alone():
    class Other:
        def __await__(self):
            yield 1

    async def main(ctx):
        await Other()

    with pytest.raises(TypeError, match="can wait for ticks, not 1"):
        made(Simulator, Mixed(), main).run()


@pytest.mark.parametrize("count", [0, -1])
@SIMULATORS
def test_no_tick_is_repeated_less_than_once(simulator, count):
    async def main(ctx):
        with pytest.raises(ValueError, match=f"positive integer, not {count}"):
            await ctx.tick().repeat(count)

    made(simulator, Mixed(), main).run()


def test_a_port_must_be_unsigned():
    with pytest.raises(TypeError, match="must be unsigned: level"):
        Simulator(wiring.Component({"level": In(signed(3))}))
