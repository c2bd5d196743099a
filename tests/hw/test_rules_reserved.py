"""Rules 29 and 30 on the gateware: reserved bits. docs/paging-rules.md explains them.

Every bit of an entry is set by itself, and those that make a walk fault with RSVD are compared with
the manual's tables, which are stated here by hand (SDM Vol. 3A, Tables 4-4 to 4-6, 4-9 to 4-11,
4-14 to 4-20).
"""

import pytest
from paging_support import FIVE_LEVELS, FOUR_LEVELS, PAE_TABLES, TWO_LEVELS

from sw.bus import Access, Kind, PageFault, Register

from .mmu_support import Unit, compiled, five_levels, four_levels, pae_paging, two_levels
from .rules_support import (
    BY_USER, FETCHED, LINEAR, NXE, P, PAGE, PRESENT, PS, PSE, READ, RESERVED, RW, US, WRITTEN,
    error, map_page, reach,
)


XD = 63

WIDTHS = [32, 39, 40, 52]

in_each_width = pytest.mark.parametrize("maxphyaddr", WIDTHS)


def run(mark, test, on=None):
    """Run a coroutine of the processor on a unit that a mark names, or on a compiled bench's."""
    unit, = mark.args
    assert isinstance(unit, Unit)
    unit.run(test, on=on)


def found_reserved(mark, form, depth, *, large=False, on=None):
    """Bits that fault with RSVD when they are set in an entry, besides P and, if ``large``, PS."""
    found = set()

    async def test(cpu):
        entries = map_page(cpu, form=form)
        before  = cpu.memory.read(entries[depth - 1], form[1])
        for bit in range(1, 8 * form[1]):
            entry = P | 1 << bit | PS * large
            cpu.memory.write(entries[depth - 1], form[1], entry)
            fault = (await cpu.access(READ)).fault
            if isinstance(fault, PageFault) and fault.error_code == PRESENT | RESERVED:
                found.add(bit)
            await cpu.invlpg(LINEAR)
        cpu.memory.write(entries[depth - 1], form[1], before)

    run(mark, test, on)
    return found


@in_each_width
@pytest.mark.parametrize("nxe", [0, NXE])
@pytest.mark.parametrize("depth, large, besides", [
    (1, False, set()), (1, True, set(range(13, 21))), (2, False, set()),
], ids=["PDE", "PDE of 2 MiB", "PTE"])
def test_rule_29_entries_of_pae_paging(depth, large, besides, nxe, maxphyaddr):
    expected = {*range(maxphyaddr, 63), *besides} | ({XD} if not nxe else set())
    assert found_reserved(pae_paging(maxphyaddr=maxphyaddr, efer=nxe), PAE_TABLES, depth,
                          large=large, on=compiled()) == expected


@pytest.mark.parametrize("kind, user, code", [
    (Kind.WRITE, False, WRITTEN), (Kind.READ, True, BY_USER),
    (Kind.FETCH, True, BY_USER | FETCHED),
])
@pytest.mark.parametrize("bit", [40, 52, 58, 62])
@pae_paging(efer=NXE)
async def test_rule_29_the_error_code_tells_the_access(cpu, kind, user, code, bit):
    map_page(cpu, PAGE | 1 << bit, form=PAE_TABLES)
    assert await error(cpu, Access(LINEAR, 1, kind, user)) == PRESENT | RESERVED | code


@pae_paging()
async def test_rule_29_a_missing_entry_has_no_reserved_bits(cpu):
    _, pte = map_page(cpu, 0xffff_ffff_ffff_fffe, form=PAE_TABLES)
    assert await error(cpu, READ) == 0
    map_page(cpu, 0xffff_ffff_ffff_fffe, form=PAE_TABLES, depth=1)
    assert await error(cpu, READ) == 0
    assert cpu.memory.read(pte, 8) == 0xffff_ffff_ffff_fffe


@in_each_width
def test_rule_30_bits_of_a_4_mib_page_that_are_no_address_bits_are_reserved(maxphyaddr):
    expected = {*range(13 + min(maxphyaddr, 40) - 32, 21), 21}
    assert found_reserved(two_levels(maxphyaddr=maxphyaddr, cr4=PSE), TWO_LEVELS, 1,
                          large=True, on=compiled()) == expected


@in_each_width
def test_rule_30_the_others_are_bits_of_the_frame(maxphyaddr):
    async def test(cpu):
        for bit in range(32, min(maxphyaddr, 40)):
            map_page(cpu, 0xffc0_0000 | 1 << bit - 19 | PS | P | RW | US, form=TWO_LEVELS, depth=1)
            assert await reach(cpu, READ) == 1 << bit | 0xffc0_0000 | LINEAR & 0x3f_ffff
            await cpu.invlpg(LINEAR)

    run(two_levels(maxphyaddr=maxphyaddr, cr4=PSE), test, compiled())


@pytest.mark.slow
@pytest.mark.parametrize("cr4, depth", [(0, 1), (0, 2), (PSE, 2)])
def test_rule_30_no_other_entry_of_32_bit_paging_has_reserved_bits(cr4, depth):
    assert found_reserved(two_levels(maxphyaddr=32, cr4=cr4), TWO_LEVELS, depth) == set()


#: Entries of 5-level paging by depth and PS; and what is reserved in them besides the bits from
#: MAXPHYADDR to 51. 4-level paging has the same without the first.
LONG = {
    "PML5E":          (1, False, {7}),
    "PML4E":          (2, False, {7}),
    "PDPTE":          (3, False, set()),
    "PDPTE of 1 GiB": (3, True,  set(range(13, 30))),
    "PDE":            (4, False, set()),
    "PDE of 2 MiB":   (4, True,  set(range(13, 21))),
    "PTE":            (5, False, set()),
}


@pytest.mark.slow
@pytest.mark.parametrize("maxphyaddr", [32, 40, 52])
@pytest.mark.parametrize("nxe", [0, NXE])
@pytest.mark.parametrize("levels, name", [
    (levels, name) for levels in (4, 5) for name in LONG if (levels, name) != (4, "PML5E")])
def test_entries_of_long_mode(levels, name, nxe, maxphyaddr):
    depth, large, besides = LONG[name]
    mark, form = {4: (four_levels, FOUR_LEVELS), 5: (five_levels, FIVE_LEVELS)}[levels]
    found = found_reserved(mark(maxphyaddr=maxphyaddr, efer=nxe), form, depth - 5 + levels,
                           large=large, on=compiled())
    assert found == {*range(maxphyaddr, 52), *besides} | ({XD} if not nxe else set())


@pytest.mark.slow
@in_each_width
def test_a_unit_of_one_width_knows_which_bits_it_has_not(maxphyaddr):
    assert found_reserved(four_levels(maxphyaddr=maxphyaddr, efer=NXE), FOUR_LEVELS, 4) == {
        *range(maxphyaddr, 52)}


@pytest.mark.slow
@pytest.mark.parametrize("mark, form, depth", [
    (four_levels, FOUR_LEVELS, 2), (five_levels, FIVE_LEVELS, 3)], ids=["4-level", "5-level"])
def test_ps_of_a_pdpte_is_reserved_without_gigabyte_pages(mark, form, depth):
    assert found_reserved(mark(maxphyaddr=52, efer=NXE, gigabyte_pages=False), form, depth) == {7}


@in_each_width
@pytest.mark.parametrize("mark, form", [
    (pae_paging, PAE_TABLES), (four_levels, FOUR_LEVELS), (five_levels, FIVE_LEVELS),
], ids=["PAE", "4-level", "5-level"])
def test_every_frame_below_maxphyaddr_can_be_mapped(mark, form, maxphyaddr):
    async def test(cpu):
        for bit in range(12, maxphyaddr):
            map_page(cpu, 1 << bit | P | RW | US, form=form)
            assert await reach(cpu, READ) == 1 << bit
            await cpu.invlpg(LINEAR)
            await cpu.write_control(Register.CR2, 0)

    run(mark(maxphyaddr=maxphyaddr), test, compiled())
