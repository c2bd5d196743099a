"""The second level of the TLB: its arrays and stamps by themselves, and as a part of the unit."""

from random import Random

import pytest
from amaranth.hdl import Shape, unsigned
from hw_support import simulate
from paging_support import FOUR_LEVELS, ROOT, write_chain
from sequence_support import CONTEXTS, FOURTH, LINEAR, LONG

from hw.config import MmuConfig
from hw.layout import Flush
from hw.tlb import Tlb
from hw.tlb.array import CacheArray, RowKind
from hw.tlb.stamps import LAST, StampBank
from sw.bus import Access, Kind, Register

from .judge_support import JudgedUnit
from .mmu_support import SMALL, bench_of, compiled


LOW, WIDTH, DEPTH = 2, 20, 8


class Bench:
    """An array of 16-bit rows that a test drives."""

    def __init__(self, ctx, array):
        self.ctx, self.array = ctx, array

    async def strobe(self, *signals):
        """Set signals for a cycle."""
        for signal in signals:
            self.ctx.set(signal, 1)
        await self.ctx.tick()
        for signal in signals:
            self.ctx.set(signal, 0)

    async def look(self, page):
        """Look ``page`` up: whether there is a row, whether one has its tag, and its value."""
        array = self.array
        self.ctx.set(array.page, page)
        await self.strobe(array.look)
        self.ctx.set(array.page, ~page & (1 << WIDTH) - 1)  # It need not stay.
        self.ctx.set(array.looked, page)
        await self.ctx.tick().repeat(2)
        return tuple(map(self.ctx.get, (array.found, array.same, array.row)))

    async def fill(self, page, value, kind=RowKind.LOCAL):
        """Write the row for ``page``."""
        self.ctx.set(self.array.looked, page)
        self.ctx.set(self.array.fill.payload, {"kind": kind, "value": value})
        await self.strobe(self.array.fill.valid)

    def stamp(self, **stamps):
        """Set the stamps that count."""
        self.ctx.set(self.array.stamps, stamps)


@pytest.fixture(params=[True, False], ids=["block RAM", "LUT RAM"])
def on_array(request):
    """Run ``async def test(array)`` on an array of its own, whose stamps are 1, 2 and 3."""
    def run(test):
        array = CacheArray(unsigned(16), low=LOW, page_width=WIDTH, depth=DEPTH,
                           block=request.param)

        async def main(ctx):
            bench = Bench(ctx, array)
            bench.stamp(local=1, shared=2, structure=3)
            await test(bench)

        simulate(array, main, deadline=100_000)

    return run


def test_a_row_is_found_for_its_pages_and_for_none_that_is_one_bit_away(on_array):
    async def main(array):
        for number in range(DEPTH):
            page = (0x2d2d ^ 0x421 * number) << 5 | number << LOW
            await array.fill(page, number)
            for bit in range(WIDTH):
                found, same, value = await array.look(page ^ 1 << bit)
                assert found == (bit < LOW), (number, bit)
                assert same or not found
                assert value == number or not found

    on_array(main)


@pytest.mark.parametrize("kind, own", [
    (RowKind.LOCAL, "local"), (RowKind.SHARED, "shared"), (RowKind.STRUCTURE, "structure")])
def test_a_row_counts_while_the_stamp_of_its_kind_is_the_one_that_it_has(on_array, kind, own):
    async def main(array):
        stamps = {"local": 0x155, "shared": 0x155, "structure": 0x155}
        array.stamp(**stamps)
        await array.fill(0, 1, kind)
        assert await array.look(0) == (1, 1, 1)
        for name in stamps:
            for bit in range(10):
                array.stamp(**stamps | {name: 0x155 ^ 1 << bit})
                assert (await array.look(0))[:2] == (name != own, 1)

    on_array(main)


def test_a_row_that_is_cleared_or_swept_is_there_under_no_stamp(on_array):
    async def main(array):
        for page in (0, 1 << LOW):
            await array.fill(page, 7)
        await array.look(0)
        await array.strobe(array.array.clear)
        assert (await array.look(0))[0] == 0
        assert (await array.look(1 << LOW))[0] == 1
        array.ctx.set(array.array.number, 1)
        await array.strobe(array.array.sweep)
        assert (await array.look(1 << LOW))[0] == 0

    on_array(main)


def test_what_was_looked_up_stays_though_the_row_is_written(on_array):
    async def main(array):
        await array.fill(0, 7)
        await array.look(0)
        await array.fill(0, 9)
        await array.ctx.tick().repeat(2)
        assert array.ctx.get(array.array.row) == 7
        assert await array.look(0) == (1, 1, 9)

    on_array(main)


def test_stamps_are_used_up_one_an_operation_and_are_all_free_after_a_sweep():
    bank = StampBank(MmuConfig())

    async def main(ctx):
        given = {ctx.get(bank.stamps.local)}
        ctx.set(bank.flush, Flush.ALL)
        while not ctx.get(bank.exhausted):
            await ctx.tick()
            stamp = ctx.get(bank.stamps.local)
            assert stamp not in given and 0 < stamp < LAST
            given.add(stamp)
        assert len(given) == LAST - 1
        ctx.set(bank.flush, Flush.NONE)
        ctx.set(bank.sweep, 1)
        await ctx.tick()
        assert ctx.get(bank.stamps.as_value()) and not ctx.get(bank.exhausted)

    assert Shape.cast(bank.stamps.shape().as_shape()).width == 30
    simulate(bank, main, deadline=5000)


@pytest.mark.slow
def test_stamps_are_used_up_though_there_are_no_rows():
    tlb = Tlb(MmuConfig(second_entries=4, directory_entries=4, reference_entries=2))

    async def main(ctx):
        for _ in range(LAST + 10):
            await strobe(ctx, tlb.invalidate.flush, Flush.ALL)
            while ctx.get(tlb.busy):
                await ctx.tick()

    simulate(tlb, main, deadline=5000)


def test_so_they_are_in_a_unit_that_has_never_walked():
    async def main(cpu):
        for _ in range(LAST + 10):
            await cpu.write_control(Register.CR3, 0)
        assert cpu.events["swept"] == 1

    compiled().run(main)


#: What a unit makes a bank forget, and whether that is of one page alone.
FORGOTTEN = [(Flush.ALL, 0), (Flush.LOCAL, 0), *(
    (flush, single) for flush in (Flush.OF_PCID, Flush.OF_PCID_AND_GLOBAL) for single in (0, 1, 1))]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_no_two_pcids_ever_have_a_stamp(seed):
    bank   = StampBank(MmuConfig(invpcid=True))
    random = Random(seed)

    async def main(ctx):
        owners, switched, current = {}, 0, 0
        while not ctx.get(bank.exhausted):
            for name in ("local", "structure"):
                owner = owners.setdefault((name, ctx.get(bank.stamps[name])), current)
                assert owner == current
            # What is named stays so, as it does in the unit, until something else is.
            if random.random() < 0.5:
                flush, single = random.choice(FORGOTTEN)
                named = current if flush is not Flush.OF_PCID else random.randrange(12)
                ctx.set(bank.asked, named)
                ctx.set(bank.own, named == current)
                ctx.set(bank.single, single)
                await ctx.tick()
                await strobe(ctx, bank.flush, flush)
            else:
                ctx.set(bank.left, current)
                current = (current + random.randrange(1, 12)) % 12
                ctx.set(bank.asked, current)
                await ctx.tick()
                await strobe(ctx, bank.switches, 1)
                switched += 1
            await ctx.tick().repeat(random.randrange(1, 4))
        assert switched > 300

    simulate(bank, main, deadline=10_000)


async def strobe(ctx, signal, value):
    """Set a signal for a cycle."""
    ctx.set(signal, value)
    await ctx.tick()
    ctx.set(signal, 0)


@pytest.mark.slow
@pytest.mark.parametrize("operations", [
    [("invlpg", LINEAR)],
    [("control", (Register.CR3, 0x1001 | 1 << 63)), ("control", (Register.CR3, 0x1002 | 1 << 63))],
    [("control", (Register.CR3, 0x1003)), ("invpcid", (1, 1))],
], ids=["INVLPG", "PCIDs come and go", "PCIDs are flushed"])
def test_nothing_changes_when_the_stamps_are_used_up(operations):
    # The third of them takes the place of the first in the first level, and not in the second.
    beside = LINEAR - 0x2000
    pages  = (LINEAR + 0x1000, LINEAR, beside, FOURTH, LINEAR)

    async def main(cpu):
        judged = JudgedUnit(cpu)
        for step in (*CONTEXTS.start, ("edit", 0x4018, 0x9000 | 7)):
            await judged.do(step)
        for number in range(1300 // len(operations)):
            for step in operations:
                await judged.do(step)
            if number % 7 == 0:
                for page in pages:
                    await judged.do(("access", Access(page, 8)))
        assert cpu.events["hit_second"] > 50

    compiled().run(main, deadline=100_000)


@pytest.mark.slow
@pytest.mark.parametrize("bit", range(1, 10))
def test_a_pcid_has_no_table_of_one_whose_stamp_is_a_bit_away(bit):
    page, root = LINEAR, 0x20_0000

    def switch(root, pcid):
        return "control", (Register.CR3, root | pcid | 1 << 63)

    async def main(cpu):
        judged = JudgedUnit(cpu)
        second = judged.unit.tlb.second
        write_chain(cpu.memory.write, FOUR_LEVELS, page, 0x1010_2000 | 0x27, root=root)
        for model in (judged.allowed, judged.unit):
            write_chain(model.memory.write, FOUR_LEVELS, page, 0x1010_2000 | 0x27, root=root)
        for step in CONTEXTS.start:
            await judged.do(step)
        # The stamp that comes next lacks the bit, so that one which has it comes later.
        while second.stamps.structure + 1 & 1 << bit:
            await judged.do(("invlpg", page))
        await judged.do(switch(root, 1))
        await judged.do(("access", Access(page, 8)))
        found = second.stamps.structure
        assert not found & 1 << bit
        await judged.do(switch(ROOT, 0))
        while second.stamps.structure < found | 1 << bit:
            await judged.do(("invlpg", page))
        assert second.stamps.structure == found | 1 << bit
        await judged.do(("access", Access(page, 8)))

    compiled().run(main, deadline=100_000)


@pytest.mark.slow
def test_more_pcids_than_are_kept_push_each_other_out():
    async def main(cpu):
        judged = JudgedUnit(cpu)
        for step in CONTEXTS.start:
            await judged.do(step)
        # First the one that was left longest ago comes back each time, and then any of them.
        chance = Random(3)
        for pcid in (*(number * 7 % 12 for number in range(60)),
                     *(chance.randrange(12) for number in range(60))):
            await judged.do(("control", (Register.CR3, 0x1000 | pcid | 1 << 63)))
            await judged.do(("access", Access(LINEAR, 8)))

    bench_of(**SMALL | {"second_entries": 32}, **CONTEXTS.features).run(main, deadline=10_000)


@pytest.mark.slow
def test_pcids_of_any_bits_come_and_go_and_are_flushed_apart():
    chance = Random(12)
    pcids  = [0, *(chance.getrandbits(12) for _ in range(9))]
    pages  = (LINEAR, LINEAR + 0x1000, FOURTH, CONTEXTS.third)
    leaves = (0x4028, 0x4030, 0x4008, 0x5028)

    def step():
        pcid, page = chance.choice(pcids), chance.choice(pages)
        return chance.choices((
            ("control", (Register.CR3, 0x1000 | pcid | chance.choice((0, 1 << 63, 1 << 63)))),
            ("access", Access(page, 8, chance.choice((Kind.READ, Kind.WRITE)))),
            ("edit", chance.choice(leaves), chance.choice((0x9000, 0xa000)) | 0x27),
            ("invlpg", page),
            ("invpcid", (0, page << 64 | pcid)),
            ("invpcid", (1, pcid)),
        ), (4, 9, 1, 1, 2, 1))[0]

    async def main(cpu):
        judged = JudgedUnit(cpu)
        for each in (*CONTEXTS.start, *(step() for _ in range(1500))):
            await judged.do(each)

    compiled().run(main, deadline=100_000)


@pytest.mark.parametrize("write", [False, True])
def test_of_a_small_page_and_a_large_one_around_it_one_is_used_and_no_mixture(write):
    # SDM 4.10.2.3: a page whose size was changed may have translations of both sizes.
    small, large, other = Access(FOURTH, 8), Access(LINEAR, 8), Access(LONG.third, 8)
    again = Access(FOURTH, 8, Kind.WRITE if write else Kind.READ, data=1)

    async def main(cpu):
        judged = JudgedUnit(cpu)
        for step in (
                *LONG.start, ("access", small), ("edit", 0x3018, 0x20_0000 | 0xe7),
                ("invlpg", LONG.third), ("access", large), ("access", other)):
            await judged.do(step)
        evicted = cpu.events["evicted"]
        await judged.do(("access", again))
        assert evicted == 1 and cpu.events["hit_second"] == 1

    bench_of(**SMALL, **LONG.features).run(main)
