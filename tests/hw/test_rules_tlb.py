"""Rules 22 to 27 on the gateware: cached translations. docs/paging-rules.md explains them."""

import pytest
from paging_support import CR0_32, CR4_LONG, EFER_LONG, ROOT, TWO_LEVELS

from hw.layout import Fault
from sw.bus import Access, Kind, Register

from .mmu_support import four_levels, two_levels
from .rules_support import (
    A, AC, BY_USER, D, FETCH, FETCHED, FRAME, G, LINEAR, NXE, P, PAGE, PE, PGE, PRESENT, PS, PSE,
    READ, RW, SMAP, SMEP, US, USER_FETCH, USER_READ, USER_WRITE, WP, WRITE, WRITTEN, XD, change,
    error, every_level, map_page, reach,
)


# Rule 22: what is never cached.

@every_level
@pytest.mark.parametrize("defect", [P, 1 << 51], ids=["missing", "reserved"])
@four_levels()
async def test_rule_22_a_repaired_entry_takes_effect_without_a_flush(cpu, level, defect):
    entries = map_page(cpu)
    cpu.memory.write(entries[level], 8, cpu.memory.read(entries[level], 8) ^ defect)
    await error(cpu, USER_WRITE)
    cpu.memory.write(entries[level], 8, cpu.memory.read(entries[level], 8) ^ defect)
    assert await reach(cpu, USER_WRITE) == FRAME


# Rule 23: a hit is judged by the present control state. The entry is taken out of memory after
# it is cached, which shows that it is the hit that is judged: a walk would find nothing.

@pytest.mark.parametrize("leaf, access, register, allowing, denying, code", [
    (P | US | D, WRITE, Register.CR0, CR0_32, CR0_32 | WP, PRESENT | WRITTEN),
    (P | US, READ, Register.CR4, CR4_LONG, CR4_LONG | SMAP, PRESENT),
], ids=["wp", "smap"])
@four_levels()
async def test_rule_23_a_hit_is_judged_by_the_present_registers(
    cpu, leaf, access, register, allowing, denying, code,
):
    *_, entry = map_page(cpu, FRAME | leaf)
    await cpu.write_control(register, allowing)
    await reach(cpu, access)
    cpu.memory.write(entry, 8, 0)
    assert await reach(cpu, access) == FRAME
    await cpu.write_control(register, denying)
    assert await error(cpu, access) == code


@four_levels(efer=NXE)
async def test_rule_23_a_hit_is_judged_by_the_present_nxe(cpu):
    *_, entry = map_page(cpu, PAGE | XD)
    await reach(cpu, READ)
    cpu.memory.write(entry, 8, 0)
    await cpu.write_control(Register.EFER, EFER_LONG)
    assert await reach(cpu, FETCH) == FRAME
    await cpu.write_control(Register.EFER, EFER_LONG | NXE)
    assert await error(cpu, FETCH) == PRESENT | FETCHED


@four_levels(cr4=SMAP, rflags=AC)
async def test_rule_23_a_hit_is_judged_by_the_present_ac(cpu):
    *_, entry = map_page(cpu)
    await reach(cpu, READ)
    cpu.memory.write(entry, 8, 0)
    assert await reach(cpu, READ) == FRAME
    await cpu.write_control(Register.RFLAGS, 0)
    assert await error(cpu, READ) == PRESENT


@four_levels(cr4=SMEP | SMAP)
async def test_rule_23_a_translation_of_a_user_access_is_judged_again_for_the_supervisor(cpu):
    *_, entry = map_page(cpu)
    await reach(cpu, USER_READ)
    cpu.memory.write(entry, 8, 0)
    assert await reach(cpu, USER_FETCH) == FRAME
    assert await error(cpu, FETCH) == PRESENT | FETCHED


@four_levels()
async def test_rule_23_a_translation_of_the_supervisor_is_judged_again_for_the_user(cpu):
    *_, entry = map_page(cpu, FRAME | P | RW)
    await reach(cpu, READ)
    cpu.memory.write(entry, 8, 0)
    assert await reach(cpu, READ) == FRAME
    assert await error(cpu, USER_READ) == PRESENT | BY_USER


@four_levels(cr0=WP)
async def test_rule_23_the_second_page_of_a_crossing_hit_is_judged_too(cpu):
    map_page(cpu)
    beyond = LINEAR + 0x1000
    *_, entry = map_page(cpu, FRAME + 0x1000 | P | US | D, linear=beyond)
    await reach(cpu, Access(beyond, 1))
    cpu.memory.write(entry, 8, 0)
    fault = (await cpu.access(Access(beyond - 4, 8, Kind.WRITE, data=-1 & (1 << 64) - 1))).fault
    assert (fault.address, fault.error_code) == (beyond, PRESENT | WRITTEN)
    assert cpu.memory.read(FRAME + 0xff8, 8) == 0


@four_levels()
async def test_a_chained_access_is_skipped_after_one_that_faulted_or_was_skipped(cpu):
    map_page(cpu)
    missing   = Access(LINEAR + 0x1000, 8)
    responses = await cpu.burst([missing, WRITE, WRITE, READ], chained={1, 2},
                                ready=lambda cycle: True)
    assert [response.fault for response in responses] == [
        Fault.PAGE_FAULT, Fault.SKIPPED, Fault.SKIPPED, Fault.NONE]
    assert responses[-1].data == 0


# Rule 24: stale translations. Either outcome is right before the flush, only the new one after.

@four_levels()
async def test_rule_24_a_page_taken_away_is_gone_after_invlpg(cpu):
    *_, leaf = map_page(cpu)
    await reach(cpu, READ)
    cpu.memory.write(leaf, 8, 0)
    outcome = await cpu.access(READ)
    assert outcome.physical == FRAME or outcome.fault.error_code == 0
    await cpu.invlpg(LINEAR)
    assert await error(cpu, READ) == 0


@pytest.mark.parametrize("level", [0, 1, 2, 3], ids=["pml4e", "pdpte", "pde", "pte"])
@four_levels()
async def test_rule_24_a_page_made_read_only_is_so_after_invlpg(cpu, level):
    entries = map_page(cpu)
    await reach(cpu, USER_WRITE)
    change(cpu, entries[level], remove=RW)
    outcome = await cpu.access(USER_WRITE)
    assert outcome.physical == FRAME or outcome.fault.error_code == PRESENT | WRITTEN | BY_USER
    await cpu.invlpg(LINEAR)
    assert await error(cpu, USER_WRITE) == PRESENT | WRITTEN | BY_USER


@four_levels()
async def test_rule_24_a_remapped_page_is_at_its_new_place_after_invlpg(cpu):
    *_, leaf = map_page(cpu)
    await reach(cpu, READ)
    cpu.memory.write(leaf, 8, PAGE + 0x1000)
    assert await reach(cpu, READ) in (FRAME, FRAME + 0x1000)
    await cpu.invlpg(LINEAR)
    assert await reach(cpu, READ) == FRAME + 0x1000


@four_levels()
async def test_rule_24_a_split_large_page_is_split_after_invlpg(cpu):
    *_, pde = map_page(cpu, 0x60_0000 | P | PS, depth=3)
    old = await reach(cpu, READ)
    map_page(cpu)
    assert await reach(cpu, READ) in (old, FRAME)
    await cpu.invlpg(LINEAR)
    assert await reach(cpu, READ) == FRAME


@pytest.mark.parametrize("depth, base", [(3, 0x60_0000), (2, 0x4000_0000)])
@four_levels()
async def test_rule_24_a_stale_small_page_does_not_mix_with_the_large_one_over_it(
    cpu, depth, base,
):
    entries = map_page(cpu, 0x8000_9000 | P)
    await reach(cpu, READ)
    cpu.memory.write(entries[depth - 1], 8, base | PS | P)
    await cpu.invlpg(LINEAR + 0x1000)
    neighbour = Access(LINEAR + 0x1000, 8)
    size = 1 << (21 if depth == 3 else 30)
    assert await reach(cpu, neighbour) == base | neighbour.linear & size - 1
    assert await reach(cpu, READ) in (0x8000_9000, base | LINEAR & size - 1)


@four_levels()
async def test_rule_24_flags_cleared_in_memory_are_set_again_after_invlpg(cpu):
    *_, leaf = map_page(cpu)
    await reach(cpu, WRITE)
    change(cpu, leaf, remove=A | D)
    await reach(cpu, WRITE)
    assert cpu.memory.read(leaf, 8) in (PAGE, PAGE | A | D)
    await cpu.invlpg(LINEAR)
    await reach(cpu, WRITE)
    assert cpu.memory.read(leaf, 8) == PAGE | A | D


# Rule 25: rights raised without a flush.

@pytest.mark.parametrize("level", [0, 1, 2, 3], ids=["pml4e", "pdpte", "pde", "pte"])
@four_levels()
async def test_rule_25_raised_rights_cost_at_most_one_fault(cpu, level):
    entries = map_page(cpu)
    change(cpu, entries[level], remove=RW)
    await reach(cpu, USER_READ)
    change(cpu, entries[level], add=RW)
    outcome = await cpu.access(USER_WRITE)
    assert outcome.physical == FRAME or outcome.fault.error_code == PRESENT | WRITTEN | BY_USER
    assert await reach(cpu, USER_WRITE) == FRAME


@four_levels(cr4=PGE)
async def test_rule_25_a_page_fault_drops_a_global_translation_too(cpu):
    *_, leaf = map_page(cpu, FRAME | P | US | G)
    await reach(cpu, USER_READ)
    cpu.memory.write(leaf, 8, PAGE | G)
    await cpu.access(USER_WRITE)
    assert await reach(cpu, USER_WRITE) == FRAME


# Rule 26: INVLPG.

@pytest.mark.parametrize("depth, size", [(4, 1 << 12), (3, 1 << 21), (2, 1 << 30)])
@pytest.mark.parametrize("bits", [0, G])
@four_levels(cr4=PGE)
async def test_rule_26_invlpg_forgets_the_page_of_any_of_its_addresses(cpu, depth, size, bits):
    leaf = 0x4000_0000 | P | bits | (PS if depth < 4 else 0)
    for linear in (LINEAR & -size, LINEAR | size - 1):
        *_, entry = map_page(cpu, leaf, depth=depth)
        await reach(cpu, READ)
        cpu.memory.write(entry, 8, 0)
        await cpu.invlpg(linear)
        assert await error(cpu, READ) == 0


@two_levels(cr4=PSE | PGE)
async def test_rule_26_invlpg_forgets_a_4_mib_page(cpu):
    pde, = map_page(cpu, P | PS | G, form=TWO_LEVELS, depth=1)
    await reach(cpu, READ)
    cpu.memory.write(pde, 4, 0)
    await cpu.invlpg(0xdead_0000_0000 | LINEAR ^ 0x3f_ffff)  # 32 bits count
    assert await error(cpu, READ) == 0


@pytest.mark.parametrize("linear", [LINEAR | 1 << 63, LINEAR | 1 << 48, LINEAR | 1 << 47])
@four_levels()
async def test_rule_26_invlpg_of_a_non_canonical_address_does_nothing(cpu, linear):
    *_, leaf = map_page(cpu)
    await reach(cpu, READ)
    cpu.memory.write(leaf, 8, 0)
    await cpu.invlpg(linear)
    assert await reach(cpu, READ) == FRAME


# Rule 27: what flushes many translations.

@pytest.mark.parametrize("pge, bits, kept", [
    (0, 0, False), (0, G, False), (PGE, 0, False), (PGE, G, True),
])
@four_levels()
async def test_rule_27_mov_cr3_forgets_all_but_global_pages(cpu, pge, bits, kept):
    await cpu.write_control(Register.CR4, CR4_LONG | pge)
    *_, leaf = map_page(cpu, PAGE | bits)
    await reach(cpu, READ)
    cpu.memory.write(leaf, 8, 0)
    await cpu.write_control(Register.CR3, ROOT)
    outcome = await cpu.access(READ)
    assert (outcome.fault is None) is kept


@pytest.mark.parametrize("pge", [0, PGE])
@four_levels()
async def test_rule_27_toggling_pge_forgets_everything(cpu, pge):
    await cpu.write_control(Register.CR4, CR4_LONG | pge)
    *_, leaf = map_page(cpu, PAGE | G)
    await reach(cpu, READ)
    cpu.memory.write(leaf, 8, 0)
    await cpu.write_control(Register.CR4, CR4_LONG | (pge ^ PGE))
    assert await error(cpu, READ) == 0


@four_levels(cr4=PGE)
async def test_rule_27_setting_smep_forgets_everything(cpu):
    *_, leaf = map_page(cpu, PAGE | G)
    await reach(cpu, READ)
    cpu.memory.write(leaf, 8, 0)
    await cpu.write_control(Register.CR4, CR4_LONG | PGE | SMEP)
    assert await error(cpu, READ) == 0


@two_levels(cr4=PGE)
async def test_rule_27_turning_paging_off_forgets_everything(cpu):
    *_, leaf = map_page(cpu, PAGE | G, form=TWO_LEVELS)
    await reach(cpu, READ)
    cpu.memory.write(leaf, 4, 0)
    await cpu.write_control(Register.CR0, PE)
    await cpu.write_control(Register.CR0, CR0_32)
    assert await error(cpu, READ) == 0
