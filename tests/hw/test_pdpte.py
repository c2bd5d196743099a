"""The loader of the PDPTE registers by itself: its reads, its latency, and what it keeps."""

import pytest
from hw_support import simulate
from stream_support import idle

from hw.config import MmuConfig
from hw.pdpte import PdpteLoader

from .memory_support import RecordingMemory


PLACE   = 0x8765_43e0
ENTRIES = [0x12_3456_7000 | 1, 0xff_ffff_f000 | 0xe19, 0, 0x98_7654_3000 | 0x801]


class Bench:
    """A loader with memory behind it, which a test drives."""

    def __init__(self, ctx, loader, memory):
        self.ctx, self.loader, self.memory = ctx, loader, memory

    async def load(self, entries, *, place=PLACE):
        """Load ``entries``; return the four, whether one is malformed, and the cycles it took."""
        for number, entry in enumerate(entries):
            self.memory.write(place + 8 * number, 8, entry)
        self.memory.transfers.clear()
        request = self.loader.request
        self.ctx.set(request.payload, place >> 5)
        self.ctx.set(request.valid, 1)
        taken, cycles = False, 0
        while not taken:
            _, _, taken, pdptes, malformed = await self.ctx.tick().sample(
                request.ready, self.loader.pdptes, self.loader.malformed)
            cycles += 1
        self.ctx.set(request.valid, 0)
        await idle(self.ctx, 2)
        return [pdptes[number].as_bits() for number in range(4)], bool(malformed), cycles - 1


def on_loader(test, *, memory=None, **features):
    """Run ``async def test(bench)`` on a loader of its own."""
    loader, memory = PdpteLoader(MmuConfig(pae=True, **features)), memory or RecordingMemory()

    async def main(ctx):
        await test(Bench(ctx, loader, memory))

    async def serve(ctx):
        await memory.serve(ctx, loader.memory)

    simulate(loader, main, background=(serve,), deadline=20_000)


def test_it_reads_the_four_words_in_order_and_stores_nothing():
    async def main(bench):
        assert await bench.load(ENTRIES) == (ENTRIES, False, 5)
        assert [(transfer.address, transfer.write, transfer.lock, transfer.sel)
                for transfer in bench.memory.transfers] == [
            (PLACE + 8 * number, False, False, 0xff) for number in range(4)]

    on_loader(main)


def test_each_bit_of_the_address_counts():
    async def main(bench):
        for bit in range(5, 32):
            assert await bench.load(ENTRIES, place=1 << bit) == (ENTRIES, False, 5)

    on_loader(main)


@pytest.mark.parametrize("number", range(4))
def test_a_malformed_one_is_told_whichever_it_is_and_only_then(number):
    async def main(bench):
        for bit in range(64):
            wrong = [*ENTRIES[:number], 1 << bit | 1, *ENTRIES[number + 1:]]
            _, malformed, _ = await bench.load(wrong)
            assert malformed is (bit in (1, 2, 5, 6, 7, 8) or bit >= 40), bit
        assert await bench.load(ENTRIES) == (ENTRIES, False, 5)

    on_loader(main)


def test_one_that_is_not_present_is_0_whatever_its_bits():
    async def main(bench):
        assert await bench.load([(1 << 64) - 2] * 4) == ([0] * 4, False, 5)

    on_loader(main)


@pytest.mark.parametrize("latency, stall, cycles", [(2, (), 9), (3, (), 13), (1, (True, False), 9)])
def test_no_read_begins_before_the_one_before_it_has_returned(latency, stall, cycles):
    memory = RecordingMemory()
    memory.latency, memory.stall = latency, stall

    async def main(bench):
        found, malformed, took = await bench.load(ENTRIES)
        assert (found, malformed) == (ENTRIES, False)
        assert took == cycles

    on_loader(main, memory=memory)
