# amaranth: UnusedElaboratable=no
"""A compiled design that is used again does what one does that was never used."""

import ctypes
import json
import random

import pytest
from amaranth import Array, Cat, ClockDomain, Elaboratable, Module, Signal
from amaranth.back import rtlil
from amaranth.hdl import Fragment
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator
from vector_support import long_mode

from hw.bus import AccessSignature, ControlSignature, Events, TlbUpdate
from hw.physical import width_members
from hw.wishbone import WishboneSignature
from sim.engines import cxxrtl
from sim.engines.cxxrtl import vectors
from sim.engines.cxxrtl.library import Sources, library, package_files
from sim.vectors.engines import VECTOR_ENGINES
from sim.vectors.parser import parse


pytestmark = pytest.mark.slow


#: A clocked design by itself: its input, its output, and whether one pass settles it.
HARNESS = """
#include "design.cc"
#include "port.h"
#include "clock.h"

extern "C" {
Clocked *clocked_new() { return new Clocked; }
void clocked_reset(Clocked *clocked) { clocked->reset(); }
uint32_t clocked_direct(Clocked *clocked) { return clocked->top.eval(); }
uint32_t clocked_step(Clocked *clocked, uint32_t number) {
    clocked->top.p_number.set<uint32_t>(number);
    clocked->evaluate();
    uint32_t result = read(clocked->top.p_result).get<uint32_t>();
    clocked->advance();
    return result;
}
}
"""

FUNCTIONS = (
    ("clocked_new",    ctypes.c_void_p, []),
    ("clocked_reset",  None,            [ctypes.c_void_p]),
    ("clocked_direct", ctypes.c_uint32, [ctypes.c_void_p]),
    ("clocked_step",   ctypes.c_uint32, [ctypes.c_void_p, ctypes.c_uint32]),
)


class Knotted(Elaboratable):
    """A packed signal whose parts depend on each other, through an array too, and a memory.

    No bit depends on itself, but the words of the compiled code do.
    """

    def __init__(self, *, knots, read):
        self.number = Signal(8)
        self.result = Signal(24)
        self._knots = knots
        self._read  = read

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = self.clock = ClockDomain(reset_less=True)
        m.submodules.memory = memory = Memory(shape=8, depth=4, init=[3, 5, 7, 11])
        read, write = memory.read_port(domain=self._read), memory.write_port()
        state = Signal(8)
        knot  = Signal(data.ArrayLayout(8, 3))
        parts = knot if self._knots else [Signal(8, name=f"part_{n}") for n in range(3)]
        m.d.comb += parts[0].eq(self.number ^ state)
        with m.If(state[1]):
            m.d.comb += parts[1].eq(Array([parts[0], self.number, state])[parts[0][:2]])
        with m.If(self.number[0]):
            m.d.comb += parts[2].eq(parts[0] + parts[1])
        m.d.comb += [
            read.addr.eq(parts[2]),
            write.addr.eq(parts[1]),
            write.data.eq(parts[0]),
            write.en.eq(parts[2][3]),
            self.result.eq(Cat(parts[2], parts[1], read.data)),
        ]
        m.d.sync += state.eq(state ^ parts[2] ^ read.data)
        return m


def simulated(design, numbers):
    """The results of the design for these inputs, by Amaranth's simulator."""
    async def testbench(ctx):
        for number in numbers:
            ctx.set(design.number, number)
            found.append(ctx.get(design.result))
            await ctx.tick()

    found     = []
    simulator = Simulator(design)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return found


@pytest.mark.parametrize("read", ["comb", "sync"])
@pytest.mark.parametrize("knots", [False, True], ids=["one pass", "several passes"])
def test_a_reset_is_a_power_up_whether_or_not_one_pass_settles_the_design(knots, read):
    design = Knotted(knots=knots, read=read)
    module = Fragment.get(design, None)
    text   = rtlil.convert(module, ports=[design.clock.clk, design.number, design.result],
                           emit_src=False)
    calls  = library(lambda: Sources({"design": text}, {
        "clocked.cc": HARNESS, **package_files(cxxrtl.__name__, "clock.h", "port.h")},
        main="clocked.cc"), FUNCTIONS)
    rng     = random.Random(1)
    numbers = [rng.getrandbits(8) for _ in range(200)]
    wanted  = simulated(Knotted(knots=knots, read=read), numbers)
    handle  = calls.clocked_new()
    assert calls.clocked_direct(handle) == (not knots)
    for _ in range(3):
        calls.clocked_reset(handle)
        assert [calls.clocked_step(handle, number) for number in numbers] == wanted


class Forgetful(wiring.Component):
    """Stands in for a unit: it translates an address to what its memory's read port has.

    That is 0 at power-up, and 7 from the first access on. One address is never answered.
    """

    SILENT = 0xdead000

    def __init__(self, config):
        self.config = config
        super().__init__({
            "access":  In(AccessSignature()),
            "control": In(ControlSignature()),
            "memory":  Out(WishboneSignature(maxphyaddr=config.maxphyaddr)),
            "events":  Out(Events),
            "tlb":     Out(TlbUpdate),
            **width_members(config),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=8, depth=2, init=[7, 7])
        read = memory.read_port()
        request, response = self.access.request, self.access.response
        silent = Signal()
        taken  = Signal()
        m.d.comb += [
            request.ready.eq(~silent),
            taken.eq(request.valid & request.ready),
            read.en.eq(taken),
            self.control.request.ready.eq(1),
        ]
        m.d.sync += [
            silent.eq(silent | (taken & (request.p.linear == self.SILENT))),
            response.valid.eq(taken & (request.p.linear != self.SILENT)),
            response.p.physical.eq(read.data),
            self.control.response.valid.eq(self.control.request.valid),
        ]
        return m


@pytest.fixture
def forgetful(monkeypatch):
    """Let vectors be done by that unit, and by the real one afterwards."""
    monkeypatch.setattr("sim.engines.testbench.Mmu", Forgetful)
    vectors._compiled.cache_clear()
    yield
    vectors._compiled.cache_clear()


def test_no_vector_sees_what_another_has_left_in_the_unit(forgetful):
    lines  = [long_mode(), long_mode({"linear": hex(Forgetful.SILENT)}), long_mode(), long_mode()]
    found  = VECTOR_ENGINES["cxxrtl"]().run([parse(1, json.dumps(line)) for line in lines])
    silent = found.pop(1)
    assert silent == "the unit did not answer"
    assert [outcome.ending.physical for outcome in found] == [0, 0, 0]
