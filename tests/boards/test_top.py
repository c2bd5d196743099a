"""Pins of the top, and their polarities."""

from dataclasses import replace

import pytest
from amaranth import Fragment, Module, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from hw.boards import BOARDS
from hw.boards import top as topping
from hw.boards.board import Board, Pad
from hw.boards.top import Top
from hw.demo.ram import BlockRam


class Echo(wiring.Component):
    """Stands for the system: shows what it is given."""

    rx:     In(1)
    tx:     Out(1)
    button: In(1)
    fault:  Out(1)
    bypass: Out(1)
    wp:     Out(1)
    busy:   Out(1)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [
            self.tx.eq(~self.rx),
            self.fault.eq(self.button),
            self.bypass.eq(~self.button),
            self.wp.eq(1),
        ]
        return m


class Group:
    """Ports of a resource with parts."""

    def __init__(self, **ports):
        vars(self).update(ports)


class Bench:
    """A platform whose pins can be driven and seen."""

    default_clk_frequency = 12e6

    def __init__(self):
        port = io.SimulationPort
        self.rx, self.tx = port("i", 1), port("o", 1)
        self.button = port("i", 1, invert=True)
        self.lights = Group(r=port("o", 1, invert=True), g=port("o", 1, invert=True),
                            b=port("o", 1, invert=True))
        self.led = port("o", 1)
        self.asked = []

    def request(self, name, number, *, dir):
        self.asked.append((name, number))
        assert dir == "-"
        return {("uart", 0): Group(rx=self.rx, tx=self.tx), ("rgb_led", 3): self.lights,
                ("button", 1): self.button, ("led", 2): self.led}[name, number]


def board(**changes):
    plain = Board(
        name="bench", title="", fpga="", platform=Bench, preset="tiny", ram_kib=128,
        clock_hz=12_000_000, uart=Pad("uart", 0), fault=Pad("rgb_led", 3, "r"),
        bypass=Pad("rgb_led", 3, "b"), wp=Pad("led", 2), button=Pad("button", 1), overrides={},
        loader=(), port="")
    return replace(plain, **changes)


@pytest.fixture(autouse=True)
def echo(monkeypatch):
    monkeypatch.setattr(topping, "System", lambda config, **options: Echo())


def seen(bench, checks, **changes):
    """Run ``checks`` on the top with the pins of ``bench``."""
    top = Top(board(**changes))
    m = Module()
    m.submodules.top = Fragment.get(top, bench)
    unused = Signal()
    m.d.sync += unused.eq(~unused)  # so that there is a clock
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(checks)
    simulator.run()


def test_line_button_and_lights_are_joined_with_the_polarity_of_their_pins():
    bench = Bench()

    async def checks(ctx):
        for pressed in (0, 1):
            for bit in (0, 1):
                ctx.set(bench.rx.i, bit)
                ctx.set(bench.button.i, not pressed)
                await ctx.tick()
                assert ctx.get(bench.tx.o) == (not bit)
                assert ctx.get(bench.lights.r.o) == (not pressed)   # lit when it is low
                assert ctx.get(bench.lights.b.o) == pressed
                assert ctx.get(bench.led.o) == 1

    seen(bench, checks)
    assert len(bench.asked) == len(set(bench.asked))


def test_a_colour_that_shows_nothing_is_dark():
    bench = Bench()

    async def checks(ctx):
        await ctx.tick()
        assert ctx.get(bench.lights.g.o) == 1
        assert ctx.get(bench.lights.g.oe) == 1

    seen(bench, checks)


def test_what_a_board_has_not_is_left_out():
    bench = Bench()

    async def checks(ctx):
        await ctx.tick()
        assert ctx.get(bench.tx.o) == 1

    seen(bench, checks, fault=None, bypass=None, wp=None, button=None)
    assert bench.asked == [("uart", 0)]


def test_the_system_is_told_its_clock_line_memory_and_preset(monkeypatch):
    told = []

    def echo(config, **options):
        told.append(options)
        return Echo()

    async def checks(ctx):
        await ctx.tick()

    monkeypatch.setattr(topping, "System", echo)
    seen(Bench(), checks, preset="default")
    [options] = told
    assert options == {"preset": 1, "ram": BlockRam, "ram_kib": 128, "clock_hz": 12_000_000,
                       "baud": 1_000_000}


@pytest.mark.parametrize("changes, why", [
    ({"clock_hz": 10_000_000}, "no PLL of an iCE40 makes 10000000 Hz from 12000000 Hz exactly"),
    ({"clock_hz": 18_000_000, "fpga": "iCE40 LP384"},
     "no PLL for a clock of 18000000 Hz but on an ECP5 or iCE40 UP5K, "),
])
def test_a_clock_that_no_pll_makes_is_refused(changes, why):
    board = replace(BOARDS["icebreaker"], **changes)
    with pytest.raises(ValueError, match=why):
        board.platform().prepare(Top(board), "slow", **board.overrides)


def test_a_pll_makes_another_clock_on_an_icebreaker():
    board = BOARDS["icebreaker"]
    plan  = board.platform().prepare(Top(board), "quick", **board.overrides)
    assert "SB_PLL40_PAD" in plan.files["quick.il"]
