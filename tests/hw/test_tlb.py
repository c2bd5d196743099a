"""The TLB by itself: every slot, every bit of its tag, every size of page."""

import random

import pytest
from amaranth.hdl import Shape
from hw_support import simulate

from hw.config import MmuConfig
from hw.layout import Flush, PageSize
from hw.presets import PRESETS
from hw.tlb import Tlb


#: Bits of a linear page number that are an offset in a page of each size (SDM Vol. 3A, Figures 4-2
#: to 4-4 and 4-8 to 4-10).
OFFSET_BITS = {PageSize.KIB4: 0, PageSize.MIB2: 9, PageSize.MIB4: 10, PageSize.GIB1: 18}

each_size   = pytest.mark.parametrize("size", PageSize, ids=lambda size: size.name)
each_preset = pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS)


class Bench:
    """A TLB that a test drives.

    Attributes
    ----------
    pages : :class:`list` of :class:`int`
        Page numbers that :meth:`fill_all` has put into the slots, one after the other.
    """

    def __init__(self, ctx, tlb):
        self.ctx, self.tlb = ctx, tlb
        self.slots = tlb.config.tlb_entries
        self.width = tlb.config.page_width
        self.pages = []

    async def fill(self, page, size, **fields):
        """Remember a translation; return whether that evicted another page's."""
        self.ctx.set(self.tlb.page, page)
        self.ctx.set(self.tlb.fill.payload, {"size": size, **fields})
        self.ctx.set(self.tlb.fill.valid, 1)
        evicted = self.ctx.get(self.tlb.evicted)
        await self.ctx.tick()
        self.ctx.set(self.tlb.fill.valid, 0)
        return evicted

    async def fill_all(self, size, *, chance):
        """Fill every slot with a page of ``size``, none of them one bit away from another."""
        low  = 18 if self.width > 20 else 10  # the largest page that there is
        high = chance.sample(range(1 << self.width - low - 1), self.slots)
        even = [number << 1 | number.bit_count() & 1 for number in high]
        self.pages = [number << low | chance.getrandbits(low) for number in even]
        for number, page in enumerate(self.pages):
            await self.fill(page, size, frame=number)

    async def invalidate(self, page):
        """Forget the translation of a page."""
        self.ctx.set(self.tlb.page, page)
        self.ctx.set(self.tlb.single, 1)
        await self.flush(Flush.OF_PCID_AND_GLOBAL)
        self.ctx.set(self.tlb.single, 0)

    async def drop(self):
        """Forget the translation that was looked up last."""
        self.ctx.set(self.tlb.drop, 1)
        await self.ctx.tick()
        self.ctx.set(self.tlb.drop, 0)

    async def flush(self, what):
        """Forget many translations."""
        self.ctx.set(self.tlb.flush, what)
        await self.ctx.tick()
        self.ctx.set(self.tlb.flush, Flush.NONE)

    async def hits(self, page):
        """Look ``page`` up; return whether there is a translation of it."""
        self.ctx.set(self.tlb.page, page)
        self.ctx.set(self.tlb.look, 1)
        await self.ctx.tick()
        self.ctx.set(self.tlb.look, 0)
        return bool(self.ctx.get(self.tlb.hit))

    async def frame_of(self, page):
        """Frame in the translation of ``page``; None if there is none."""
        return self.ctx.get(self.tlb.hit_entry.frame) if await self.hits(page) else None

    async def found(self, page):
        """The translation of ``page``, as bits."""
        assert await self.hits(page)
        return self.ctx.get(self.tlb.hit_entry).as_bits()


def on_tlb(config, test):
    """Run ``async def test(tlb)`` on a TLB of its own."""
    tlb = Tlb(config)

    async def main(ctx):
        await test(Bench(ctx, tlb))

    simulate(tlb, main, deadline=100_000)


def sizes_of(config):
    """Sizes of the pages that a unit has."""
    return [size for size in PageSize if config.long_mode or size in (
        PageSize.KIB4, PageSize.MIB4)]


@each_preset
def test_every_slot_hits_for_its_page_and_for_none_that_is_one_bit_away(config):
    async def main(tlb):
        chance = random.Random(11)
        for size in sizes_of(config):
            await tlb.fill_all(size, chance=chance)
            for page in tlb.pages:
                own = await tlb.found(page)
                for bit in range(tlb.width):
                    inside = bit < OFFSET_BITS[size]
                    assert await tlb.hits(page ^ 1 << bit) is inside, (size, page, bit)
                    assert not inside or await tlb.found(page ^ 1 << bit) == own

    on_tlb(config, main)


@each_preset
def test_every_slot_gives_back_every_bit_of_its_translation(config):
    async def main(tlb):
        width = Shape.cast(tlb.tlb.hit_entry.shape()).width
        for rotation in range(width):
            held = [1 << (rotation + slot) % width for slot in range(tlb.slots)]
            for number, bits in enumerate(held):
                # Far enough from each other for pages of every size.
                tlb.ctx.set(tlb.tlb.page, number << tlb.width - 4)
                tlb.ctx.set(tlb.tlb.fill.payload.as_value(), bits)
                tlb.ctx.set(tlb.tlb.fill.valid, 1)
                await tlb.ctx.tick()
            tlb.ctx.set(tlb.tlb.fill.valid, 0)
            assert [await tlb.found(number << tlb.width - 4) for number in range(tlb.slots)] == held

    on_tlb(config, main)


@each_size
def test_the_frame_is_the_page_s_with_its_offset_from_the_page_number(size):
    async def main(tlb):
        low = (1 << OFFSET_BITS[size]) - 1
        for bit in range(28):  # bits of a frame number: maxphyaddr is 40
            await tlb.fill(0, size, frame=1 << bit)
            assert await tlb.hits(0)
            assert tlb.ctx.get(tlb.tlb.frame) == 1 << bit & ~low
        for bit in range(OFFSET_BITS[size]):
            assert await tlb.hits(1 << bit)
            assert tlb.ctx.get(tlb.tlb.frame) == 1 << 27 | 1 << bit

    on_tlb(MmuConfig(), main)


@each_size
def test_an_invalidation_concerns_one_page_and_none_that_is_one_bit_away(size):
    async def main(tlb):
        chance = random.Random(12)
        for bit in range(tlb.width):
            for slot in range(tlb.slots):
                await tlb.fill_all(size, chance=chance)
                await tlb.invalidate(tlb.pages[slot] ^ 1 << bit)
                gone = {slot} if bit < OFFSET_BITS[size] else set()
                held = [await tlb.hits(page) for page in tlb.pages]
                assert held == [number not in gone for number in range(tlb.slots)], (bit, slot)

    on_tlb(MmuConfig(tlb_entries=2), main)


@each_preset
def test_a_drop_concerns_what_was_looked_up_last_and_nothing_else(config):
    async def main(tlb):
        for slot in range(tlb.slots):
            await tlb.flush(Flush.ALL)
            await tlb.fill_all(PageSize.KIB4, chance=random.Random(13))
            assert await tlb.hits(tlb.pages[slot])
            await tlb.drop()
            assert not tlb.ctx.get(tlb.tlb.hit)
            assert [await tlb.hits(page) for page in tlb.pages] == [
                number != slot for number in range(tlb.slots)]

    on_tlb(config, main)


@pytest.mark.parametrize("change", ["flush", "invalidate", "fill"])
def test_what_was_looked_up_goes_with_what_it_was_found_in(change):
    async def main(tlb):
        await tlb.fill(0x1000, PageSize.KIB4, frame=1)
        assert await tlb.hits(0x1000)
        if change == "flush":
            await tlb.flush(Flush.ALL)
        elif change == "invalidate":
            await tlb.invalidate(0x1000)
        else:
            await tlb.fill(0x1000, PageSize.KIB4, frame=2)
        assert tlb.ctx.get(tlb.tlb.hit) == (change == "fill")
        assert tlb.ctx.get(tlb.tlb.frame) == 2 * (change == "fill")

    on_tlb(MmuConfig(), main)


@pytest.mark.parametrize("new", PageSize, ids=lambda size: f"new-{size.name}")
@pytest.mark.parametrize("old", PageSize, ids=lambda size: f"old-{size.name}")
def test_a_fill_forgets_what_it_overlaps_and_nothing_that_is_one_bit_away(old, new):
    async def main(tlb):
        for bit in range(tlb.width):
            page = 0xa_5a5a_5a5a ^ -(bit & 1) & 0xf_ffff_ffff
            await tlb.flush(Flush.ALL)
            await tlb.fill(page, old, frame=1)
            await tlb.fill(page ^ 1 << bit, new, frame=2)
            kept = bit >= max(OFFSET_BITS[old], OFFSET_BITS[new])
            assert await tlb.frame_of(page ^ 1 << bit) == 2
            assert await tlb.frame_of(page) == (
                2 if bit < OFFSET_BITS[new] else 1 if kept else None)
            await tlb.fill(~page & 0xf_ffff_ffff, new)  # an odd number of fills: slots rotate

    on_tlb(MmuConfig(tlb_entries=4), main)


def test_a_local_flush_leaves_each_global_slot_and_no_other():
    async def main(tlb):
        for kept in range(tlb.slots):
            for number in range(tlb.slots):
                await tlb.fill(number << 20, PageSize.KIB4, global_page=number == kept)
            await tlb.flush(Flush.LOCAL)
            assert [await tlb.hits(number << 20) for number in range(tlb.slots)] == [
                number == kept for number in range(tlb.slots)]
            await tlb.flush(Flush.ALL)
            assert not await tlb.hits(kept << 20)

    on_tlb(MmuConfig(), main)


@each_preset
def test_replacement_is_round_robin_and_only_a_valid_slot_is_evicted(config):
    async def main(tlb):
        pages = range(1, 3 * tlb.slots)
        for number, page in enumerate(pages):
            assert await tlb.fill(page, PageSize.KIB4) == (number >= tlb.slots)
            held = [earlier for earlier in pages[:number + 1] if await tlb.hits(earlier)]
            assert held == list(pages[:number + 1][-tlb.slots:])

    on_tlb(config, main)
