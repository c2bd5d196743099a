"""Rules 32 to 35 on the gateware: PCIDs and INVPCID. docs/paging-rules.md explains them."""

import pytest
from paging_support import CR0_32, CR4_LONG, EFER_LONG, ROOT, TWO_LEVELS

from sw.bus import Access, GeneralProtection, Kind, Register

from .mmu_support import four_levels, two_levels
from .rules_support import (
    AC, BY_USER, FRAME, G, LA57, LINEAR, LME, NXE, P, PE, PGE, PRESENT, PSE, READ, RW, SMAP,
    SMEP, US, USER_WRITE, WP, WRITTEN, error, map_page, reach,
)


PCIDE, NO_FLUSH, CD = 1 << 17, 1 << 63, 1 << 30

#: A second page.
OTHER = LINEAR + 0x1000

#: What :func:`held` says while all that :func:`cache` has cached is there: a page of two PCIDs, for
#: which the unit has two places.
ALL = {0: "LO", 1: "LO"}

contexts = four_levels(invpcid=True, second_entries=32)


async def switch(cpu, pcid, *, flush=False):
    """Make ``pcid`` the current one, and forget nothing if there is to be no ``flush``."""
    await cpu.write_control(Register.CR3, ROOT | pcid | NO_FLUSH * (not flush))


def frame(pcid, linear):
    """Physical address of a page under a PCID."""
    return 0x10_0000 + 0x10_0000 * pcid + (linear & 0xf000)


async def cache(cpu, *, pcids=(0, 1), cr4=PGE):
    """Cache two pages under each PCID, in frames of its own, and take their entries away.

    The current PCID is the last one.
    """
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE | cr4)
    for pcid in pcids:
        await switch(cpu, pcid)
        for linear in (LINEAR, OTHER):
            map_page(cpu, frame(pcid, linear) | P | RW | US, linear=linear)
            assert await reach(cpu, Access(linear, 8, user=True)) == frame(pcid, linear)
    for linear in (LINEAR, OTHER):
        map_page(cpu, 0, linear=linear)


async def cache_global(cpu, linear, *, physical=0x9000):
    """Cache a global page under the current PCID, and take its entry away."""
    map_page(cpu, physical | G | P | RW | US, linear=linear)
    assert await reach(cpu, Access(linear, 8)) == physical
    map_page(cpu, 0, linear=linear)


async def held(cpu, *, pcids=(0, 1)):
    """Pages that are still cached, by PCID: letters L and O. The PCID stays what it is."""
    if (current := await cpu.read_control(Register.CR4)) & PCIDE == 0:
        return await letters(cpu, 0)
    current = await cpu.read_control(Register.CR3) & 0xfff
    found   = {}
    for pcid in pcids:
        await switch(cpu, pcid)
        found |= await letters(cpu, pcid)
    await switch(cpu, current)
    return found


async def letters(cpu, pcid):
    """Pages that are cached under the current PCID, which is ``pcid``."""
    found = ""
    for letter, linear in (("L", LINEAR), ("O", OTHER)):
        outcome = await cpu.access(Access(linear, 8, user=True))
        if outcome.fault is None:
            assert outcome.physical == frame(pcid, linear)
            found += letter
    return {pcid: found}


async def refused(operation, *operands):
    """Do an operation; tell whether it is answered with #GP."""
    try:
        await operation(*operands)
    except GeneralProtection:
        return True
    return False


# Rule 32: PCIDs.

@pytest.mark.slow
@contexts
async def test_rule_32_a_translation_serves_its_own_pcid_alone(cpu):
    await cache(cpu)
    for pcid in (1, 0, 1):
        await switch(cpu, pcid)
        assert await reach(cpu, READ) == frame(pcid, LINEAR)
    await switch(cpu, 2)
    assert await error(cpu, READ) == 0


@contexts
async def test_rule_32_an_access_right_behind_a_change_is_of_the_new_pcid(cpu):
    await cache(cpu)
    pcids = (0, 1, 0)
    steps = [step for pcid in pcids for step in ((Register.CR3, ROOT | pcid | NO_FLUSH), READ)]
    responses = await cpu.burst(steps, chained=set(), ready=lambda cycle: True)
    assert [response.physical for response in responses] == [
        frame(pcid, LINEAR) for pcid in pcids]


@pytest.mark.parametrize("bit", range(12))
@contexts
async def test_rule_32_all_twelve_bits_tell_pcids_apart(cpu, bit):
    await cache(cpu, pcids=(0xfff,))
    await switch(cpu, 0xfff ^ 1 << bit)
    assert await error(cpu, READ) == 0
    await switch(cpu, 0xfff)
    assert await reach(cpu, READ) == frame(0xfff, LINEAR)
    assert await cpu.read_control(Register.CR3) == ROOT | 0xfff


@contexts
async def test_rule_32_without_pcide_the_low_bits_are_kept_and_mean_nothing(cpu):
    map_page(cpu)
    await cpu.write_control(Register.CR3, ROOT | 0xfff)
    assert await cpu.read_control(Register.CR3) == ROOT | 0xfff
    assert await reach(cpu, READ) == 0x9000
    assert await refused(cpu.write_control, Register.CR3, ROOT | NO_FLUSH)


@two_levels()
async def test_rule_32_pcide_cannot_be_set_outside_long_mode(cpu):
    assert await refused(cpu.write_control, Register.CR4, PCIDE)
    await cpu.write_control(Register.CR0, PE)
    assert await refused(cpu.write_control, Register.CR4, PCIDE)
    assert await cpu.read_control(Register.CR4) == 0


@pytest.mark.parametrize("bit", range(12))
@contexts
async def test_rule_32_pcide_cannot_be_set_while_a_low_bit_of_cr3_is(cpu, bit):
    await cpu.write_control(Register.CR3, ROOT | 1 << bit)
    assert await refused(cpu.write_control, Register.CR4, CR4_LONG | PCIDE)
    assert await cpu.read_control(Register.CR4) == CR4_LONG
    await cpu.write_control(Register.CR3, ROOT)
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE)
    await cpu.write_control(Register.CR3, ROOT | 1 << bit)
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE | SMEP)  # it is set already


@contexts
async def test_rule_32_paging_cannot_be_turned_off_while_pcide_is_set(cpu):
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE)
    assert await refused(cpu.write_control, Register.CR0, PE)
    assert await cpu.read_control(Register.CR0) & CR0_32 == CR0_32
    await cpu.write_control(Register.CR4, CR4_LONG)
    await cpu.write_control(Register.CR0, PE)


@contexts
async def test_rule_32_setting_pcide_keeps_what_is_cached_as_pcid_0_s(cpu):
    map_page(cpu, frame(0, LINEAR) | P)
    await reach(cpu, READ)
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE)
    map_page(cpu, 0)
    assert await reach(cpu, READ) == frame(0, LINEAR)
    await switch(cpu, 1)
    assert await error(cpu, READ) == 0


@contexts
async def test_rule_32_mov_to_cr3_flushes_the_new_pcid_and_not_the_old_one(cpu):
    await cache(cpu)
    await switch(cpu, 1, flush=True)
    assert await held(cpu) == {0: "LO", 1: ""}


@contexts
async def test_rule_32_bit_63_of_the_operand_flushes_nothing_and_is_not_stored(cpu):
    await cache(cpu)
    await switch(cpu, 1)
    assert await cpu.read_control(Register.CR3) == ROOT | 1
    assert await held(cpu) == ALL


@contexts
async def test_rule_32_mov_to_cr3_spares_global_translations(cpu):
    await cache(cpu, pcids=(0, 1))
    await cache_global(cpu, 0x4060_7000)
    await switch(cpu, 1, flush=True)
    assert await reach(cpu, Access(0x4060_7000, 8)) == 0x9000


@pytest.mark.parametrize("bit", range(40, 64))
@contexts
async def test_rule_32_the_upper_bits_of_cr3_are_reserved_but_for_bit_63_with_pcide(cpu, bit):
    assert await refused(cpu.write_control, Register.CR3, ROOT | 1 << bit)
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE)
    assert await refused(cpu.write_control, Register.CR3, ROOT | 1 << bit) is (bit != 63)
    assert await cpu.read_control(Register.CR3) == ROOT


# Rule 33: INVPCID. Its descriptor has the PCID in bits 0 to 11, the address in bits 64 to 127.

def descriptor(pcid, linear=0):
    """Memory operand of INVPCID."""
    return linear << 64 | pcid


@pytest.mark.slow
@pytest.mark.parametrize("kind, operand, left", [
    (0, descriptor(1, LINEAR | 0xfff), {0: "LO", 1: "O"}),
    (0, descriptor(0, OTHER),          {0: "L", 1: "LO"}),
    (0, descriptor(3, OTHER),          ALL),
    (1, descriptor(1),                 {0: "LO", 1: ""}),
    (1, descriptor(0, 1 << 50),        {0: "", 1: "LO"}),
    (1, descriptor(3),                 ALL),
    (2, descriptor(7, 1 << 50),        {0: "", 1: ""}),
    (3, descriptor(7, 1 << 50),        {0: "", 1: ""}),
])
@contexts
async def test_rule_33_each_type_forgets_what_it_names(cpu, kind, operand, left):
    await cache(cpu)
    await cpu.invpcid(kind, operand)
    assert await held(cpu) == left


@contexts
async def test_rule_33_a_pcid_that_has_lost_an_address_walks_its_own_tables(cpu):
    roots = {1: 0x20000, 2: 0x30000}
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE)
    for pcid, root in roots.items():
        for linear in (LINEAR, OTHER):
            map_page(cpu, frame(pcid, linear) | P | RW | US, linear=linear, root=root)
    await cpu.write_control(Register.CR3, roots[2] | 2 | NO_FLUSH)
    assert await reach(cpu, READ) & ~0xfff == frame(2, LINEAR)
    await cpu.write_control(Register.CR3, roots[1] | 1 | NO_FLUSH)
    await cpu.invpcid(0, descriptor(2, LINEAR))
    await cpu.invlpg(LINEAR)  # The tables of PCID 1 have a stamp of their own from here on.
    assert await reach(cpu, READ) & ~0xfff == frame(1, LINEAR)
    await cpu.write_control(Register.CR3, roots[2] | 2 | NO_FLUSH)
    assert await reach(cpu, Access(OTHER, 8)) == frame(2, OTHER)


@pytest.mark.parametrize("kind, kept", [(0, True), (1, True), (2, False), (3, True)])
@contexts
async def test_rule_33_global_translations_are_forgotten_by_type_2_alone(cpu, kind, kept):
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE | PGE)
    await cache_global(cpu, LINEAR)
    await cpu.invpcid(kind, descriptor(0, LINEAR))
    outcome = await cpu.access(READ)
    assert (outcome.fault is None) is kept


@pytest.mark.slow
@pytest.mark.parametrize("kind, operand", [
    *((4 << n, descriptor(0)) for n in range(62)),
    *((kind, descriptor(1 << bit, LINEAR)) for kind in (0, 1, 2, 3) for bit in range(12, 64, 7)),
    *((0, descriptor(0, LINEAR ^ 1 << bit)) for bit in range(47, 64)),
])
@contexts
async def test_rule_33_malformed_operands_are_refused_and_forget_nothing(cpu, kind, operand):
    await cache(cpu, pcids=(0,))
    assert await refused(cpu.invpcid, kind, operand)
    assert await held(cpu, pcids=(0,)) == {0: "LO"}


@contexts
async def test_rule_33_without_pcide_there_is_pcid_0_alone(cpu):
    map_page(cpu)
    await reach(cpu, READ)
    map_page(cpu, 0)
    for kind in (0, 1):
        assert await refused(cpu.invpcid, kind, descriptor(1, LINEAR))
    for kind in (2, 3):
        assert not await refused(cpu.invpcid, kind, descriptor(1 << 11, LINEAR))
    assert await error(cpu, READ) == 0


@two_levels(invpcid=True)
async def test_rule_33_the_address_has_64_bits_outside_long_mode_too(cpu):
    await address_has_64_bits(cpu)


@two_levels(invpcid=True, long_mode=False, gigabyte_pages=False, nx=False, pcid=False)
async def test_rule_33_the_address_has_64_bits_without_long_mode_too(cpu):
    await address_has_64_bits(cpu)


async def address_has_64_bits(cpu):
    """INVPCID judges all bits of an address, and drops the page that has all of them, no other."""
    cpu.memory.write(ROOT + 4 * (LINEAR >> 22), 4, 0x2000 | P)
    cpu.memory.write(0x2000 + 4 * (LINEAR >> 12 & 0x3ff), 4, 0x9000 | P)
    assert await reach(cpu, READ) == 0x9000
    cpu.memory.write(0x2000 + 4 * (LINEAR >> 12 & 0x3ff), 4, 0)
    assert await refused(cpu.invpcid, 0, descriptor(0, LINEAR | 1 << 63))
    assert not await refused(cpu.invpcid, 0, descriptor(0, LINEAR | 1 << 40))
    assert await reach(cpu, READ) == 0x9000
    assert not await refused(cpu.invpcid, 0, descriptor(0, LINEAR))
    assert await error(cpu, READ) == 0


@contexts
async def test_rule_33_an_address_spares_a_global_translation_wherever_it_is(cpu):
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE | PGE)
    await cache_global(cpu, LINEAR)
    before = cpu.events["hit"]
    await cpu.invpcid(0, descriptor(0, LINEAR))
    assert await reach(cpu, READ) == 0x9000
    # It is still in the first level.
    assert cpu.events["hit"] == before + 1
    assert cpu.events["hit_second"] == 0


@pytest.mark.slow
@two_levels(cr4=LA57, invpcid=True, la57=True)
async def test_rule_33_each_bit_of_the_address_above_32_counts_outside_long_mode(cpu):
    map_page(cpu, form=TWO_LEVELS)
    assert await reach(cpu, READ) == FRAME
    map_page(cpu, 0, form=TWO_LEVELS)
    # With LA57 these bits may differ from those above them.
    for bit in range(32, 56):
        await cpu.invpcid(0, descriptor(0, LINEAR | 1 << bit))
        assert await reach(cpu, READ) == FRAME, bit
    assert cpu.events["invalidated"] == 0
    await cpu.invpcid(0, descriptor(0, LINEAR))
    assert await error(cpu, READ) == 0


@pytest.mark.slow
@four_levels(invpcid=False)
async def test_rule_33_a_unit_without_invpcid_refuses_it(cpu):
    for kind in range(4):
        assert await refused(cpu.invpcid, kind, 0)


# Rule 34: INVLPG and page faults.

@contexts
async def test_rule_34_invlpg_forgets_the_page_of_the_current_pcid(cpu):
    await cache(cpu)
    await switch(cpu, 1)
    await cpu.invlpg(LINEAR | 0x123)
    assert await held(cpu) == {0: "LO", 1: "O"}


@pytest.mark.slow
@contexts
async def test_rule_34_a_page_fault_forgets_the_page_of_the_current_pcid(cpu):
    await cache(cpu)
    await switch(cpu, 1)
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE | PGE | SMAP)
    assert await error(cpu, READ) == PRESENT
    assert await held(cpu) == {0: "LO", 1: "O"}


@contexts
async def test_rule_34_rights_that_were_raised_cost_at_most_a_fault_in_each_pcid(cpu):
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE)
    map_page(cpu, 0x9000 | P | US)
    for pcid in (0, 1):
        await switch(cpu, pcid)
        await reach(cpu, Access(LINEAR, 8, user=True))
    map_page(cpu, 0x9000 | P | RW | US)
    for pcid in (1, 0):
        await switch(cpu, pcid)
        fault = (await cpu.access(USER_WRITE)).fault
        assert fault is None or fault.error_code == PRESENT | WRITTEN | BY_USER
        assert await reach(cpu, USER_WRITE) == 0x9000


@contexts
async def test_rule_34_rights_of_a_global_page_that_were_raised_cost_one_fault(cpu):
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE | PGE)
    map_page(cpu, 0x9000 | P | US | G)
    await reach(cpu, Access(LINEAR, 8, user=True))
    map_page(cpu, 0x9000 | P | RW | US | G)
    await switch(cpu, 2)
    assert await error(cpu, USER_WRITE) == PRESENT | WRITTEN | BY_USER
    for pcid in (2, 0, 1):
        await switch(cpu, pcid)
        assert await reach(cpu, USER_WRITE) == 0x9000


@pytest.mark.parametrize("other", [0, 1])
@contexts
async def test_rule_34_invlpg_forgets_a_global_page_whoever_cached_it(cpu, other):
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE | PGE)
    await cache_global(cpu, LINEAR)
    await switch(cpu, other)
    await cpu.invlpg(LINEAR)
    for pcid in (0, 1):
        await switch(cpu, pcid)
        assert await error(cpu, READ) == 0


@pytest.mark.parametrize("pge, shared", [(0, False), (PGE, True)])
@contexts
async def test_rule_34_a_global_page_serves_every_pcid_if_pge_is_set(cpu, pge, shared):
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE | pge)
    await cache_global(cpu, LINEAR)
    await switch(cpu, 5)
    assert ((await cpu.access(READ)).fault is None) is shared


@contexts
async def test_rule_34_a_page_that_becomes_global_takes_the_place_of_all_others(cpu):
    await cache(cpu)
    await switch(cpu, 5)
    await cache_global(cpu, LINEAR, physical=0x9000)
    for pcid in (0, 1, 5):
        await switch(cpu, pcid)
        assert await reach(cpu, READ) == 0x9000


@contexts
async def test_rule_34_a_page_that_is_global_no_more_takes_the_place_of_the_global_one(cpu):
    await cpu.write_control(Register.CR4, CR4_LONG | PCIDE | PGE)
    await cache_global(cpu, LINEAR)
    map_page(cpu, frame(1, LINEAR) | P | RW | US)
    await switch(cpu, 1)
    await reach(cpu, USER_WRITE)  # It is not dirty in the TLB, so that it is walked again.
    assert await reach(cpu, READ) == frame(1, LINEAR)
    map_page(cpu, 0)
    await switch(cpu, 0)
    assert await error(cpu, READ) == 0


# Rule 35: other control writes.

NOTHING, OWN, EVERYTHING = ALL, {0: "LO", 1: ""}, {0: "", 1: ""}

BASE = CR4_LONG | PCIDE | PGE

WRITES = {
    "PGE cleared":   (0,    Register.CR4,    CR4_LONG | PCIDE, EVERYTHING),
    "PCIDE cleared": (0,    Register.CR4,    CR4_LONG | PGE,   {0: ""}),
    "SMEP set":      (0,    Register.CR4,    BASE | SMEP,      OWN),
    "SMEP cleared":  (SMEP, Register.CR4,    BASE,             NOTHING),
    "SMAP cleared":  (SMAP, Register.CR4,    BASE,             NOTHING),
    "PSE set":       (0,    Register.CR4,    BASE | PSE,       NOTHING),
    "WP set":        (0,    Register.CR0,    CR0_32 | WP,      NOTHING),
    "CD set":        (0,    Register.CR0,    CR0_32 | CD,      NOTHING),
    "NXE set":       (0,    Register.EFER,   LME | NXE,        NOTHING),
    "AC set":        (0,    Register.RFLAGS, AC,               NOTHING),
    "CR2":           (0,    Register.CR2,    0,                NOTHING),
}


@pytest.mark.parametrize("name", WRITES)
@contexts
async def test_rule_35_what_a_control_write_flushes(cpu, name):
    cr4, register, value, expected = WRITES[name]
    await cache(cpu, cr4=PGE | cr4)
    await cpu.write_control(register, value)
    assert await held(cpu) == expected


@pytest.mark.parametrize("name, gone", [
    ("PGE cleared", True), ("PCIDE cleared", True), ("SMEP set", True), ("SMEP cleared", False),
    ("WP set", False),
])
@contexts
async def test_rule_35_global_translations_go_with_everything_and_with_the_current_pcid(
    cpu, name, gone,
):
    cr4, register, value, _ = WRITES[name]
    await cpu.write_control(Register.CR4, BASE | cr4)
    await cache_global(cpu, LINEAR)
    await switch(cpu, 2)
    await cpu.write_control(register, value)
    assert ((await cpu.access(Access(LINEAR, 8, Kind.READ))).fault is not None) is gone


@contexts
async def test_rule_35_turning_paging_off_flushes_everything(cpu):
    await cache(cpu, pcids=(0,))
    await cpu.write_control(Register.CR4, CR4_LONG | PGE)
    await cache_global(cpu, LINEAR)
    await cpu.write_control(Register.CR0, PE)
    await cpu.write_control(Register.EFER, EFER_LONG)
    await cpu.write_control(Register.CR0, CR0_32)
    assert await letters(cpu, 0) == {0: ""}
