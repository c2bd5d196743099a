"""Rules 9 to 13 on the gateware: rights and the error code. docs/paging-rules.md explains them."""

import pytest

from sw.bus import Access, Register

from .mmu_support import four_levels, two_levels
from .rules_support import (
    A, AC, BY_USER, D, EXCHANGE, FETCH, FETCHED, FRAME, IMPLICIT_READ, IMPLICIT_WRITE, LINEAR, LME,
    NXE, P, PAE, PAGE, PRESENT, READ, RESERVED, RW, SMAP, SMEP, US, USER_CMPXCHG, USER_FETCH,
    USER_READ, USER_WRITE, WP, WRITE, WRITTEN, change, error, every_level, map_page, reach,
)


# Rule 9: the error code.

@pytest.mark.parametrize("access, code", [
    (READ, 0), (USER_READ, BY_USER), (WRITE, WRITTEN), (EXCHANGE, WRITTEN),
    (USER_CMPXCHG, WRITTEN | BY_USER), (IMPLICIT_READ, 0), (IMPLICIT_WRITE, WRITTEN),
])
@four_levels()
async def test_rule_09_write_and_user_tell_what_the_access_was(cpu, access, code):
    assert await error(cpu, access) == code


@four_levels(cr0=WP)
async def test_rule_09_a_locked_access_to_a_read_only_page_is_a_write(cpu):
    map_page(cpu, FRAME | P | US)
    assert await error(cpu, EXCHANGE) == PRESENT | WRITTEN
    assert await error(cpu, USER_CMPXCHG) == PRESENT | WRITTEN | BY_USER


@pytest.mark.parametrize("nxe, smep, told", [
    (0, 0, 0), (NXE, 0, FETCHED), (0, SMEP, FETCHED), (NXE, SMEP, FETCHED),
])
@four_levels()
async def test_rule_09_fetches_are_told_with_nxe_or_smep(cpu, nxe, smep, told):
    await cpu.write_control(Register.EFER, LME | nxe)
    await cpu.write_control(Register.CR4, PAE | smep)
    *_, leaf = map_page(cpu, 0)
    assert await error(cpu, USER_FETCH) == BY_USER | told
    cpu.memory.write(leaf, 8, PAGE | 1 << 51)
    assert await error(cpu, FETCH) == PRESENT | RESERVED | told
    cpu.memory.write(leaf, 8, FRAME | P)
    assert await error(cpu, USER_FETCH) == PRESENT | BY_USER | told
    assert await error(cpu, USER_READ) == PRESENT | BY_USER


@pytest.mark.parametrize("smep, told", [(0, 0), (SMEP, FETCHED)])
@two_levels(efer=NXE)
async def test_rule_09_nxe_counts_only_with_pae(cpu, smep, told):
    await cpu.write_control(Register.CR4, smep)
    assert await error(cpu, USER_FETCH) == BY_USER | told


# Rule 10: CR0.WP.

@every_level
@four_levels()
async def test_rule_10_without_wp_the_supervisor_writes_to_read_only_pages(cpu, level):
    entries = map_page(cpu)
    change(cpu, entries[level], remove=RW)
    assert await error(cpu, USER_WRITE) == PRESENT | WRITTEN | BY_USER
    assert await reach(cpu, WRITE) == FRAME
    assert cpu.memory.read(FRAME, 8) == WRITE.data
    assert cpu.memory.read(entries[3], 8) & (A | D) == A | D


@four_levels(cr4=SMAP)
async def test_rule_10_smap_applies_without_wp(cpu):
    map_page(cpu)
    assert await error(cpu, WRITE) == PRESENT | WRITTEN


# Rule 11: SMEP.

@pytest.mark.parametrize("rflags", [0, AC])
@four_levels(cr4=SMEP)
async def test_rule_11_smep_stops_supervisor_fetches_from_user_pages(cpu, rflags):
    await cpu.write_control(Register.RFLAGS, rflags)
    map_page(cpu)
    assert await error(cpu, FETCH) == PRESENT | FETCHED  # NXE is clear
    assert await reach(cpu, USER_FETCH) == FRAME
    assert await reach(cpu, READ) == FRAME


# Rule 12: SMAP.

@pytest.mark.parametrize("access, code", [
    (READ, PRESENT), (WRITE, PRESENT | WRITTEN), (EXCHANGE, PRESENT | WRITTEN),
])
@four_levels(cr4=SMAP)
async def test_rule_12_smap_stops_supervisor_data_accesses_unless_ac(cpu, access, code):
    map_page(cpu)
    assert await error(cpu, access) == code
    await cpu.write_control(Register.RFLAGS, AC)
    assert await reach(cpu, access) == FRAME


@pytest.mark.parametrize("rflags", [0, AC])
@four_levels(cr4=SMAP)
async def test_rule_12_smap_stops_implicit_accesses_whatever_ac(cpu, rflags):
    await cpu.write_control(Register.RFLAGS, rflags)
    map_page(cpu)
    for user in (False, True):
        assert await error(cpu, Access(LINEAR, 8, user=user, implicit=True)) == PRESENT


@four_levels(cr4=SMAP)
async def test_rule_12_smap_leaves_fetches_and_user_accesses_alone(cpu):
    map_page(cpu)
    for access in (FETCH, USER_READ, USER_WRITE, USER_FETCH):
        assert await reach(cpu, access) == FRAME


@four_levels(rflags=AC, cr4=SMAP)
async def test_rule_12_ac_gives_user_accesses_nothing(cpu):
    map_page(cpu, FRAME | P | RW)
    assert await error(cpu, USER_READ) == PRESENT | BY_USER


# Rule 13: implicit accesses are supervisor accesses.

@four_levels(cr0=WP)
async def test_rule_13_an_implicit_access_at_cpl_3_is_a_supervisor_access(cpu):
    map_page(cpu, FRAME | P | RW)
    assert await reach(cpu, IMPLICIT_READ) == FRAME
    assert await reach(cpu, IMPLICIT_WRITE) == FRAME


@four_levels(cr0=WP)
async def test_rule_13_the_error_code_of_an_implicit_access_has_no_user_bit(cpu):
    *_, leaf = map_page(cpu, FRAME | P)
    assert await error(cpu, IMPLICIT_WRITE) == PRESENT | WRITTEN
    cpu.memory.write(leaf, 8, 0)
    assert await error(cpu, IMPLICIT_READ) == 0
