"""Rule 37 on the gateware: five levels. docs/paging-rules.md explains it."""

import pytest
from paging_support import (
    CR0_32, CR4_LA57, CR4_LONG, EFER_LONG, FIVE_LEVELS, FOUR_LEVELS, PAE_TABLES, ROOT, TWO_LEVELS,
)

from sw.bus import Access, GeneralProtection, Kind, PageFault, Register

from .mmu_support import Unit, five_levels, four_levels, pae_paging, paging_off, two_levels
from .rules_support import (
    A, BY_USER, D, FETCHED, FRAME, LA57, NXE, P, PAE, PAGE, PE, PG, PRESENT, PS, READ, RESERVED,
    RW, US, WRITTEN, XD, change, error, map_page, reach, refused,
)


LINEAR = 0x12_3456_789a_b000

#: The bounds of the addresses that are not canonical, with 57 bits.
LOW, HIGH = 1 << 56, (1 << 64) - (1 << 56)


def map_five(cpu, leaf=PAGE, **parameters):
    """Write a chain of five tables; return the addresses of its entries."""
    return map_page(cpu, leaf, form=FIVE_LEVELS, **{"linear": LINEAR} | parameters)


@five_levels()
async def test_rule_37_nine_more_bits_of_the_address_select_the_first_entry(cpu):
    entries = map_five(cpu, 0xab_cdef_9000 | P | RW | US)
    assert [entry & 0xfff for entry in entries] == [
        8 * (LINEAR >> shift & 0x1ff) for shift in (48, 39, 30, 21, 12)]
    assert await reach(cpu, Access(LINEAR + 0xcde, 1)) == 0xab_cdef_9cde
    for bit in range(48, 56):
        assert await error(cpu, Access(LINEAR ^ 1 << bit, 1)) == 0


@pytest.mark.parametrize("depth, size", [(4, 1 << 21), (3, 1 << 30)])
@five_levels()
async def test_rule_37_large_pages_are_those_of_four_levels(cpu, depth, size):
    map_five(cpu, 0x80_0000_0000 | PS | P | RW | US, depth=depth)
    assert await reach(cpu, Access(LINEAR, 1)) == 0x80_0000_0000 | LINEAR & size - 1


@pytest.mark.parametrize("linear, canonical", [
    (LOW - 1, True), (LOW, False), (HIGH - 1, False), (HIGH, True), (1 << 47, True),
    ((1 << 64) - (1 << 47) - 1, True), (1 << 63, False), ((1 << 64) - 1, True), (0, True),
])
@five_levels()
async def test_rule_37_bits_56_to_63_of_an_address_are_equal(cpu, linear, canonical):
    fault = (await cpu.access(Access(linear, 1))).fault
    assert isinstance(fault, GeneralProtection) is not canonical
    assert (cpu.cr2 == linear) is canonical


@pytest.mark.slow
@pytest.mark.parametrize("linear", [LINEAR, -LINEAR & (1 << 64) - 1], ids=["lower", "upper"])
@five_levels()
async def test_rule_37_each_of_these_bits_makes_an_address_non_canonical(cpu, linear):
    for bit in range(64):
        fault = (await cpu.access(Access(linear ^ 1 << bit, 1))).fault
        assert isinstance(fault, GeneralProtection) is (bit >= 56), bit


async def check_pages_below_the_gap(cpu, width):
    """Only the last canonical address, of that many bits, is followed by one that is not."""
    last = (1 << width - 1) - 1
    for bit in range(12, width - 1):
        fault = (await cpu.access(Access((last ^ 1 << bit) - 3, 8))).fault
        assert isinstance(fault, PageFault), bit
    fault = (await cpu.access(Access(last - 3, 8))).fault
    assert isinstance(fault, GeneralProtection)


@four_levels()
async def test_rule_08_an_access_may_cross_into_any_page_but_one_that_is_not_canonical(cpu):
    await check_pages_below_the_gap(cpu, 48)


@five_levels()
async def test_rule_37_an_access_of_57_bits_may_cross_into_any_page_but_such_a_one(cpu):
    await check_pages_below_the_gap(cpu, 57)


async def check_last_byte(cpu, form, last):
    map_page(cpu, form=form, linear=last)
    assert await reach(cpu, Access(last - 7, 8)) == FRAME | 0xff8
    outcome = await cpu.access(Access(last - 6, 8))
    assert isinstance(outcome.fault, GeneralProtection)
    assert cpu.cr2 == 0


@four_levels(la57=True)
async def test_rule_37_one_byte_of_an_access_outside_of_48_bits_is_enough(cpu):
    await check_last_byte(cpu, FOUR_LEVELS, (1 << 47) - 1)


@five_levels()
async def test_rule_37_one_byte_of_an_access_outside_of_57_bits_is_enough(cpu):
    await check_last_byte(cpu, FIVE_LEVELS, LOW - 1)


@five_levels()
async def test_rule_37_the_upper_half_begins_at_bit_56(cpu):
    map_five(cpu, linear=HIGH)
    assert await reach(cpu, Access(HIGH, 1)) == FRAME


@pytest.mark.slow
@five_levels()
async def test_rule_37_invlpg_looks_at_57_bits(cpu):
    linear = 1 << 47 | 0x5000
    for bit in range(64):
        *_, leaf = map_five(cpu, PAGE | A, linear=linear)
        await reach(cpu, Access(linear, 8))
        cpu.memory.write(leaf, 8, 0)
        await cpu.invlpg(linear ^ 1 << bit)
        kept = (await cpu.access(Access(linear, 8))).fault is None
        assert kept is (bit >= 12), bit
        await cpu.invlpg(linear)


@pytest.mark.parametrize("flag, kind, code", [
    (RW, Kind.WRITE, WRITTEN), (US, Kind.READ, 0), (XD, Kind.FETCH, FETCHED),
])
@five_levels(efer=NXE)
async def test_rule_37_the_first_entry_has_a_say_in_the_rights(cpu, flag, kind, code):
    top, *_ = map_five(cpu)
    assert await reach(cpu, Access(LINEAR, 1, kind, user=True)) == FRAME
    cpu.memory.write(top, 8, cpu.memory.read(top, 8) ^ flag)
    await cpu.invlpg(LINEAR)
    assert await error(cpu, Access(LINEAR, 1, kind, user=True)) == PRESENT | BY_USER | code


@five_levels()
async def test_rule_37_accessed_is_set_at_five_levels_and_dirty_in_the_leaf(cpu):
    entries = map_five(cpu)
    assert await reach(cpu, Access(LINEAR, 1, Kind.WRITE)) == FRAME
    assert [cpu.memory.read(entry, 8) & (A | D) for entry in entries] == [A, A, A, A, A | D]
    assert {name: count for name, count in cpu.events.items() if name.startswith("acc")} == {
        f"accessed[{level}]": 1 for level in range(5)}


@five_levels()
async def test_rule_37_ps_in_the_first_entry_is_reserved(cpu):
    top, *_ = map_five(cpu)
    change(cpu, top, add=PS)
    assert await error(cpu, Access(LINEAR, 1)) == PRESENT | RESERVED
    change(cpu, top, remove=PS, add=D | 1 << 8)
    assert await reach(cpu, Access(LINEAR, 1)) == FRAME


@four_levels(la57=True)
async def test_rule_37_la57_cannot_be_set_in_long_mode(cpu):
    assert await refused(cpu, Register.CR4, CR4_LA57)


@five_levels()
async def test_rule_37_la57_cannot_be_cleared_in_long_mode(cpu):
    assert await refused(cpu, Register.CR4, CR4_LONG)
    assert await refused(cpu, Register.CR4, LA57)


@pytest.mark.slow
@pytest.mark.parametrize("mark, form", [
    (paging_off, None), (two_levels, TWO_LEVELS), (pae_paging, PAE_TABLES),
], ids=["off", "32-bit", "PAE"])
def test_rule_37_la57_may_change_elsewhere_and_does_nothing(mark, form):
    async def test(cpu):
        cr4 = await cpu.read_control(Register.CR4)
        await cpu.write_control(Register.CR4, cr4 | LA57)
        if form:
            map_page(cpu, form=form)
        assert await reach(cpu, READ) == (FRAME if form else READ.linear)
        assert await reach(cpu, Access(READ.linear | 1 << 60, 8)) == (
            FRAME if form else READ.linear)
        await cpu.write_control(Register.CR4, cr4)

    unit, = mark(la57=True).args
    assert isinstance(unit, Unit)
    unit.run(test)


@paging_off(la57=True)
async def test_rule_37_four_and_five_levels_are_entered_alike(cpu):
    map_five(cpu)
    # The PML5E that 0xff8 selects is a PML4E to four levels.
    map_page(cpu, 0xa000 | P, linear=(1 << 64) - 0x1000, root=0x8000)
    for cr4, root, linear, frame in ((CR4_LA57, ROOT, LINEAR, FRAME),
                                     (CR4_LONG, 0x8000, (1 << 64) - 0x1000, 0xa000)):
        for register, value in ((Register.CR4, cr4), (Register.EFER, EFER_LONG),
                                (Register.CR3, root), (Register.CR0, CR0_32)):
            await cpu.write_control(register, value)
        assert await reach(cpu, Access(linear, 8)) == frame
        await cpu.write_control(Register.CR0, PE)


@pytest.mark.slow
@paging_off(long_mode=True, la57=False)
async def test_rule_37_a_unit_without_it_has_no_such_bit(cpu):
    assert await refused(cpu, Register.CR4, LA57)
    await cpu.write_control(Register.CR4, PAE)
    await cpu.write_control(Register.EFER, EFER_LONG)
    await cpu.write_control(Register.CR0, PG | PE)
    assert await refused(cpu, Register.CR4, CR4_LA57)
