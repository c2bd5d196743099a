"""Rules 19 and 21 on the gateware: modes. docs/paging-rules.md explains them."""

import pytest
from paging_support import CR0_32, CR4_LONG, EFER_LONG, ROOT, TWO_LEVELS

from sw.bus import Access, Register

from .mmu_support import four_levels, paging_off, two_levels
from .rules_support import (
    A, BY_USER, D, FETCH, FETCHED, FRAME, LINEAR, LMA, LME, NXE, P, PAE, PAGE, PE, PG, PRESENT, PS,
    PSE, READ, RESERVED, RW, SMAP, SMEP, US, USER_READ, USER_WRITE, WP, WRITE, WRITTEN, error,
    map_page, reach, refused,
)


# Rule 19: 32-bit paging.

@two_levels()
async def test_rule_19_page_size_is_ignored_without_pse(cpu):
    map_page(cpu, form=TWO_LEVELS, upper=P | RW | US | PS)
    assert await reach(cpu, USER_WRITE) == FRAME


@two_levels(cr4=PSE)
async def test_rule_19_a_4_mib_page_has_its_dirty_flag_in_the_pde(cpu):
    pde, = map_page(cpu, 0x1240_0000 | 1 << 12 | PS | P | RW, form=TWO_LEVELS, depth=1)
    assert await reach(cpu, WRITE) == 0x1240_0000 | LINEAR & 0x3f_ffff
    assert cpu.memory.read(pde, 8) == 0x1240_0000 | 1 << 12 | PS | P | RW | A | D


@pytest.mark.slow
@pytest.mark.parametrize("bit", range(13, 21))
@two_levels(cr4=PSE, maxphyaddr=40)
async def test_rule_19_bits_13_to_20_of_a_4_mib_page_are_address_bits_32_to_39(cpu, bit):
    map_page(cpu, 0x0040_0000 | 1 << bit | PS | P, form=TWO_LEVELS, depth=1)
    assert await reach(cpu, READ) == 1 << bit + 19 | 0x0040_0000 | LINEAR & 0x3f_ffff


@two_levels(cr4=PSE)
async def test_rule_19_bit_21_of_a_4_mib_page_is_reserved(cpu):
    map_page(cpu, 1 << 21 | PS | P, form=TWO_LEVELS, depth=1)
    assert await error(cpu, READ) == PRESENT | RESERVED


@pytest.mark.slow
@two_levels(cr4=PSE, maxphyaddr=36)
async def test_rule_19_address_bits_that_do_not_exist_are_reserved_in_a_4_mib_page(cpu):
    pde, = map_page(cpu, 1 << 16 | PS | P, form=TWO_LEVELS, depth=1)
    assert await reach(cpu, READ) == 1 << 35 | LINEAR & 0x3f_ffff
    for bit in range(17, 22):
        await cpu.invlpg(LINEAR)
        cpu.memory.write(pde, 4, 1 << bit | PS | P)
        assert await error(cpu, READ) == PRESENT | RESERVED


@two_levels(cr0=WP, cr4=SMEP | SMAP)
async def test_rule_19_rights_smep_and_smap_work_with_two_levels(cpu):
    pde, pte = map_page(cpu, form=TWO_LEVELS)
    assert await error(cpu, READ) == PRESENT
    assert await error(cpu, FETCH) == PRESENT | FETCHED
    cpu.memory.write(pde, 4, cpu.memory.read(pde, 4) & ~(RW | US))
    assert await reach(cpu, READ) == FRAME
    assert await error(cpu, WRITE) == PRESENT | WRITTEN
    assert await error(cpu, USER_READ) == PRESENT | BY_USER
    assert cpu.memory.read(pte, 4) == PAGE | A


@pytest.mark.parametrize("pse", [0, PSE])
@four_levels()
async def test_rule_19_pse_is_ignored_in_long_mode(cpu, pse):
    await cpu.write_control(Register.CR4, PAE | pse)
    map_page(cpu, 0x8000_0000 | PS | P, depth=3)
    assert await reach(cpu, READ) == 0x8000_0000 | LINEAR & 0x1f_ffff


# The page directory is at CR3[31:12]; bits 63:32 are ignored (SDM Vol. 3A, Table 4-3). A MOV to CR3
# outside long mode clears them, so only what long mode has left there can be seen to be ignored.

@pytest.mark.parametrize("bit", range(32, 40))
@four_levels()
async def test_rule_19_what_long_mode_left_in_the_upper_half_of_cr3_is_ignored(cpu, bit):
    await cpu.write_control(Register.CR3, 1 << bit | ROOT)
    for register, value in (
        (Register.CR0, PE), (Register.EFER, 0), (Register.CR4, 0), (Register.CR0, CR0_32),
    ):
        await cpu.write_control(register, value)
    map_page(cpu, form=TWO_LEVELS)
    assert await reach(cpu, READ) == FRAME
    assert await cpu.read_control(Register.CR3) == 1 << bit | ROOT


@pytest.mark.parametrize("bit", range(3, 5))
@two_levels()
async def test_rule_19_pwt_and_pcd_of_cr3_are_no_part_of_the_directory_s_address(cpu, bit):
    await cpu.write_control(Register.CR3, ROOT | 1 << bit)
    map_page(cpu, form=TWO_LEVELS)
    assert await reach(cpu, READ) == FRAME


# Rule 21: which changes of mode are illegal.

@paging_off()
async def test_rule_21_paging_needs_protection(cpu):
    assert await refused(cpu, Register.CR0, PG)
    assert not await refused(cpu, Register.CR0, PG | PE)


@paging_off()
async def test_rule_21_not_write_through_needs_cache_disable(cpu):
    assert await refused(cpu, Register.CR0, 1 << 29)
    assert not await refused(cpu, Register.CR0, 1 << 29 | 1 << 30)


@paging_off(long_mode=True)
async def test_rule_21_long_mode_needs_pae(cpu):
    await cpu.write_control(Register.EFER, LME)
    assert await refused(cpu, Register.CR0, PG | PE)
    await cpu.write_control(Register.CR4, PAE)
    assert not await refused(cpu, Register.CR0, PG | PE)
    assert await cpu.read_control(Register.EFER) == LME | LMA


@four_levels()
async def test_rule_21_pae_stays_set_in_long_mode(cpu):
    assert await refused(cpu, Register.CR4, 0)


@pytest.mark.parametrize("lme, other", [(0, LME), (LME, 0)])
@paging_off(long_mode=True)
async def test_rule_21_lme_does_not_change_while_paging_is_on(cpu, lme, other):
    await cpu.write_control(Register.CR4, PAE if lme else 0)
    await cpu.write_control(Register.EFER, lme)
    await cpu.write_control(Register.CR0, PG | PE)
    assert await refused(cpu, Register.EFER, other)
    assert not await refused(cpu, Register.EFER, lme | NXE)


@four_levels()
async def test_rule_21_leaving_paging_leaves_long_mode(cpu):
    map_page(cpu)
    await reach(cpu, READ)
    await cpu.write_control(Register.CR0, PE)
    assert await cpu.read_control(Register.EFER) == LME
    assert await reach(cpu, Access(0xffff_0000_1234, 1)) == 0x1234  # 32 bits, not translated


@pytest.mark.slow
@four_levels(la57=False, pku=False)
async def test_rule_21_reserved_bits_are_refused_in_long_mode(cpu):
    assert await refused(cpu, Register.CR0, CR0_32 | 1 << 32)
    assert await refused(cpu, Register.CR3, 1 << 40)
    assert await refused(cpu, Register.CR4, CR4_LONG | 1 << 12)  # LA57
    assert await refused(cpu, Register.CR4, CR4_LONG | 1 << 22)  # PKE
    assert await refused(cpu, Register.EFER, EFER_LONG | 1 << 12)
