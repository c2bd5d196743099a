"""The locked update by itself: every bit of what an entry must be, and of what it gets."""

import pytest
from hw_support import simulate
from stream_support import idle

from hw.config import MmuConfig
from hw.updater import Updater

from .memory_support import RecordingMemory


PLACE = 0x12_3456_7000
FOUND = 0x0123_4567_89ab_cdef


class Bench:
    """An updater with memory behind it, which a test drives."""

    def __init__(self, ctx, updater, memory):
        self.ctx, self.updater, self.memory = ctx, updater, memory

    async def update(self, *, found=FOUND, expected, updated, offset=0, wide):
        """Do one update of an entry in a word that holds ``found``.

        Returns whether the entry had changed, and the word afterwards.
        """
        self.memory.write(PLACE, 8, found)
        self.memory.transfers.clear()
        request = self.updater.request
        self.ctx.set(request.payload, {
            "address": PLACE + offset, "wide": wide, "expected": expected, "updated": updated})
        self.ctx.set(request.valid, 1)
        done = changed = 0
        while not done:
            _, _, done, changed = await self.ctx.tick().sample(
                self.updater.done, self.updater.changed)
        self.ctx.set(request.valid, 0)
        await idle(self.ctx, 1)
        return bool(changed), self.memory.read(PLACE, 8)


def on_updater(test):
    """Run ``async def test(bench)`` on an updater of its own."""
    updater, memory = Updater(MmuConfig()), RecordingMemory()

    async def main(ctx):
        await test(Bench(ctx, updater, memory))

    async def serve(ctx):
        await memory.serve(ctx, updater.memory)

    simulate(updater, main, background=(serve,), deadline=20_000)


def half(word, offset):
    """The 4 bytes at ``offset`` of an 8-byte word."""
    return word >> 8 * offset & 0xffff_ffff


def test_each_bit_that_has_changed_keeps_an_8_byte_entry_as_it_is():
    async def main(bench):
        for bit in range(64):
            assert await bench.update(expected=FOUND ^ 1 << bit, updated=0, wide=1) == (True, FOUND)
            assert not any(transfer.write for transfer in bench.memory.transfers)

    on_updater(main)


@pytest.mark.parametrize("offset", [0, 4])
def test_each_bit_that_has_changed_keeps_a_4_byte_entry_as_it_is(offset):
    async def main(bench):
        for bit in range(32):
            expected = half(FOUND, offset) ^ 1 << bit
            assert await bench.update(
                expected=expected, updated=0, offset=offset, wide=0) == (True, FOUND)

    on_updater(main)


def test_each_bit_of_an_8_byte_entry_is_stored():
    async def main(bench):
        for bit in range(64):
            updated = FOUND ^ 1 << bit
            assert await bench.update(expected=FOUND, updated=updated, wide=1) == (False, updated)

    on_updater(main)


@pytest.mark.parametrize("offset", [0, 4])
def test_each_bit_of_a_4_byte_entry_is_stored_and_its_neighbour_does_not_count(offset):
    async def main(bench):
        for bit in range(32):
            found    = FOUND ^ 1 << bit + 8 * (4 - offset)  # a bit in the other half
            expected = half(FOUND, offset)
            assert await bench.update(
                found=found, expected=expected, updated=expected ^ 1 << bit, offset=offset, wide=0,
            ) == (False, found ^ 1 << bit + 8 * offset)

    on_updater(main)


@pytest.mark.parametrize("wide, offset, sel", [(1, 0, 0xff), (0, 0, 0x0f), (0, 4, 0xf0)])
def test_an_update_selects_the_bytes_of_its_entry_and_no_others(wide, offset, sel):
    async def main(bench):
        expected = FOUND if wide else half(FOUND, offset)
        await bench.update(expected=expected, updated=0, offset=offset, wide=wide)
        assert [(transfer.address, transfer.write, transfer.sel)
                for transfer in bench.memory.transfers] == [(PLACE, 0, sel), (PLACE, 1, sel)]

    on_updater(main)
