"""Rules 20, 28 and 31 on the gateware: PAE paging. docs/paging-rules.md explains them."""

import pytest
from paging_support import (
    CR0_32, CR4_LONG, DIRECTORIES, EFER_LONG, PAE_TABLES, PDPTES, ROOT, TWO_LEVELS,
)

from sw.bus import Access, Kind, Register

from .memory_support import RecordingMemory
from .mmu_support import five_levels, four_levels, pae_paging, paging_off, two_levels
from .rules_support import (
    A, AC, BY_USER, CD, D, FETCH, FETCHED, FRAME, LINEAR, LME, NW, NXE, P, PAE, PAGE, PE, PG, PGE,
    PRESENT, PS, PSE, READ, RW, SMAP, SMEP, US, USER_FETCH, USER_READ, WP, WRITE, WRITTEN, XD,
    change, error, map_page, reach, refused,
)


#: Another page directory than those of :data:`PDPTES`.
OTHER = 0x50_0000

NO_LONG_MODE = {"long_mode": False, "gigabyte_pages": False, "pcid": False}


def loaded(cpu):
    """The four PDPTE registers in this cycle."""
    state = cpu.ctx.get(cpu.mmu.control.state)
    return (state.pdpte0, state.pdpte1, state.pdpte2, state.pdpte3)


def write_pdpte(cpu, number, value):
    """Change a PDPTE in memory only."""
    cpu.memory.write(ROOT + 8 * number, 8, value)


# Rule 20: PAE paging.

@pytest.mark.parametrize("quarter", range(4))
@pae_paging()
async def test_rule_20_the_two_upper_address_bits_select_a_register(cpu, quarter):
    linear = quarter << 30 | 0x60_5000
    map_page(cpu, 0xab_cdef_9000 | P | RW | US, form=PAE_TABLES, linear=linear)
    assert await reach(cpu, Access(linear + 0xabc, 1)) == 0xab_cdef_9abc
    assert await error(cpu, Access(linear ^ 1 << 30, 1)) == 0
    assert await error(cpu, Access(linear ^ 1 << 31, 1)) == 0


@pytest.mark.parametrize("pse", [0, PSE])
@pae_paging()
async def test_rule_20_a_pde_with_ps_makes_a_2_mib_page_whatever_pse(cpu, pse):
    await cpu.write_control(Register.CR4, PAE | pse)
    pde, = map_page(cpu, 0xab_cde0_0000 | 1 << 12 | PS | P | RW, form=PAE_TABLES, depth=1)
    assert await reach(cpu, WRITE) == 0xab_cde0_0000 | LINEAR & 0x1f_ffff
    assert cpu.memory.read(pde, 8) == 0xab_cde0_0000 | 1 << 12 | PS | P | RW | A | D


@pytest.mark.parametrize("bit", range(32, 64))
@pae_paging()
async def test_rule_20_linear_addresses_have_32_bits(cpu, bit):
    map_page(cpu, form=PAE_TABLES)
    assert await reach(cpu, Access(LINEAR | 1 << bit, 8)) == FRAME


@pae_paging(cr0=WP, cr4=SMEP | SMAP, efer=NXE)
async def test_rule_20_rights_are_those_of_long_mode(cpu):
    pde, pte = map_page(cpu, form=PAE_TABLES)
    assert await error(cpu, READ) == PRESENT
    assert await error(cpu, FETCH) == PRESENT | FETCHED
    cpu.memory.write(pte, 8, PAGE | XD)
    assert await error(cpu, USER_FETCH) == PRESENT | FETCHED | BY_USER
    assert await reach(cpu, USER_READ) == FRAME
    cpu.memory.write(pde, 8, cpu.memory.read(pde, 8) & ~(RW | US))
    await cpu.invlpg(LINEAR)
    assert await error(cpu, USER_READ) == PRESENT | BY_USER
    assert await error(cpu, WRITE) == PRESENT | WRITTEN


@pae_paging(cr0=WP)
async def test_rule_20_an_upper_entry_with_xd_needs_nxe_and_forbids_to_fetch(cpu):
    await cpu.write_control(Register.EFER, NXE)
    pde, _ = map_page(cpu, form=PAE_TABLES)
    cpu.memory.write(pde, 8, cpu.memory.read(pde, 8) | XD)
    assert await error(cpu, FETCH) == PRESENT | FETCHED
    assert await reach(cpu, READ) == FRAME


@pytest.mark.slow
@paging_off(long_mode=True, pae=False)
async def test_rule_20_a_unit_without_the_mode_refuses_to_enter_it(cpu):
    await cpu.write_control(Register.CR4, PAE)
    assert await refused(cpu, Register.CR0, PG | PE)
    await cpu.write_control(Register.CR4, 0)
    await cpu.write_control(Register.CR0, PG | PE)
    assert await refused(cpu, Register.CR4, PAE)


@pytest.mark.slow
@paging_off(pae=True, **NO_LONG_MODE)
async def test_rule_20_a_unit_without_long_mode_may_have_it(cpu):
    for number, pdpte in enumerate(PDPTES):
        write_pdpte(cpu, number, pdpte)
    map_page(cpu, PAGE | XD, form=PAE_TABLES)
    assert await refused(cpu, Register.EFER, LME)
    for register, value in ((Register.CR4, PAE), (Register.EFER, NXE), (Register.CR3, ROOT),
                            (Register.CR0, CR0_32)):
        await cpu.write_control(register, value)
    assert await reach(cpu, READ) == FRAME
    assert await error(cpu, FETCH) == PRESENT | FETCHED


@pae_paging()
async def test_rule_20_translations_go_with_the_mode(cpu):
    map_page(cpu, form=PAE_TABLES)
    map_page(cpu, 0xa000 | P, form=TWO_LEVELS)
    assert await reach(cpu, READ) == FRAME
    # Now the PDPTE at 0x1008 is no PDE: that of the address is at 0x1404.
    await cpu.write_control(Register.CR4, 0)
    assert await reach(cpu, READ) == 0xa000
    await cpu.write_control(Register.CR4, PAE)
    assert await reach(cpu, READ) == FRAME


# Rule 28: the PDPTE registers.

#: Writes with PAE paging, from the registers PE, PG and PAE on, and whether they load.
WRITES = {
    "CR3":               (Register.CR3,    ROOT,                True),
    "CR3, other flags":  (Register.CR3,    ROOT | 0x18,         True),
    "CR0.CD":            (Register.CR0,    PG | PE | CD,        True),
    "CR0.CD and CR0.NW": (Register.CR0,    PG | PE | CD | NW,   True),
    "CR0.WP":            (Register.CR0,    PG | PE | WP,        False),
    "CR0, MP EM TS NE":  (Register.CR0,    PG | PE | 0x2e,      False),
    "CR0 as it is":      (Register.CR0,    PG | PE,             False),
    "CR4.PGE":           (Register.CR4,    PAE | PGE,           True),
    "CR4.PSE":           (Register.CR4,    PAE | PSE,           True),
    "CR4.SMEP":          (Register.CR4,    PAE | SMEP,          True),
    "CR4.SMAP":          (Register.CR4,    PAE | SMAP,          False),
    "CR4 as it is":      (Register.CR4,    PAE,                 False),
    "EFER.NXE":          (Register.EFER,   NXE,                 False),
    "CR2":               (Register.CR2,    ROOT,                False),
    "RFLAGS.AC":         (Register.RFLAGS, AC,                  False),
}
LOADS = [name for name, (*_, loads) in WRITES.items() if loads]

in_each_loading_write = pytest.mark.parametrize("name", LOADS)


@pytest.mark.parametrize("name", WRITES)
@pae_paging()
async def test_rule_28_a_write_loads_all_four_or_none(cpu, name):
    register, value, loads = WRITES[name]
    after = tuple(OTHER + 0x1000 * number | P for number in range(4))
    for number, pdpte in enumerate(after):
        write_pdpte(cpu, number, pdpte)
    assert loaded(cpu) == PDPTES
    await cpu.write_control(register, value)
    assert loaded(cpu) == (after if loads else PDPTES)


@pytest.mark.parametrize("bit", [PGE, PSE, SMEP])
@pae_paging()
async def test_rule_28_clearing_a_bit_of_cr4_loads_too(cpu, bit):
    await cpu.write_control(Register.CR4, PAE | bit)
    write_pdpte(cpu, 0, OTHER | P)
    await cpu.write_control(Register.CR4, PAE)
    assert loaded(cpu) == (OTHER | P, *PDPTES[1:])


@paging_off(pae=True)
async def test_rule_28_turning_paging_on_and_changing_to_pae_load(cpu):
    await cpu.write_control(Register.CR4, PAE)
    await cpu.write_control(Register.CR3, ROOT)
    write_pdpte(cpu, 0, 0x2001)
    await cpu.write_control(Register.CR0, PG | PE)
    assert loaded(cpu) == (0x2001, 0, 0, 0)
    await cpu.write_control(Register.CR4, 0)
    write_pdpte(cpu, 0, 0x3001)
    await cpu.write_control(Register.CR4, PAE)
    assert loaded(cpu) == (0x3001, 0, 0, 0)


async def load_nothing(cpu):
    """Do all writes that would load PDPTEs in PAE paging; those in memory are malformed."""
    for number in range(4):
        write_pdpte(cpu, number, (1 << 64) - 1)
    cr0, cr3, cr4 = [await cpu.read_control(register)
                     for register in (Register.CR0, Register.CR3, Register.CR4)]
    for bit in (CD, 0):
        await cpu.write_control(Register.CR0, cr0 | bit)
    await cpu.write_control(Register.CR3, cr3)
    for bits in (PGE, PSE, SMEP, 0):
        await cpu.write_control(Register.CR4, cr4 | bits)
    assert loaded(cpu) == (0, 0, 0, 0)


@paging_off(pae=True)
async def test_rule_28_without_paging_nothing_is_loaded(cpu):
    await cpu.write_control(Register.CR0, PE)
    await cpu.write_control(Register.CR4, PAE)
    await load_nothing(cpu)


@two_levels(pae=True)
async def test_rule_28_in_32_bit_paging_nothing_is_loaded(cpu):
    await load_nothing(cpu)


@four_levels(pae=True)
async def test_rule_28_in_4_level_paging_nothing_is_loaded(cpu):
    await load_nothing(cpu)


@pytest.mark.slow
@five_levels(pae=True)
async def test_rule_28_in_5_level_paging_nothing_is_loaded(cpu):
    await load_nothing(cpu)


@pae_paging()
async def test_rule_28_neither_an_access_nor_invlpg_loads(cpu):
    map_page(cpu, form=PAE_TABLES)
    write_pdpte(cpu, 1, 0)
    assert await reach(cpu, READ) == FRAME
    await cpu.invlpg(LINEAR)
    assert await reach(cpu, READ) == FRAME
    await cpu.write_control(Register.CR3, ROOT)
    assert await error(cpu, READ) == 0


def reserved(maxphyaddr):
    """Bits of a PDPTE that must be zero, as Table 4-8 has them."""
    return {1, 2, *range(5, 9), *range(maxphyaddr, 64)}


async def check_reserved_bits(cpu, maxphyaddr):
    for number in range(4):
        found = set()
        for bit in range(1, 64):
            write_pdpte(cpu, number, 1 << bit | P)
            if await refused(cpu, Register.CR3, ROOT):
                found.add(bit)
            else:
                assert loaded(cpu)[number] == 1 << bit | P
        assert found == reserved(maxphyaddr)
        write_pdpte(cpu, number, 0)


@pytest.mark.slow
@pae_paging(maxphyaddr=32)
async def test_rule_28_which_bits_are_reserved_if_addresses_have_32(cpu):
    await check_reserved_bits(cpu, 32)


@pytest.mark.slow
@pae_paging()
async def test_rule_28_which_bits_are_reserved(cpu):
    await check_reserved_bits(cpu, 40)


@pytest.mark.slow
@pae_paging(maxphyaddr=52)
async def test_rule_28_which_bits_are_reserved_if_addresses_have_52(cpu):
    await check_reserved_bits(cpu, 52)


@in_each_loading_write
@pae_paging(cr4=SMAP)
async def test_rule_28_a_malformed_one_is_refused_and_nothing_has_changed(cpu, name):
    register, value, _ = WRITES[name]
    map_page(cpu, P | RW | FRAME, form=PAE_TABLES)
    assert await reach(cpu, READ) == FRAME
    map_page(cpu, 0, form=PAE_TABLES)
    write_pdpte(cpu, 0, OTHER | P)
    for number in range(4):
        before = cpu.memory.read(ROOT + 8 * number, 8)
        write_pdpte(cpu, number, 1 << 1 | P)
        assert await refused(cpu, register, value | SMAP * (register is Register.CR4)), number
        write_pdpte(cpu, number, before)
    assert loaded(cpu) == PDPTES
    assert await reach(cpu, READ) == FRAME, "still cached"


@in_each_loading_write
@pae_paging()
async def test_rule_28_one_that_is_not_present_is_legal_whatever_its_other_bits(cpu, name):
    register, value, _ = WRITES[name]
    write_pdpte(cpu, 1, 0xffff_ffff_ffff_fffe)
    await cpu.write_control(register, value)
    assert loaded(cpu) == (PDPTES[0], 0, *PDPTES[2:])


@pytest.mark.parametrize("access, code", [
    (READ, 0), (WRITE, WRITTEN), (USER_READ, BY_USER), (FETCH, FETCHED),
    (Access(LINEAR, 8, Kind.EXCHANGE, user=True), WRITTEN | BY_USER),
])
@pae_paging(efer=NXE)
async def test_rule_28_an_access_through_one_that_is_not_present_faults(cpu, access, code):
    map_page(cpu, form=PAE_TABLES)
    write_pdpte(cpu, 1, 0xffff_ffff_ffff_fffe)
    await cpu.write_control(Register.CR3, ROOT)
    cpu.events.clear()
    assert await error(cpu, access) == code
    assert cpu.events == {"missed": 1, "walk_begun": 1, "walk_ended": 1, "page_fault": 1}


@pytest.mark.slow
@pae_paging()
async def test_rule_28_the_four_stand_at_any_multiple_of_32_bytes(cpu):
    for bit in range(5, 32):
        for number in range(4):
            cpu.memory.write(1 << bit | 8 * number, 8, bit << 16 | number << 12 | P)
        await cpu.write_control(Register.CR3, 1 << bit | 0x1f)
        assert loaded(cpu) == tuple(bit << 16 | number << 12 | P for number in range(4))
        assert await cpu.read_control(Register.CR3) == 1 << bit | 0x1f


@pae_paging(memory=RecordingMemory)
async def test_rule_28_no_accessed_flag_is_set_in_them(cpu):
    entries = map_page(cpu, form=PAE_TABLES)
    cpu.memory.transfers.clear()
    assert await reach(cpu, WRITE) == FRAME
    assert [cpu.memory.read(entry, 8) & (A | D) for entry in entries] == [A, A | D]
    assert {transfer.address for transfer in cpu.memory.transfers} == {*entries, FRAME}


@pytest.mark.slow
@pae_paging(memory=RecordingMemory, la57=False)
async def test_rule_28_a_write_that_is_refused_anyway_reads_no_memory(cpu):
    cpu.memory.transfers.clear()
    assert await refused(cpu, Register.CR0, PG | CD)
    assert await refused(cpu, Register.CR4, PAE | PGE | 1 << 12)
    assert cpu.memory.transfers == []


@pae_paging(memory=RecordingMemory)
async def test_rule_28_a_walk_that_begins_again_looks_at_the_register(cpu):
    pde, pte = map_page(cpu, form=PAE_TABLES)
    map_page(cpu, linear=LINEAR + 0x1000, form=PAE_TABLES)
    assert await reach(cpu, Access(LINEAR + 0x1000, 8)) == FRAME
    # From here on nothing but a cached entry leads to the table, and nothing is flushed.
    write_pdpte(cpu, LINEAR >> 30 & 3, 0)
    await cpu.write_control(Register.CR0, CR0_32 | CD)
    # A unit that went on without the register, which is 0, would find tables all the same.
    cpu.memory.write(pde & 0xfff, 8, cpu.memory.read(pde, 8))
    cpu.memory.after_read[pte] = lambda: change(cpu, pte, add=1 << 9)
    assert await error(cpu, READ) == 0
    assert cpu.events["walk_again"] == 1
    assert pde & 0xff8 not in {transfer.address for transfer in cpu.memory.transfers}


# Rule 31: the upper half of CR3.

async def leave_long_mode(cpu, cr3, cr4):
    """Go from 4-level paging to another mode, with something in the upper half of CR3."""
    await cpu.write_control(Register.CR3, cr3)
    for register, value in ((Register.CR0, PE), (Register.EFER, 0), (Register.CR4, cr4),
                            (Register.CR0, CR0_32)):
        await cpu.write_control(register, value)
    assert await cpu.read_control(Register.CR3) == cr3


@pytest.mark.parametrize("bit", range(32, 40))
@four_levels(pae=True)
async def test_rule_31_what_long_mode_left_in_cr3_is_not_looked_at_by_pae_paging(cpu, bit):
    write_pdpte(cpu, 1, DIRECTORIES[1] | P)
    map_page(cpu, form=PAE_TABLES)
    await leave_long_mode(cpu, 1 << bit | ROOT, PAE)
    assert await reach(cpu, READ) == FRAME
    write_pdpte(cpu, 2, OTHER | P)
    await cpu.write_control(Register.CR4, PAE | PGE)
    assert loaded(cpu)[2] == OTHER | P


@four_levels()
async def test_rule_31_nor_by_32_bit_paging(cpu):
    map_page(cpu, form=TWO_LEVELS)
    await leave_long_mode(cpu, 0xab_0000_0000 | ROOT, 0)
    assert await reach(cpu, READ) == FRAME


async def check_operand(cpu):
    await cpu.write_control(Register.CR3, 0xffff_ffff_0000_0000 | ROOT)
    assert await cpu.read_control(Register.CR3) == ROOT


@pae_paging()
async def test_rule_31_a_mov_to_cr3_in_pae_paging_has_32_bits(cpu):
    await check_operand(cpu)


@two_levels()
async def test_rule_31_a_mov_to_cr3_in_32_bit_paging_has_32_bits(cpu):
    await check_operand(cpu)


# Modes are changed between PAE paging and the others with paging on or off.

@pae_paging()
async def test_rule_21_pae_may_be_cleared_and_set_outside_long_mode(cpu):
    await cpu.write_control(Register.CR4, 0)
    await cpu.write_control(Register.CR4, PAE)
    assert loaded(cpu) == PDPTES
    assert await refused(cpu, Register.EFER, LME)


@pae_paging()
async def test_rule_21_long_mode_is_entered_from_pae_paging_with_paging_off(cpu):
    await cpu.write_control(Register.CR0, PE)
    await cpu.write_control(Register.EFER, EFER_LONG)
    await cpu.write_control(Register.CR0, CR0_32)
    map_page(cpu)
    assert await reach(cpu, READ) == FRAME
    assert await refused(cpu, Register.CR4, 0)
    assert await refused(cpu, Register.CR4, CR4_LONG | 1 << 12)  # no LA57 in this unit
