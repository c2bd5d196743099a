"""Rules 1 to 8 on the gateware: a walk. docs/paging-rules.md explains them."""

import pytest
from paging_support import ROOT

from sw.bus import Access, GeneralProtection, Kind, Register

from .memory_support import RecordingMemory
from .mmu_support import four_levels
from .rules_support import (
    BY_USER, D, FETCH, FETCHED, FRAME, G, IMPLICIT_READ, IMPLICIT_WRITE, LINEAR, NXE, P, PAGE, PGE,
    PRESENT, PS, READ, RESERVED, RW, SMAP, SMEP, US, USER_FETCH, USER_READ, USER_WRITE, WP, WRITE,
    WRITTEN, XD, change, error, every_level, map_page, reach, upper_level,
)


# Rule 1: top down; at each level P, then reserved bits; rights after the whole walk.

@pytest.mark.parametrize("denied_above", [P | RW, P | US, P | RW | US | XD])
@four_levels(efer=NXE, cr4=SMEP | SMAP)
async def test_rule_01_a_missing_leaf_beats_rights_above_it(cpu, denied_above):
    map_page(cpu, 0, upper=denied_above)
    assert await error(cpu, USER_WRITE) == WRITTEN | BY_USER
    assert await error(cpu, USER_FETCH) == BY_USER | FETCHED
    assert await error(cpu, READ) == 0


@pytest.mark.parametrize("denied_above", [P | RW, P | US, P | RW | US | XD])
@four_levels(efer=NXE, cr4=SMEP | SMAP)
async def test_rule_01_a_reserved_bit_in_the_leaf_beats_rights_above_it(cpu, denied_above):
    map_page(cpu, PAGE | 1 << 51, upper=denied_above)
    assert await error(cpu, USER_WRITE) == PRESENT | WRITTEN | BY_USER | RESERVED
    assert await error(cpu, USER_FETCH) == PRESENT | BY_USER | RESERVED | FETCHED


@upper_level
@four_levels()
async def test_rule_01_the_upper_of_two_faults_is_reported(cpu, level):
    entries = map_page(cpu, 0)
    change(cpu, entries[level], add=1 << 51)
    assert await error(cpu, READ) == PRESENT | RESERVED
    change(cpu, entries[level], remove=P)
    change(cpu, entries[3], add=P | 1 << 51)
    assert await error(cpu, READ) == 0


# Rule 2: nothing else counts in an entry that is not present.

@pytest.mark.parametrize("garbage", [1 << 51, XD, PS | 1 << 13, 0xffff_ffff_ffff_fffe])
@every_level
@four_levels()
async def test_rule_02_a_missing_entry_s_other_bits_are_ignored(cpu, level, garbage):
    entries = map_page(cpu)
    cpu.memory.write(entries[level], 8, garbage)
    assert await error(cpu, USER_WRITE) == WRITTEN | BY_USER


# Rule 3: the error code of a reserved bit.

@pytest.mark.parametrize("access, code", [
    (READ,           PRESENT | RESERVED),
    (USER_READ,      PRESENT | RESERVED | BY_USER),
    (WRITE,          PRESENT | RESERVED | WRITTEN),
    (USER_WRITE,     PRESENT | RESERVED | WRITTEN | BY_USER),
    (USER_FETCH,     PRESENT | RESERVED | BY_USER | FETCHED),
    (IMPLICIT_WRITE, PRESENT | RESERVED | WRITTEN),
])
@four_levels(efer=NXE)
async def test_rule_03_a_reserved_bit_sets_present_and_reserved(cpu, access, code):
    map_page(cpu, PAGE | 1 << 45)
    assert await error(cpu, access) == code


# Rule 4: R/W and U/S are ANDed over the levels, XD is ORed.

@upper_level
@four_levels(cr4=SMEP | SMAP)
async def test_rule_04_user_leaf_under_supervisor_entry_is_a_supervisor_page(cpu, level):
    entries = map_page(cpu)
    change(cpu, entries[level], remove=US)
    assert await error(cpu, USER_READ) == PRESENT | BY_USER
    assert await reach(cpu, READ) == FRAME
    assert await reach(cpu, WRITE) == FRAME
    assert await reach(cpu, FETCH) == FRAME
    assert await reach(cpu, IMPLICIT_READ) == FRAME


@four_levels(cr4=SMAP)
async def test_rule_04_supervisor_leaf_under_user_entries_is_a_supervisor_page(cpu):
    map_page(cpu, FRAME | P | RW)
    assert await error(cpu, USER_READ) == PRESENT | BY_USER
    assert await reach(cpu, READ) == FRAME


@every_level
@four_levels(cr0=WP)
async def test_rule_04_one_read_only_level_makes_the_page_read_only(cpu, level):
    entries = map_page(cpu)
    change(cpu, entries[level], remove=RW)
    assert await error(cpu, USER_WRITE) == PRESENT | WRITTEN | BY_USER
    assert await error(cpu, WRITE) == PRESENT | WRITTEN
    assert await reach(cpu, USER_READ) == FRAME


@every_level
@four_levels(efer=NXE)
async def test_rule_04_one_execute_disable_level_forbids_fetches(cpu, level):
    entries = map_page(cpu)
    change(cpu, entries[level], add=XD)
    assert await error(cpu, USER_FETCH) == PRESENT | BY_USER | FETCHED
    assert await error(cpu, FETCH) == PRESENT | FETCHED
    assert await reach(cpu, USER_WRITE) == FRAME


# Rule 5: what PS means at each level.

@four_levels()
async def test_rule_05_page_size_is_reserved_in_a_pml4e(cpu):
    entries = map_page(cpu)
    change(cpu, entries[0], add=PS)
    assert await error(cpu, READ) == PRESENT | RESERVED


@four_levels()
async def test_rule_05_page_size_makes_a_pdpte_a_1_gib_page(cpu):
    map_page(cpu, 0x8000_0000 | PS | P, depth=2)
    assert await reach(cpu, READ) == 0x8000_0000 | LINEAR & 0x3fff_ffff


@pytest.mark.slow
@four_levels(gigabyte_pages=False)
async def test_rule_05_page_size_is_reserved_in_a_pdpte_without_1_gib_pages(cpu):
    map_page(cpu, 0x8000_0000 | PS | P, depth=2)
    assert await error(cpu, READ) == PRESENT | RESERVED


@four_levels()
async def test_rule_05_page_size_makes_a_pde_a_2_mib_page(cpu):
    map_page(cpu, 0x8000_0000 | PS | P, depth=3)
    assert await reach(cpu, READ) == 0x8000_0000 | LINEAR & 0x1f_ffff


@pytest.mark.parametrize("depth", [4, 3, 2])
@four_levels()
async def test_rule_05_neighbouring_pages_of_one_size_are_told_apart(cpu, depth):
    size  = 1 << (12, 21, 30)[4 - depth]
    first = LINEAR & -2 * size
    large = PS if depth < 4 else 0
    *_, leaf = map_page(cpu, 4 * size | large | P, linear=first, depth=depth)
    cpu.memory.write(leaf + 8, 8, 7 * size | large | P)
    for _ in range(2):  # walked, then found in the TLB
        assert await reach(cpu, Access(first, 1)) == 4 * size
        assert await reach(cpu, Access(first + size, 1)) == 7 * size
        assert await reach(cpu, Access(first + size - 1, 1)) == 5 * size - 1


@four_levels()
async def test_rule_05_bit_7_of_a_pte_is_pat(cpu):
    map_page(cpu, PAGE | 1 << 7)
    assert await reach(cpu, READ) == FRAME


# Rule 6: reserved and ignored bits.

@pytest.mark.slow
@pytest.mark.parametrize("depth, bits", [(3, range(13, 21)), (2, range(13, 30))])
@four_levels()
async def test_rule_06_low_address_bits_of_large_pages_are_reserved(cpu, depth, bits):
    *_, leaf = map_page(cpu, 0x4000_0000 | PS | P, depth=depth)
    for bit in bits:
        cpu.memory.write(leaf, 8, 0x4000_0000 | 1 << bit | PS | P)
        assert await error(cpu, READ) == PRESENT | RESERVED
    cpu.memory.write(leaf, 8, 0x4000_0000 | 1 << 12 | PS | P)  # PAT
    page = 1 << (21 if depth == 3 else 30)
    assert await reach(cpu, READ) == 0x4000_0000 | LINEAR & page - 1


@every_level
@four_levels(maxphyaddr=40)
async def test_rule_06_bits_from_maxphyaddr_to_51_are_reserved(cpu, level):
    entries = map_page(cpu)
    for bit in range(40, 52):
        change(cpu, entries[level], add=1 << bit)
        assert await error(cpu, READ) == PRESENT | RESERVED
        change(cpu, entries[level], remove=1 << bit)
    assert await reach(cpu, READ) == FRAME


@every_level
@four_levels()
async def test_rule_06_bits_52_to_62_are_ignored(cpu, level):
    entries = map_page(cpu)
    change(cpu, entries[level], add=0x7ff << 52)
    assert await reach(cpu, READ) == FRAME
    assert cpu.memory.read(entries[level], 8) >> 52 == 0x7ff


@upper_level
@four_levels(cr4=PGE)
async def test_rule_06_dirty_and_global_of_upper_entries_are_ignored(cpu, level):
    entries = map_page(cpu)
    change(cpu, entries[level], add=D | G)
    assert await reach(cpu, READ) == FRAME
    assert cpu.memory.read(entries[level], 8) & (D | G) == D | G
    cpu.memory.write(entries[3], 8, 0)
    await cpu.write_control(Register.CR3, ROOT)
    assert await error(cpu, READ) == 0  # the page was not global


# Rule 7: execute-disable is a reserved bit without NXE.

@every_level
@four_levels()
async def test_rule_07_execute_disable_without_nxe_is_reserved(cpu, level):
    entries = map_page(cpu)
    change(cpu, entries[level], add=XD)
    assert await error(cpu, READ) == PRESENT | RESERVED
    assert await error(cpu, WRITE) == PRESENT | RESERVED | WRITTEN
    assert await error(cpu, USER_FETCH) == PRESENT | RESERVED | BY_USER


# Rule 8: non-canonical addresses.

@pytest.mark.parametrize("linear, size", [
    (0x0000_8000_0000_0000, 1),
    (0xffff_7fff_ffff_ffff, 1),
    (0x8000_0000_4060_5000, 8),
    (0x0001_0000_4060_5000, 8),
    (0x0000_7fff_ffff_fffd, 4),   # only its last byte is outside
    (0xffff_7fff_ffff_fffd, 8),   # only its first bytes are
])
@pytest.mark.parametrize("kind", Kind)
@four_levels(memory=RecordingMemory)
async def test_rule_08_a_non_canonical_address_is_a_general_protection_fault(
    cpu, linear, size, kind,
):
    await cpu.write_control(Register.CR2, 0x1234)
    outcome = await cpu.access(Access(linear, size, kind, user=True))
    assert isinstance(outcome.fault, GeneralProtection)
    assert await cpu.read_control(Register.CR2) == 0x1234
    assert cpu.memory.transfers == []


@pytest.mark.parametrize("linear", [0x0000_7fff_ffff_fff8, 0xffff_8000_0000_0000])
@four_levels()
async def test_rule_08_the_outermost_canonical_addresses_are_translated(cpu, linear):
    map_page(cpu, linear=linear)
    assert await reach(cpu, Access(linear, 8)) == FRAME | linear & 0xfff
