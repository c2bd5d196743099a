"""Wrappers put a flip-flop at each port, and lose none of them."""

import pytest
from amaranth.hdl import Cat, Fragment, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from hw_support import simulate

from hw.mmu import Mmu
from hw.presets import PRESETS
from sim.benchmark.hardware.wrapper import Registered, Scanned, ports


class Echo(wiring.Component):
    """A unit without a clock: its outputs are its inputs, the second one inverted."""

    def __init__(self):
        super().__init__({"pair": In(wiring.Signature({"a": Out(3), "b": Out(2), "c": In(3),
                                                       "d": In(2)}))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [self.pair.c.eq(self.pair.a), self.pair.d.eq(~self.pair.b)]
        return m


def test_ports_have_their_paths_for_names():
    unit = Echo()
    Fragment.get(unit, None)  # Amaranth complains of what is never used
    assert [(name, is_input, len(value)) for name, is_input, value in ports(unit)] == [
        ("pair__a", True, 3), ("pair__b", True, 2), ("pair__c", False, 3), ("pair__d", False, 2)]


def test_a_registered_unit_is_two_cycles_away():
    dut  = Registered(Echo())
    seen = []

    async def bench(ctx):
        ctx.set(dut.pair__a, 5)
        ctx.set(dut.pair__b, 1)
        for _ in range(3):
            seen.append((ctx.get(dut.pair__c), ctx.get(dut.pair__d)))
            await ctx.tick()

    simulate(dut, bench)
    assert seen == [(0, 0), (0, 3), (5, 2)]


def test_what_is_shifted_in_reaches_each_input_of_a_scanned_unit():
    unit = Echo()
    dut  = Scanned(unit)
    seen = []

    async def bench(ctx):
        ctx.set(dut.scan_in, 1)
        await ctx.tick()
        ctx.set(dut.scan_in, 0)
        for _ in range(6):
            seen.append(ctx.get(unit.pair.a) | ctx.get(unit.pair.b) << 3)
            await ctx.tick()

    simulate(dut, bench)
    assert seen == [1, 2, 4, 8, 16, 0]


class Source(wiring.Component):
    """A unit whose outputs are what a test puts into them."""

    x: Out(3)
    y: Out(2)

    def __init__(self):
        super().__init__()
        self.value = Signal(5)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += Cat(self.x, self.y).eq(self.value)
        return m


@pytest.mark.parametrize("bit", range(5))
def test_each_output_of_a_scanned_unit_is_seen_outside(bit):
    unit = Source()
    dut  = Scanned(unit)
    seen = []

    async def bench(ctx):
        ctx.set(unit.value, 1 << bit)
        await ctx.tick()
        ctx.set(unit.value, 0)
        for _ in range(5):
            await ctx.tick()
            seen.append(ctx.get(dut.scan_out))

    simulate(dut, bench)
    assert sum(seen) == 1


@pytest.mark.parametrize("wrapper", [Registered, Scanned])
def test_a_wrapped_unit_can_be_elaborated(wrapper):
    Fragment.get(wrapper(Mmu(PRESETS["tiny"])), None)
