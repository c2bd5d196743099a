# amaranth: UnusedElaboratable=no
"""Memory of the demonstration system."""

import random

import pytest
from amaranth.hdl import Elaboratable, Module, Mux, Signal
from amaranth.lib.memory import Memory
from hw_support import simulate

from hw.demo.ram import BlockRam, SpramRam
from stream_support import idle


class Spram(Elaboratable):
    """In the place of an Instance: what Lattice TN-02022 says of an SB_SPRAM256KA.

    What it shows after a write is not specified there, and 0xDEAD here.
    """

    def __init__(self, kind, *, i_CLOCK, i_ADDRESS, i_DATAIN, i_MASKWREN, i_WREN, i_CHIPSELECT,
                 i_STANDBY, i_SLEEP, i_POWEROFF, o_DATAOUT):
        assert kind == "SB_SPRAM256KA"
        assert (len(i_ADDRESS), len(i_DATAIN), len(i_MASKWREN)) == (14, 16, 4)
        assert (i_STANDBY.value, i_SLEEP.value) == (0, 0)
        assert i_POWEROFF.value == 1          # low is off
        self._ports = (i_ADDRESS, i_DATAIN, i_MASKWREN, i_WREN, i_CHIPSELECT, o_DATAOUT)

    def elaborate(self, platform):
        address, datum, mask, write, select, found = self._ports
        m = Module()
        m.submodules.cells = cells = Memory(shape=16, depth=1 << 14, init=[])
        writes, reads = cells.write_port(granularity=4), cells.read_port()
        wrote = Signal()
        m.d.comb += [
            writes.addr.eq(address),
            writes.data.eq(datum),
            writes.en.eq(Mux(select & write, mask, 0)),
            reads.addr.eq(address),
            reads.en.eq(select & ~write),
            found.eq(Mux(wrote, 0xDEAD, reads.data)),
        ]
        with m.If(select):
            m.d.sync += wrote.eq(write)
        return m


def block_ram():
    """A small memory in block RAMs."""
    return BlockRam(kib=1, maxphyaddr=32)


def spram_ram():
    """The large one."""
    return SpramRam(kib=128, maxphyaddr=32)


@pytest.fixture(params=[block_ram, spram_ram], ids=["block", "spram"])
def dut(request, monkeypatch):
    """A memory of each kind."""
    monkeypatch.setattr("hw.demo.ram.Instance", Spram)
    return request.param()


def words(dut):
    """Number of words of a memory."""
    return dut.kib * 128


async def transfer(ctx, dut, word, *, we=0, sel=0xFF, data=0, enable=1):
    """Ask for a transfer in one cycle of the machine; return (ack, dat_r) of the next."""
    bus = dut.bus
    ctx.set(dut.enable, enable)
    for signal, value in ((bus.cyc, 1), (bus.stb, 1), (bus.we, we), (bus.adr, word),
                          (bus.sel, sel), (bus.dat_w, data)):
        ctx.set(signal, value)
    await ctx.tick()
    ctx.set(bus.stb, 0)
    ctx.set(dut.enable, 0)
    while not ctx.get(dut.settled):
        await ctx.tick()
    ctx.set(dut.enable, enable)
    return ctx.get(bus.ack), ctx.get(bus.dat_r)


async def clear(ctx, dut):
    """Clear memory, and wait for the end; return how many cycles it took."""
    ctx.set(dut.clear, 1)
    await ctx.tick()
    ctx.set(dut.clear, 0)
    cycles = 0
    while ctx.get(dut.clearing):
        await ctx.tick()
        cycles += 1
    return cycles


@pytest.mark.parametrize("kib", [0, 3, -4, 100])
def test_the_size_must_be_a_power_of_two(kib):
    with pytest.raises(ValueError, match=f"must be a power of two, in KiB, not {kib}"):
        BlockRam(kib=kib, maxphyaddr=32)


def test_the_rams_of_an_up5k_have_one_size():
    with pytest.raises(ValueError, match="the RAMs of an UP5K have 128 KiB, not 64"):
        SpramRam(kib=64, maxphyaddr=32)


@pytest.mark.slow
def test_reads_see_writes_byte_by_byte(dut):
    chance = random.Random(2)
    places = [0, words(dut) - 1, *(chance.randrange(words(dut)) for _ in range(30))]
    model  = dict.fromkeys(places, 0)

    async def run(ctx):
        for place in places:
            await transfer(ctx, dut, place, we=1)
        for _ in range(600):
            place = chance.choice(places)
            if chance.random() < .5:
                sel, data = chance.randrange(256), chance.getrandbits(64)
                ack, _ = await transfer(ctx, dut, place, we=1, sel=sel, data=data)
                mask = sum(0xFF << 8 * lane for lane in range(8) if sel >> lane & 1)
                model[place] = model[place] & ~mask | data & mask
            else:
                ack, found = await transfer(ctx, dut, place)
                assert found == model[place]
            assert ack

    simulate(dut, run, deadline=3000)


def test_a_response_comes_in_the_next_cycle_and_no_other(dut):
    async def run(ctx):
        ctx.set(dut.enable, 1)
        assert not ctx.get(dut.bus.ack)
        assert await transfer(ctx, dut, 5) == (1, 0)
        await ctx.tick()
        assert not ctx.get(dut.bus.ack)
        ctx.set(dut.bus.cyc, 0)
        ctx.set(dut.bus.stb, 1)
        await ctx.tick()
        assert not ctx.get(dut.bus.ack) and not ctx.get(dut.bus.stall)

    simulate(dut, run)


@pytest.mark.parametrize("we", [0, 1])
def test_a_transfer_settles_in_as_many_cycles_of_the_clock_as_its_kind_of_memory_takes(dut, we):
    takes = 2 if isinstance(dut, BlockRam) else 0

    async def run(ctx):
        await transfer(ctx, dut, 9, we=1, data=0x9999)
        for stb in (1, 0, 1, 0):
            ctx.set(dut.bus.stb, stb)
            ctx.set(dut.bus.we, we)
            ctx.set(dut.enable, 1)
            await ctx.tick()
            ctx.set(dut.enable, 0)
            for _ in range(takes * stb):
                assert not ctx.get(dut.settled)
                await ctx.tick()
            for _ in range(3):
                assert ctx.get(dut.settled)
                assert we or ctx.get(dut.bus.dat_r) == 0x9999
                await ctx.tick()

    simulate(dut, run)


def test_while_the_machine_stands_still_nothing_moves(dut):
    async def run(ctx):
        await transfer(ctx, dut, 3, we=1, data=0x1111)
        assert await transfer(ctx, dut, 3) == (1, 0x1111)
        # Neither the response nor what was read goes away, and nothing new comes.
        assert await transfer(ctx, dut, 4, enable=0) == (1, 0x1111)
        assert await transfer(ctx, dut, 3, we=1, data=0x2222, enable=0) == (1, 0x1111)
        assert await transfer(ctx, dut, 3, enable=1) == (1, 0x1111)
        await ctx.tick()
        assert not ctx.get(dut.bus.ack)
        assert await transfer(ctx, dut, 3, enable=0) == (0, 0x1111)

    simulate(dut, run)


@pytest.mark.parametrize("over", [0, 5, (1 << 28) - 5])
def test_what_is_beyond_the_end_is_an_error_and_stores_nothing(dut, over):
    async def run(ctx):
        for place in (0, 5, words(dut) - 5):
            await transfer(ctx, dut, place, we=1, data=place + 1)
        ack, _ = await transfer(ctx, dut, words(dut) + over, we=1, data=(1 << 64) - 1)
        assert (ack, ctx.get(dut.bus.err)) == (0, 1)
        for place in (0, 5, words(dut) - 5):
            assert await transfer(ctx, dut, place) == (1, place + 1)
            assert not ctx.get(dut.bus.err)
        ack, _ = await transfer(ctx, dut, words(dut) + over)
        assert (ack, ctx.get(dut.bus.err)) == (0, 1)
        await ctx.tick()
        assert not ctx.get(dut.bus.err)

    simulate(dut, run)


@pytest.mark.slow
def test_clearing_makes_all_words_zero(dut):
    places = [words(dut) - 1, 1, words(dut) // 2, 0]

    async def run(ctx):
        for place in places:
            await transfer(ctx, dut, place, we=1, data=(1 << 64) - 1)
        # What is still on its way to memory does not come after zero.
        await ctx.tick()
        ctx.set(dut.bus.stb, 1)
        await ctx.tick()
        ctx.set(dut.enable, 0)
        assert await clear(ctx, dut) == words(dut)
        assert not ctx.get(dut.bus.ack)
        for place in places:
            assert await transfer(ctx, dut, place) == (1, 0)

    simulate(dut, run, deadline=20_000)


@pytest.mark.parametrize("cycles", [0, 1, 50, 126, 127, 128, 129])
def test_clearing_that_is_asked_for_again_ends_too(cycles):
    dut = block_ram()

    async def run(ctx):
        for place in range(128):
            await transfer(ctx, dut, place, we=1, data=place + 1)
        ctx.set(dut.enable, 0)
        ctx.set(dut.clear, 1)
        await ctx.tick()
        ctx.set(dut.clear, 0)
        await idle(ctx, cycles)
        assert await clear(ctx, dut) <= 128
        for place in range(128):
            assert await transfer(ctx, dut, place) == (1, 0)

    simulate(dut, run, deadline=2000)
