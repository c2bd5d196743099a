"""Every bit of an access: of its data, of what it is compared with, and of its linear address."""

import itertools
import random

import pytest
from paging_support import TWO_LEVELS

from hw.layout import Fault
from sw.bus import Access, GeneralProtection, Kind, PageFault

from .memory_support import RecordingMemory
from .mmu_support import five_levels, four_levels, paging_off, two_levels
from .rules_support import A, LINEAR, P, PAGE, READ, RW, US, error, map_page, reach


SIZES = (1, 2, 4, 8)
ALL   = (1 << 64) - 1


def bits(size):
    """Mask of a value of so many bytes."""
    return (1 << 8 * size) - 1


async def burst(cpu, accesses):
    """Do accesses back to back; none may fault. Return the responses."""
    responses = await cpu.burst(accesses, chained=set(), ready=lambda cycle: True)
    assert all(response.fault is Fault.NONE for response in responses)
    return responses


#: Entries whose accessed flag is set already, which saves cycles.
UPPER, LEAF = P | RW | US | A, PAGE | A


# Data. Each access has 16 bytes of memory to itself, which it does not fill.

#: 8 bytes in which one bit is unlike the others: each bit in turn.
WALK = [1 << bit if bit % 2 else ALL ^ 1 << bit for bit in range(64)]


def operands():
    """Offsets, sizes and values: each bit of 8 bytes, and anything in fewer."""
    chance = random.Random(5)
    for offset in range(8):
        yield from ((offset, 8, value) for value in WALK)
        yield from ((offset, size, chance.getrandbits(64)) for size in SIZES for _ in range(4))


@pytest.mark.slow
@paging_off()
async def test_a_store_puts_each_bit_in_its_place_and_leaves_the_bytes_around_it(cpu):
    chance, stores, expected = random.Random(6), [], []
    for number, (offset, size, value) in enumerate(operands()):
        around = chance.getrandbits(128)
        cpu.memory.write(number * 16, 16, around)
        stores.append(Access(number * 16 + offset, size, Kind.WRITE, data=value))
        expected.append(around & ~(bits(size) << 8 * offset) | (value & bits(size)) << 8 * offset)
    await burst(cpu, stores)
    assert [cpu.memory.read(n * 16, 16) for n in range(len(stores))] == expected


@pytest.mark.slow
@paging_off()
async def test_a_load_gets_each_bit_from_its_place_and_zeros_beyond_its_size(cpu):
    chance, loads, expected = random.Random(7), [], []
    for number, (offset, size, value) in enumerate(operands()):
        around = chance.getrandbits(128) & ~(ALL << 8 * offset)
        cpu.memory.write(number * 16, 16, around | value << 8 * offset)
        loads.append(Access(number * 16 + offset, size, chance.choice((Kind.READ, Kind.FETCH))))
        expected.append(value & bits(size))
    assert [response.data for response in await burst(cpu, loads)] == expected


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0, 5])
@paging_off()
async def test_an_exchange_gets_and_puts_each_bit(cpu, offset):
    swaps = [Access(0x40 + offset, 8, Kind.EXCHANGE, data=value) for value in WALK]
    responses = await burst(cpu, swaps)
    assert [response.data for response in responses] == [0, *(each.data for each in swaps[:-1])]
    assert cpu.memory.read(0x40, 16) == swaps[-1].data << 8 * offset


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0, 5])
@pytest.mark.parametrize("size", SIZES)
@paging_off()
async def test_a_compare_exchange_compares_each_bit_of_its_size_and_no_other(cpu, size, offset):
    found = 0x0123_4567_89ab_cdef
    tries = [
        Access(number * 16 + offset, size, Kind.COMPARE_EXCHANGE, data=ALL ^ found,
               compare=found ^ difference)
        for number, difference in enumerate((0, *(1 << bit for bit in range(64))))
    ]
    for each in tries:
        cpu.memory.write(each.linear, 8, found)
    responses = await burst(cpu, tries)
    assert {response.data for response in responses} == {found & bits(size)}
    stored = [cpu.memory.read(each.linear, 8) != found for each in tries]
    assert stored == [True, *(bit >= 8 * size for bit in range(64))]
    assert cpu.memory.read(offset, 8) == found ^ bits(size)


@pytest.mark.slow
@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.value)
@paging_off(memory=RecordingMemory)
async def test_an_access_selects_its_bytes_and_no_others(cpu, kind):
    for offset, size in itertools.product(range(8), SIZES):
        cpu.memory.transfers.clear()
        await reach(cpu, Access(0x40 + offset, size, kind))
        lanes    = (1 << size) - 1 << offset
        selected = [(0x40, lanes & 0xff)] + [(0x48, lanes >> 8)] * (lanes > 0xff)
        locked   = kind in (Kind.EXCHANGE, Kind.COMPARE_EXCHANGE)
        assert [(transfer.address, transfer.sel) for transfer in cpu.memory.transfers] == (
            selected * (2 if locked else 1))


# Linear addresses.

@paging_off()
async def test_without_paging_the_low_32_bits_of_an_address_are_the_physical_one(cpu):
    responses = await burst(cpu, [Access(1 << bit, 1) for bit in range(64)])
    assert [response.physical for response in responses] == [
        1 << bit if bit < 32 else 0 for bit in range(64)]


def addresses():
    """Canonical addresses that differ from 0, or from the highest one, in one of 48 bits."""
    for bit in range(48):
        low = -1 << 47 if bit == 47 else 1 << bit  # bits 63 to 47 are equal
        yield from (low & ALL, ~low & ALL)


@pytest.mark.slow
@four_levels()
async def test_cr2_gets_each_bit_of_a_faulting_address(cpu):
    for linear in addresses():
        assert await error(cpu, Access(linear, 1)) == 0


@pytest.mark.slow
@five_levels()
async def test_cr2_gets_each_bit_of_a_faulting_address_with_five_levels(cpu):
    for bit in range(57):
        low = (-1 << 56 if bit == 56 else 1 << bit) & ALL  # bits 63 to 56 are equal
        for linear in (low, low ^ ALL):
            assert await error(cpu, Access(linear, 1)) == 0


@pytest.mark.slow
@two_levels()
async def test_cr2_gets_the_low_32_bits_of_a_faulting_address_outside_long_mode(cpu):
    for bit in range(64):
        for linear in (1 << bit, ALL ^ 1 << bit):
            fault = (await cpu.access(Access(linear, 1))).fault
            assert isinstance(fault, PageFault)
            assert fault.address == linear & 0xffff_ffff


@pytest.mark.parametrize("linear", [LINEAR, -LINEAR & ALL], ids=["lower-half", "upper-half"])
@four_levels()
async def test_each_of_bits_63_to_47_makes_an_address_non_canonical(cpu, linear):
    for bit in range(47, 64):
        outcome = await cpu.access(Access(linear ^ 1 << bit, 1))
        assert isinstance(outcome.fault, GeneralProtection), bit


@pytest.mark.slow
@pytest.mark.parametrize("linear", [LINEAR, -LINEAR & ALL & -4096],
                         ids=["lower-half", "upper-half"])
@four_levels()
async def test_invlpg_concerns_a_page_and_none_that_is_one_bit_away(cpu, linear):
    for bit in range(64):
        *_, leaf = map_page(cpu, LEAF, linear=linear, upper=UPPER)
        await reach(cpu, Access(linear, 8))
        cpu.memory.write(leaf, 8, 0)
        await cpu.invlpg(linear ^ 1 << bit)
        kept = (await cpu.access(Access(linear, 8))).fault is None
        assert kept is (bit >= 12), bit
        await cpu.invlpg(linear)


@pytest.mark.slow
@two_levels()
async def test_invlpg_concerns_the_low_32_bits_outside_long_mode(cpu):
    for bit in range(64):
        *_, leaf = map_page(cpu, LEAF, form=TWO_LEVELS, upper=UPPER)
        await reach(cpu, READ)
        cpu.memory.write(leaf, 4, 0)
        await cpu.invlpg(LINEAR ^ 1 << bit)
        kept = (await cpu.access(READ)).fault is None
        assert kept is (12 <= bit < 32), bit
        await cpu.invlpg(LINEAR)
