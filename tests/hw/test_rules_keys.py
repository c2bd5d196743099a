"""Rules 14 and 36 on the gateware: protection keys. docs/paging-rules.md explains them."""

import pytest
from paging_support import CR0_32, TWO_LEVELS

from sw.bus import Access, GeneralProtection, Kind, Register

from .mmu_support import four_levels, two_levels
from .rules_support import (
    A, AC, BY_USER, D, EXCHANGE, FETCH, FRAME, IMPLICIT_READ, IMPLICIT_WRITE, LINEAR, P,
    PAE, PAGE, PRESENT, PS, READ, RESERVED, RW, SMAP, US, USER_CMPXCHG, USER_FETCH, USER_READ,
    USER_WRITE, WP, WRITE, WRITTEN, error, map_page, reach, upper_level,
)


PKE, PKS = 1 << 22, 1 << 24

#: Bit of the error code.
BY_KEY = 1 << 5

#: Key of the pages in these tests, where it is just one, and its two bits in a register.
KEY = 5
AD, WD = 1 << 2 * KEY, 1 << 2 * KEY + 1

USER_PAGE       = PAGE | KEY << 59
SUPERVISOR_PAGE = FRAME | P | RW | KEY << 59

#: A register, and a page that it judges.
register_and_page = pytest.mark.parametrize("register, page", [
    (Register.PKRU, USER_PAGE), (Register.PKRS, SUPERVISOR_PAGE),
], ids=["pkru", "pkrs"])


def keyed(*, cr0=WP, cr4=PKE | PKS, **parameters):
    """Mark a test: run it in 4-level paging of a unit with keys."""
    return four_levels(cr0=cr0, cr4=cr4, pku=True, pks=True, **parameters)


# Rule 14: PK.

@pytest.mark.slow
@keyed(cr4=PKE | SMAP)
async def test_rule_14_pk_is_set_beside_smap(cpu):
    map_page(cpu, USER_PAGE)
    await cpu.write_control(Register.PKRU, AD)
    assert await error(cpu, READ) == PRESENT | BY_KEY
    assert await error(cpu, IMPLICIT_WRITE) == PRESENT | WRITTEN | BY_KEY


@pytest.mark.parametrize("bits", [AD, WD])
@keyed()
async def test_rule_14_pk_is_set_beside_read_only(cpu, bits):
    map_page(cpu, USER_PAGE & ~RW)
    await cpu.write_control(Register.PKRU, bits)
    assert await error(cpu, USER_WRITE) == PRESENT | WRITTEN | BY_USER | BY_KEY
    assert await error(cpu, EXCHANGE) == PRESENT | WRITTEN | BY_KEY


@keyed(cr4=PKE | SMAP)
async def test_rule_14_pk_is_not_set_if_the_key_allows_the_access(cpu):
    map_page(cpu, USER_PAGE & ~RW)
    await cpu.write_control(Register.PKRU, WD)
    assert await error(cpu, READ) == PRESENT              # by SMAP
    await cpu.write_control(Register.PKRU, ~(AD | WD) & 0xffff_ffff)
    assert await error(cpu, USER_WRITE) == PRESENT | WRITTEN | BY_USER


@keyed()
async def test_rule_14_a_missing_or_malformed_entry_has_no_key(cpu):
    *_, leaf = map_page(cpu, USER_PAGE & ~P)
    await cpu.write_control(Register.PKRU, 0xffff_ffff)
    await cpu.write_control(Register.PKRS, 0xffff_ffff)
    assert await error(cpu, USER_READ) == BY_USER
    cpu.memory.write(leaf, 8, USER_PAGE | 1 << 51)
    assert await error(cpu, USER_READ) == PRESENT | BY_USER | RESERVED


@keyed()
async def test_rule_14_a_refused_fetch_has_no_pk(cpu):
    map_page(cpu, SUPERVISOR_PAGE)
    await cpu.write_control(Register.PKRS, 0xffff_ffff)
    assert await error(cpu, USER_FETCH) == PRESENT | BY_USER


@keyed(rflags=AC, cr4=PKE | SMAP)
async def test_rule_14_ac_does_not_help_against_a_key(cpu):
    map_page(cpu, USER_PAGE)
    assert await reach(cpu, READ) == FRAME
    await cpu.write_control(Register.PKRU, AD)
    assert await error(cpu, READ) == PRESENT | BY_KEY


# Rule 36: rights by key.

@register_and_page
@keyed()
async def test_rule_36_ad_stops_every_data_access(cpu, register, page):
    map_page(cpu, page)
    await cpu.write_control(register, AD)
    for access, code in (
        (READ, 0), (WRITE, WRITTEN), (EXCHANGE, WRITTEN), (IMPLICIT_READ, 0),
        (IMPLICIT_WRITE, WRITTEN), (Access(LINEAR, 8, Kind.COMPARE_EXCHANGE), WRITTEN),
    ):
        assert await error(cpu, access) == PRESENT | BY_KEY | code


@keyed(cr0=0)
async def test_rule_36_ad_stops_users_and_does_not_depend_on_wp(cpu):
    map_page(cpu, USER_PAGE)
    await cpu.write_control(Register.PKRU, AD)
    assert await error(cpu, READ) == PRESENT | BY_KEY
    assert await error(cpu, WRITE) == PRESENT | BY_KEY | WRITTEN
    assert await error(cpu, USER_READ) == PRESENT | BY_KEY | BY_USER
    assert await error(cpu, USER_CMPXCHG) == PRESENT | BY_KEY | BY_USER | WRITTEN


@register_and_page
@keyed()
async def test_rule_36_wd_stops_writes_only(cpu, register, page):
    map_page(cpu, page)
    await cpu.write_control(register, WD)
    assert await reach(cpu, READ) == FRAME
    for access in (WRITE, EXCHANGE, IMPLICIT_WRITE):
        assert await error(cpu, access) == PRESENT | BY_KEY | WRITTEN
    assert cpu.memory.read(FRAME, 8) == 0


@register_and_page
@keyed(cr0=0)
async def test_rule_36_wd_stops_the_supervisor_only_with_wp(cpu, register, page):
    map_page(cpu, page)
    await cpu.write_control(register, WD)
    for access in (WRITE, EXCHANGE, IMPLICIT_WRITE):
        assert await reach(cpu, access) == FRAME
    await cpu.write_control(Register.CR0, CR0_32 | WP)
    assert await error(cpu, WRITE) == PRESENT | BY_KEY | WRITTEN


@pytest.mark.parametrize("wp", [0, WP])
@keyed()
async def test_rule_36_wd_stops_users_whatever_wp(cpu, wp):
    await cpu.write_control(Register.CR0, CR0_32 | wp)
    map_page(cpu, USER_PAGE)
    await cpu.write_control(Register.PKRU, WD)
    assert await error(cpu, USER_WRITE) == PRESENT | BY_KEY | WRITTEN | BY_USER
    assert await reach(cpu, USER_READ) == FRAME


@register_and_page
@keyed()
async def test_rule_36_fetches_have_no_part_in_it(cpu, register, page):
    map_page(cpu, page)
    await cpu.write_control(register, AD | WD)
    assert await reach(cpu, FETCH) == FRAME
    if page & US:
        assert await reach(cpu, USER_FETCH) == FRAME


@pytest.mark.slow
@pytest.mark.parametrize("key", range(16))
@register_and_page
@keyed()
async def test_rule_36_each_key_has_its_own_two_bits(cpu, register, page, key):
    map_page(cpu, page & ~(0xf << 59) | key << 59)
    own = 3 << 2 * key
    await cpu.write_control(register, ~own & 0xffff_ffff)
    assert await reach(cpu, READ) == FRAME
    assert await reach(cpu, WRITE) == FRAME
    await cpu.write_control(register, 2 << 2 * key)
    assert await reach(cpu, READ) == FRAME
    assert await error(cpu, WRITE) == PRESENT | BY_KEY | WRITTEN
    await cpu.write_control(register, 1 << 2 * key)
    assert await error(cpu, READ) == PRESENT | BY_KEY


@keyed()
async def test_rule_36_a_user_page_is_judged_by_pkru_alone(cpu):
    map_page(cpu, USER_PAGE)
    await cpu.write_control(Register.PKRS, 0xffff_ffff)
    for access in (READ, WRITE, USER_READ, USER_WRITE, IMPLICIT_WRITE):
        assert await reach(cpu, access) == FRAME


@keyed()
async def test_rule_36_a_supervisor_page_is_judged_by_pkrs_alone(cpu):
    map_page(cpu, SUPERVISOR_PAGE)
    await cpu.write_control(Register.PKRU, 0xffff_ffff)
    for access in (READ, WRITE, IMPLICIT_READ, IMPLICIT_WRITE):
        assert await reach(cpu, access) == FRAME
    assert await error(cpu, USER_READ) == PRESENT | BY_USER


@upper_level
@keyed()
async def test_rule_36_a_user_leaf_under_a_supervisor_entry_is_judged_by_pkrs(cpu, level):
    entries = map_page(cpu, USER_PAGE)
    cpu.memory.write(entries[level], 8, cpu.memory.read(entries[level], 8) & ~US)
    await cpu.write_control(Register.PKRU, AD)
    assert await reach(cpu, READ) == FRAME
    await cpu.write_control(Register.PKRU, 0)
    await cpu.write_control(Register.PKRS, AD)
    assert await error(cpu, READ) == PRESENT | BY_KEY


@pytest.mark.parametrize("wp", [0, WP])
@keyed()
async def test_rule_36_pkrs_judges_users_too_whom_u_s_stops_anyway(cpu, wp):
    # The manual leaves this open.
    await cpu.write_control(Register.CR0, CR0_32 | wp)
    map_page(cpu, SUPERVISOR_PAGE)
    await cpu.write_control(Register.PKRS, WD)
    assert await error(cpu, USER_READ) == PRESENT | BY_USER
    assert await error(cpu, USER_WRITE) == PRESENT | BY_USER | WRITTEN | BY_KEY
    await cpu.write_control(Register.PKRS, AD)
    assert await error(cpu, USER_READ) == PRESENT | BY_USER | BY_KEY


@pytest.mark.parametrize("register, page, other", [
    (Register.PKRU, USER_PAGE, PKS), (Register.PKRS, SUPERVISOR_PAGE, PKE),
], ids=["pke", "pks"])
@keyed()
async def test_rule_36_a_register_counts_only_with_its_bit_of_cr4(cpu, register, page, other):
    map_page(cpu, page)
    await cpu.write_control(register, AD)
    await cpu.write_control(Register.CR4, PAE | other)
    assert await reach(cpu, WRITE) == FRAME
    await cpu.write_control(Register.CR4, PAE | PKE | PKS)
    assert await error(cpu, WRITE) == PRESENT | WRITTEN | BY_KEY


@pytest.mark.parametrize("depth, frame", [(3, 0x8020_0000), (2, 0x8000_0000)], ids=["2M", "1G"])
@keyed()
async def test_rule_36_a_large_page_has_the_key_of_its_entry(cpu, depth, frame):
    map_page(cpu, frame | P | RW | US | PS | KEY << 59, depth=depth)
    await cpu.write_control(Register.PKRU, AD)
    assert await error(cpu, USER_READ) == PRESENT | BY_USER | BY_KEY
    await cpu.write_control(Register.PKRU, ~AD & 0xffff_ffff)
    assert await reach(cpu, USER_READ) >> 30 == frame >> 30


@keyed()
async def test_rule_36_the_same_bits_of_upper_entries_are_no_key(cpu):
    map_page(cpu, USER_PAGE, upper=P | RW | US | 0xf << 59)
    await cpu.write_control(Register.PKRU, ~AD & 0xffff_ffff)
    assert await reach(cpu, USER_READ) == FRAME


@register_and_page
@keyed()
async def test_rule_36_a_hit_is_judged_by_the_registers_of_now_and_nothing_is_flushed(
    cpu, register, page,
):
    map_page(cpu, page)
    await reach(cpu, WRITE)
    walks = cpu.events["walk_begun"]
    await cpu.write_control(register, ~AD & 0xffff_ffff)
    assert await reach(cpu, READ) == FRAME
    await cpu.write_control(register, 0)
    await cpu.write_control(Register.CR4, PAE)
    await cpu.write_control(Register.CR4, PAE | PKE | PKS)
    assert await reach(cpu, WRITE) == FRAME
    assert cpu.events["walk_begun"] == walks
    await cpu.write_control(register, AD)
    assert await error(cpu, READ) == PRESENT | BY_KEY
    assert cpu.events["walk_begun"] == walks


@keyed()
async def test_rule_36_a_key_that_is_changed_in_memory_counts_after_a_flush(cpu):
    *_, leaf = map_page(cpu, USER_PAGE)
    await cpu.write_control(Register.PKRU, AD)
    assert await error(cpu, USER_READ) == PRESENT | BY_USER | BY_KEY
    cpu.memory.write(leaf, 8, PAGE | 3 << 59)
    assert await reach(cpu, USER_READ) == FRAME
    cpu.memory.write(leaf, 8, USER_PAGE)
    await cpu.invlpg(LINEAR)
    assert await error(cpu, USER_READ) == PRESENT | BY_USER | BY_KEY


@keyed()
async def test_rule_36_a_refused_access_leaves_the_flags_of_the_leaf(cpu):
    *_, leaf = map_page(cpu, USER_PAGE)
    await cpu.write_control(Register.PKRU, WD)
    assert await error(cpu, USER_WRITE) == PRESENT | BY_USER | WRITTEN | BY_KEY
    assert cpu.memory.read(leaf, 8) & (A | D) == 0


@pytest.mark.slow
@two_levels(cr0=WP, cr4=PKE | PKS, pku=True, pks=True)
async def test_rule_36_there_are_no_keys_in_32_bit_paging(cpu):
    map_page(cpu, form=TWO_LEVELS)
    await cpu.write_control(Register.PKRU, 0xffff_ffff)
    await cpu.write_control(Register.PKRS, 0xffff_ffff)
    for access in (READ, WRITE, USER_READ, USER_WRITE):
        assert await reach(cpu, access) == FRAME


@pytest.mark.parametrize("register", [Register.PKRU, Register.PKRS])
@two_levels(pku=True, pks=True)
async def test_rule_36_no_mode_cuts_the_operand(cpu, register):
    await cpu.write_control(register, 0x1234_5678)
    with pytest.raises(GeneralProtection):
        await cpu.write_control(register, 1 << 32)
    assert await cpu.read_control(register) == 0x1234_5678


@pytest.mark.slow
@four_levels(pku=True, pks=False)
async def test_rule_36_a_unit_may_have_keys_for_user_pages_only(cpu):
    await cpu.write_control(Register.PKRU, AD)
    await cpu.write_control(Register.CR4, PAE | PKE)
    for register, value in ((Register.PKRS, 0), (Register.CR4, PAE | PKS)):
        with pytest.raises(GeneralProtection):
            await cpu.write_control(register, value)
    map_page(cpu, SUPERVISOR_PAGE)
    assert await reach(cpu, READ) == FRAME
    map_page(cpu, USER_PAGE)
    await cpu.invlpg(LINEAR)
    assert await error(cpu, READ) == PRESENT | BY_KEY


@pytest.mark.slow
@pytest.mark.parametrize("page, user", [
    (PAGE, True), (FRAME | P | RW, False), (FRAME | P | RW, True),
], ids=["of a user", "of the kernel", "of the kernel, by a user"])
@keyed()
async def test_rule_36_a_write_that_hits_is_judged_by_its_own_key(cpu, page, user):
    register = Register.PKRU if page & US else Register.PKRS
    refused  = PRESENT | WRITTEN | BY_USER * user
    outside  = user and not page & US
    write    = Access(LINEAR, 8, Kind.WRITE, user=user)
    for wp in (0, WP):
        await cpu.write_control(Register.CR0, CR0_32 | wp)
        for key in range(16):
            map_page(cpu, page | key << 59)
            await cpu.invlpg(LINEAR)
            for bits in range(4):
                # All other keys forbid everything, or nothing.
                others = 0xffff_ffff * (bits == 0) & ~(3 << 2 * key)
                await cpu.write_control(register, others | bits << 2 * key)
                # Each is judged on a hit: a fetch, which keys do not concern, fills the TLB.
                assert await reach(cpu, FETCH) == FRAME
                # Disabled writes are the kernel's as well if CR0.WP is set.
                if bits & 1 or bits and (user or wp):
                    assert await error(cpu, write) == refused | BY_KEY, (key, bits)
                elif outside:
                    assert await error(cpu, write) == refused, (key, bits)
                else:
                    assert await reach(cpu, write) == FRAME, (key, bits)
