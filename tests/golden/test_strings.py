"""Strings on the golden machine, which it does page by page, beside their accesses one by one."""

import asyncio

import pytest
from paging_support import CR0_32

from sim.golden.bus import GoldenBus
from sw.bus import Access, Kind, Register, naturally_aligned


ROOT, LOW, HIGH = 0x10, 0x11, 0x12   # frames of the root, and of its first and last table
FRAMES          = (0, 1, 2, 3, ROOT, LOW, HIGH, 0xffffe)
WP              = 1 << 16


def mapped(pages, rights):
    """A machine with identical 32-bit mappings of some pages, and with the last page in frame 3.

    Page 0 has been read, so that it is in the TLB.
    """
    bus = GoldenBus()
    for frame, entry, value in ((ROOT, 0, LOW << 12 | 7), (ROOT, 1023, HIGH << 12 | 7),
                                (HIGH, 1023, 3 << 12 | 7),
                                *((LOW, page, page << 12 | rights) for page in pages)):
        bus.mmu.memory.write((frame << 12) + 4 * entry, 4, value)
    for register, value in ((Register.CR3, ROOT << 12), (Register.CR0, CR0_32 | WP)):
        asyncio.run(bus.write_control(register, value))
    asyncio.run(bus.access(Access(0, 1)))
    return bus


async def as_a_string(bus, linear, data, kind, user):
    """Store ``data``, or load as much; return the bytes before the first fault, and that."""
    if kind is Kind.READ:
        return await bus.load_string(linear, len(data), user=user)
    done, fault = await bus.store_string(linear, data, user=user)
    return data[:done], fault


async def one_by_one(bus, linear, data, kind, user):
    """Do the same in the accesses that the protocol has for it."""
    done = b""
    for address, size in naturally_aligned(linear, len(data)):
        value    = int.from_bytes(data[len(done):len(done) + size], "little")
        response = await bus.access(
            Access(address, size, kind, user, data=value if kind is Kind.WRITE else 0))
        if response.fault is not None:
            return done, response.fault
        done += (response.data if kind is Kind.READ else value).to_bytes(size, "little")
    return done, None


@pytest.mark.parametrize("user", [False, True])
@pytest.mark.parametrize("kind", [Kind.READ, Kind.WRITE])
@pytest.mark.parametrize("linear, count", [
    (0x2801, 511), (0x0ffd, 8), (0x0e00, 512),
    (0x0e07, 512),                # into page 1
    (0xffff_fe03, 512),           # from the last page into the first
    ((1 << 64) - 3, 10),          # behind the last address comes 0
    (0x11003, 300),               # over the entries of its own page
    (0x0000, 0),
])
@pytest.mark.parametrize("pages, rights", [
    ((0,), 7), ((0, 1), 7), ((0, 1), 5), ((0, 1, 2), 3), ((0, 2, LOW), 7)])
def test_a_string_does_what_its_accesses_do(pages, rights, linear, count, kind, user):
    ends, machines = [], []
    for play in (as_a_string, one_by_one):
        bus  = mapped(pages, rights)
        data = bytes(1 + i % 255 for i in range(count))
        done, fault = asyncio.run(play(bus, linear, data, kind, user))
        ends.append((done, str(fault), bus.mmu.state))
        machines.append([(bytes(bus.mmu.memory.page(frame)), bus.mmu.tlb.find(frame << 12))
                         for frame in FRAMES])
    assert ends[0] == ends[1]
    assert machines[0] == machines[1]
