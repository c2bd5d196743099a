"""Reads of a walk: every bit of the linear address, and of every address in an entry."""

import pytest
from paging_support import FIVE_LEVELS, FOUR_LEVELS, PAE_TABLES, TWO_LEVELS

from sw.bus import Register

from .memory_support import RecordingMemory
from .mmu_support import five_levels, four_levels, pae_paging, two_levels
from .rules_support import A, D, P, PGE, PS, PSE, RW, US, Access, reach


FLAGS = P | RW | US | A | D

#: Addresses of tables and pages that do not move: none is a power of two.
FIXED = (0x3000, 0x5000, 0x6000, 0x7000, 0x9000, 0xa000)

#: PDPTEs of PAE paging, here the only ones in memory.
TABLE = 0xb000


def write_tables(cpu, form, linear, places, *, large=0):
    """Map ``linear`` by tables, the root first, to a page, the last of ``places``."""
    levels, size = form
    for (shift, bits), table, below in zip(levels, places[:-1], places[1:], strict=False):
        flags = FLAGS | large * (below is places[-1])
        cpu.memory.write(table + (linear >> shift & (1 << bits) - 1) * size, size, below | flags)


def moved(count, level, bit):
    """``count`` places, of which that at ``level`` is a power of two."""
    return [*FIXED[:level], 1 << bit, *FIXED[level + 1:count]]


async def set_root(cpu, form, place):
    """Make the table at ``place`` the first of walks: of PAE paging, in each quarter."""
    if form is not PAE_TABLES:
        return await cpu.write_control(Register.CR3, place)
    for number in range(4):
        cpu.memory.write(TABLE + 8 * number, 8, place | P)
    return await cpu.write_control(Register.CR3, TABLE)


async def check(cpu, form, places, *, large=0):
    """A walk by these tables ends at the page, whose contents are read."""
    await set_root(cpu, form, places[0])
    write_tables(cpu, form, 0, places, large=large)
    cpu.memory.write(places[-1] + 8, 8, places[-1])
    outcome = await cpu.access(Access(8, 8))
    assert (outcome.physical, outcome.data) == (places[-1] + 8, places[-1]), places


@pytest.mark.slow
@pytest.mark.parametrize("level", range(5), ids=["cr3", "pml4e", "pdpte", "pde", "pte"])
@four_levels()
async def test_each_bit_of_an_address_in_an_entry_counts(cpu, level):
    for bit in range(12, 40):
        await check(cpu, FOUR_LEVELS, moved(5, level, bit))


@pytest.mark.slow
@pytest.mark.parametrize("level", range(6), ids=["cr3", "pml5e", "pml4e", "pdpte", "pde", "pte"])
@five_levels()
async def test_each_bit_of_an_address_in_an_entry_counts_with_five_levels(cpu, level):
    for bit in range(12, 40):
        await check(cpu, FIVE_LEVELS, moved(6, level, bit))


@pytest.mark.slow
@pytest.mark.parametrize("level", range(3), ids=["pdpte", "pde", "pte"])
@pae_paging()
async def test_each_bit_of_an_address_in_an_entry_counts_in_pae_paging(cpu, level):
    for bit in range(12, 40):
        await check(cpu, PAE_TABLES, moved(3, level, bit))


@pytest.mark.parametrize("level", range(3), ids=["cr3", "pde", "pte"])
@two_levels()
async def test_each_bit_of_an_address_in_an_entry_counts_with_two_levels(cpu, level):
    for bit in range(12, 32):
        await check(cpu, TWO_LEVELS, moved(3, level, bit))


@pytest.mark.parametrize("depth, lowest", [(2, 30), (3, 21)], ids=["1-gib", "2-mib"])
@four_levels()
async def test_each_bit_of_the_address_of_a_large_page_counts(cpu, depth, lowest):
    for bit in range(lowest, 40):
        await check(cpu, FOUR_LEVELS, moved(depth + 1, depth, bit), large=PS)


@pae_paging()
async def test_each_bit_of_the_address_of_a_large_page_counts_in_pae_paging(cpu):
    for bit in range(21, 40):
        await check(cpu, PAE_TABLES, moved(2, 1, bit), large=PS)


@two_levels(cr4=PSE)
async def test_each_of_the_upper_bits_of_the_address_of_a_4_mib_page_counts(cpu):
    for bit in range(22, 32):
        await check(cpu, TWO_LEVELS, moved(2, 1, bit), large=PS)


def distinct(form, linear, number):
    """Tables for ``linear``, of its own from the level on at which its index is not 0."""
    levels, _ = form
    own  = [bool(linear >> shift) for shift, _ in levels]
    base = 0x10_0000 + number * 0x1_0000
    return [FIXED[0], *(base + 0x1000 * depth if used else FIXED[depth]
                        for depth, used in enumerate(own, start=1))]


@pytest.mark.slow
@four_levels()
async def test_each_bit_of_a_page_number_selects_another_page(cpu):
    await cpu.write_control(Register.CR3, FIXED[0])
    pages = {1 << bit: distinct(FOUR_LEVELS, 1 << bit, bit) for bit in range(12, 48)}
    for linear, places in pages.items():
        write_tables(cpu, FOUR_LEVELS, linear, places)
    for linear, places in pages.items():
        canonical = linear | 0xffff << 48 if linear >> 47 else linear
        assert await reach(cpu, Access(canonical + 8, 8)) == places[-1] + 8


@pytest.mark.slow
@five_levels()
async def test_each_bit_of_a_page_number_selects_another_page_with_five_levels(cpu):
    await cpu.write_control(Register.CR3, FIXED[0])
    pages = {1 << bit: distinct(FIVE_LEVELS, 1 << bit, bit) for bit in range(12, 57)}
    for linear, places in pages.items():
        write_tables(cpu, FIVE_LEVELS, linear, places)
    for linear, places in pages.items():
        canonical = linear | 0xff << 56 if linear >> 56 else linear
        assert await reach(cpu, Access(canonical + 8, 8)) == places[-1] + 8


@pae_paging()
async def test_each_bit_of_a_page_number_selects_another_page_in_pae_paging(cpu):
    # Bits 30 and 31 select a register: rule 20.
    await set_root(cpu, PAE_TABLES, FIXED[0])
    pages = {1 << bit: distinct(PAE_TABLES, 1 << bit, bit) for bit in range(12, 30)}
    for linear, places in pages.items():
        write_tables(cpu, PAE_TABLES, linear, places)
    for linear, places in pages.items():
        assert await reach(cpu, Access(linear + 8, 8)) == places[-1] + 8


@two_levels()
async def test_each_bit_of_a_page_number_selects_another_page_with_two_levels(cpu):
    await cpu.write_control(Register.CR3, FIXED[0])
    pages = {1 << bit: distinct(TWO_LEVELS, 1 << bit, bit) for bit in range(12, 32)}
    for linear, places in pages.items():
        write_tables(cpu, TWO_LEVELS, linear, places)
    for linear, places in pages.items():
        assert await reach(cpu, Access(linear + 8, 8)) == places[-1] + 8


# Byte lanes.

@four_levels(cr4=PGE, memory=RecordingMemory)
async def test_a_walk_selects_all_8_bytes_of_each_entry(cpu):
    write_tables(cpu, FOUR_LEVELS, 0x1000, FIXED)
    await cpu.write_control(Register.CR3, FIXED[0])
    await reach(cpu, Access(0x1000, 1))
    *walk, _ = cpu.memory.transfers
    assert [transfer.sel for transfer in walk] == [0xff] * 4


@pae_paging(memory=RecordingMemory)
async def test_a_walk_selects_all_8_bytes_of_each_entry_in_pae_paging(cpu):
    for index in (0, 1):
        write_tables(cpu, PAE_TABLES, index << 21 | index << 12, FIXED[:3])
    await set_root(cpu, PAE_TABLES, FIXED[0])
    for index in (0, 1):
        cpu.memory.transfers.clear()
        await reach(cpu, Access(index << 21 | index << 12, 1))
        *walk, _ = cpu.memory.transfers
        assert [transfer.sel for transfer in walk] == [0xff] * 2


@pytest.mark.parametrize("directory", [0, 1])
@pytest.mark.parametrize("table", [0, 1])
@two_levels(memory=RecordingMemory)
async def test_a_walk_selects_the_4_bytes_of_each_entry_with_two_levels(cpu, directory, table):
    linear = directory << 22 | table << 12
    write_tables(cpu, TWO_LEVELS, linear, FIXED[:3])
    await cpu.write_control(Register.CR3, FIXED[0])
    await reach(cpu, Access(linear, 1))
    *walk, _ = cpu.memory.transfers
    assert [transfer.sel for transfer in walk] == [(0x0f, 0xf0)[directory], (0x0f, 0xf0)[table]]
