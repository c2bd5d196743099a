"""The first level of the TLB by itself: its places, every bit of a tag, what goes and stays."""

import random

import pytest
from amaranth.hdl import Shape
from hw_support import simulate

from hw.config import MmuConfig
from hw.layout import Flush
from hw.presets import PRESETS
from hw.tlb.block import BlockFirstLevel
from hw.tlb.first import FirstLevel


each_preset = pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS)

#: In LUT RAM, and in block RAM.
each_kind = pytest.mark.parametrize("config", [MmuConfig(), PRESETS["tiny"]], ids=["lut", "block"])

SMALL = MmuConfig(tlb_entries=4)


class Bench:
    """A first level that a test drives.

    Attributes
    ----------
    ways, sets : :class:`int`
        Translations of a set, and sets.
    """

    def __init__(self, ctx, tlb):
        self.ctx, self.tlb = ctx, tlb
        self.ways  = tlb.config.tlb_ways
        self.sets  = tlb.config.tlb_entries // self.ways
        self.width = tlb.config.page_width

    async def strobe(self, **signals):
        """Set signals for a cycle."""
        for name, value in signals.items():
            self.ctx.set(getattr(self.tlb, name), value)
        await self.ctx.tick()
        for name in signals:
            self.ctx.set(getattr(self.tlb, name), 0)

    async def hits(self, page):
        """Look ``page`` up; return whether there is a translation of it."""
        await self.strobe(page=page, look=1)
        return bool(self.ctx.get(self.tlb.hit))

    async def fill(self, page, bits=None, **fields):
        """Remember a translation; return the page that it takes the place of, if there is one."""
        await self.hits(page)
        if bits is None:
            self.ctx.set(self.tlb.fill.payload, fields)
        else:
            self.ctx.set(self.tlb.fill.payload.as_value(), bits)
        self.ctx.set(self.tlb.fill.valid, 1)
        evicted = self.ctx.get(self.tlb.evicted_page) if self.ctx.get(self.tlb.evicted) else None
        await self.ctx.tick()
        self.ctx.set(self.tlb.fill.valid, 0)
        # What is in block RAM has to be looked up.
        assert self.ctx.get(self.tlb.hit) != self.tlb.config.block_ram
        await self.ctx.tick()
        return evicted

    async def found(self, page):
        """The translation of ``page``, as bits."""
        assert await self.hits(page)
        return self.ctx.get(self.tlb.entry).as_bits()


def on_tlb(config, test):
    """Run ``async def test(tlb)`` on a first level of its own."""
    tlb = (BlockFirstLevel if config.block_ram else FirstLevel)(config)

    async def main(ctx):
        await test(Bench(ctx, tlb))

    simulate(tlb, main, deadline=100_000)


@pytest.mark.slow
@each_preset
def test_every_place_hits_for_its_page_and_for_none_that_is_one_bit_away(config):
    async def main(tlb):
        chance = random.Random(11)
        for number in range(tlb.sets):
            # As many pages of the set as there are ways, that differ by more than a bit.
            first = chance.randrange(1 << tlb.width) // tlb.sets * tlb.sets | number
            pages = (first, first ^ 3 << tlb.width - 2)[:tlb.ways]
            for page in pages:
                await tlb.fill(page, frame=page & 0xff)
            for page in pages:
                assert await tlb.hits(page)
                for bit in range(tlb.width):
                    assert not await tlb.hits(page ^ 1 << bit), (number, page, bit)

    on_tlb(config, main)


@each_preset
def test_every_place_gives_back_every_bit_of_its_translation(config):
    async def main(tlb):
        width = Shape.cast(tlb.tlb.entry.shape()).width
        for rotation in range(width):
            held = {page: 1 << (rotation + page) % width for page in range(tlb.ways * tlb.sets)}
            for page, bits in held.items():
                await tlb.fill(page, bits)
            for page, bits in held.items():
                assert await tlb.found(page) == bits

    on_tlb(MmuConfig(**vars(config) | {"tlb_entries": 4}), main)


def test_a_fill_takes_the_same_page_then_a_free_place_then_the_older_one():
    async def main(tlb):
        first, second, third = 0x10, 0x20, 0x30
        assert [await tlb.fill(page) for page in (first, second, first)] == [None, None, None]
        assert await tlb.fill(third) == second
        assert await tlb.hits(first)
        await tlb.strobe(drop=1)
        assert await tlb.fill(second) is None
        assert [await tlb.hits(page) for page in (first, second, third)] == [False, True, True]
        assert await tlb.fill(first) == third

    on_tlb(SMALL, main)


def test_out_of_block_ram_a_fill_takes_the_one_place_of_its_page():
    async def main(tlb):
        first, second = 0x10, 0x10 + tlb.sets
        assert [await tlb.fill(page) for page in (first, first, second)] == [None, None, first]
        assert [await tlb.hits(page) for page in (first, second)] == [False, True]
        await tlb.strobe(drop=1)
        assert await tlb.fill(first) is None

    on_tlb(PRESETS["tiny"], main)


@each_kind
def test_a_set_does_not_take_the_place_of_another_one_s(config):
    async def main(tlb):
        pages = range(tlb.ways * tlb.sets)
        assert [await tlb.fill(page) for page in pages] == [None] * len(pages)
        assert await tlb.fill(len(pages)) == 0

    on_tlb(config, main)


@pytest.mark.slow
@each_kind
def test_a_drop_concerns_what_was_looked_up_last_and_nothing_else(config):
    async def main(tlb):
        pages = range(tlb.ways * tlb.sets)
        for gone in pages:
            for page in pages:
                await tlb.fill(page)
            assert await tlb.hits(gone)
            await tlb.strobe(drop=1)
            assert [await tlb.hits(page) for page in pages] == [page != gone for page in pages]

    on_tlb(config, main)


@each_kind
@pytest.mark.parametrize("signals, left", [
    ({"drop": 1},                           {2, 3, 4, 5}),
    ({"drop": 1, "spare": 1},               {2, 3, 4, 5}),
    ({"pieces": 1},                         {1, 2, 5}),
    ({"pieces": 1, "spare": 1},             {1, 2, 4, 5}),
    ({"drop": 1, "pieces": 1, "spare": 1},  {2, 4, 5}),
    ({"flush": Flush.LOCAL},                {4, 5}),
    ({"flush": Flush.ALL},                  set()),
])
def test_what_goes_and_what_stays(signals, left, config):
    async def main(tlb):
        for page in (2, 3, 4, 5, 1):
            await tlb.fill(page, large=page in (3, 4), global_page=page in (4, 5))
        assert await tlb.hits(1)
        await tlb.strobe(**signals)
        assert {page for page in range(1, 6) if await tlb.hits(page)} == left

    on_tlb(config, main)


@each_kind
def test_a_drop_leaves_a_global_translation_if_it_is_to_be_spared(config):
    async def main(tlb):
        await tlb.fill(1, global_page=1)
        await tlb.strobe(drop=1, spare=1)
        assert await tlb.hits(1)
        await tlb.strobe(drop=1)
        assert not await tlb.hits(1)

    on_tlb(config, main)
