"""Rules 32, 34 and 35 on the golden model: PCIDs, and what flushes what.

docs/paging-rules.md explains them.
"""

import pytest
from paging_support import ROOT

from sw.bus import Kind, Register

from .modes_support import (
    AC, CD, LA57, NXE, PAE, PCIDE, PE, PG, PGE, PKE, PKS, PSE, SMAP, SMEP, WP,
    ending, full, machine, map_page, refuses,
)
from .pcid_support import ALL, LINEAR, cached, frame, held, switch, with_global


P, RW, US, G = 1, 2, 4, 0x100

LONG_MODES = ["4-level", "5-level"]


# Rule 32: PCIDs


@pytest.mark.parametrize("mode", LONG_MODES)
def test_rule_32_a_translation_serves_its_own_pcid_alone(mode):
    mmu = cached(mode)
    for pcid in (1, 0, 2):
        switch(mmu, pcid)
        assert ending(mmu, LINEAR) == frame(pcid, LINEAR)
    switch(mmu, 3)
    assert ending(mmu, LINEAR) == "#PF 0x0"


@pytest.mark.parametrize("pcid", [1, 0x800, 0xfff])
def test_rule_32_the_pcid_is_the_low_twelve_bits_of_cr3(pcid):
    mmu = machine("4-level", cr4=PCIDE)
    switch(mmu, pcid)
    assert (mmu.state.pcid, mmu.read_control(Register.CR3)) == (pcid, ROOT | pcid)


@pytest.mark.parametrize("mode", ["32-bit", "PAE", *LONG_MODES])
def test_rule_32_without_pcide_the_low_bits_are_kept_and_mean_nothing(mode):
    mmu = machine(mode)
    map_page(mmu.memory, mode, LINEAR, 0x9007)
    low = 0x1f if mode == "PAE" else 0xfff   # PAE paging has its PDPTEs at any 32 bytes
    mmu.write_control(Register.CR3, ROOT | low)
    assert (mmu.state.pcid, mmu.read_control(Register.CR3)) == (0, ROOT | low)
    assert ending(mmu, LINEAR) == 0x9000


def test_rule_32_a_machine_that_needs_no_more_of_cr3_keeps_pwt_and_pcd_alone():
    mmu = machine("4-level", full(pae=False, pcid=False))
    mmu.write_control(Register.CR3, ROOT | 0xfff)
    assert mmu.read_control(Register.CR3) == ROOT | 0x18


@pytest.mark.parametrize("mode", ["off", "32-bit", "PAE"])
def test_rule_32_pcide_cannot_be_set_outside_long_mode(mode):
    mmu    = machine(mode)
    before = mmu.state
    assert refuses(mmu.write_control, Register.CR4, before.cr4 | PCIDE)
    assert mmu.state == before


@pytest.mark.parametrize("mode", LONG_MODES)
@pytest.mark.parametrize("bit", range(12))
def test_rule_32_pcide_cannot_be_set_while_a_low_bit_of_cr3_is(mode, bit):
    mmu = machine(mode)
    mmu.write_control(Register.CR3, ROOT | 1 << bit)
    before = mmu.state
    assert refuses(mmu.write_control, Register.CR4, before.cr4 | PCIDE)
    assert mmu.state == before
    mmu.write_control(Register.CR3, ROOT)
    mmu.write_control(Register.CR4, before.cr4 | PCIDE)
    mmu.write_control(Register.CR3, ROOT | 1 << bit)
    mmu.write_control(Register.CR4, before.cr4 | PCIDE | SMEP)   # it is set already
    assert mmu.state.pcid == 1 << bit


def test_rule_32_setting_pcide_keeps_what_is_cached_as_pcid_0_s():
    mmu = machine("4-level")
    map_page(mmu.memory, "4-level", LINEAR, 0x9007)
    assert ending(mmu, LINEAR) == 0x9000
    mmu.write_control(Register.CR4, PAE | PCIDE)
    assert held(mmu) == {0: "L", 1: "", 2: ""}


@pytest.mark.parametrize("mode", LONG_MODES)
def test_rule_32_paging_cannot_be_turned_off_while_pcide_is_set(mode):
    mmu    = machine(mode, cr4=PCIDE)
    before = mmu.state
    assert refuses(mmu.write_control, Register.CR0, PE)
    assert mmu.state == before
    mmu.write_control(Register.CR4, before.cr4 & ~PCIDE)
    mmu.write_control(Register.CR0, PE)


def test_rule_32_mov_to_cr3_flushes_the_new_pcid_and_not_the_old_one():
    mmu = cached()
    switch(mmu, 1, flush=True)
    assert held(mmu) == {0: "LO", 1: "", 2: "LO"}


def test_rule_32_bit_63_of_the_operand_flushes_nothing_and_is_not_stored():
    mmu = cached()
    switch(mmu, 1)
    assert held(mmu) == ALL
    assert mmu.read_control(Register.CR3) == ROOT | 1


def test_rule_32_mov_to_cr3_spares_global_translations():
    mmu = with_global(cached(pcids=(0, 1)), 0x4060_7000)
    switch(mmu, 1, flush=True)
    assert ending(mmu, 0x4060_7000) == 0x9000


@pytest.mark.parametrize("mode", LONG_MODES)
@pytest.mark.parametrize("bit", range(40, 64))
def test_rule_32_the_upper_bits_of_cr3_are_reserved_but_for_bit_63_with_pcide(mode, bit):
    for pcide in (0, PCIDE):
        mmu    = machine(mode, cr4=pcide)
        before = mmu.state
        if refuses(mmu.write_control, Register.CR3, ROOT | 1 << bit):
            assert (mmu.state == before, bit == 63 and bool(pcide)) == (True, False)
        else:
            assert (bit, pcide) == (63, PCIDE)


# Rule 34: INVLPG and page faults


def test_rule_34_invlpg_forgets_the_page_of_the_current_pcid():
    mmu = cached()
    switch(mmu, 1)
    mmu.invlpg(LINEAR | 0x123)
    assert held(mmu) == {0: "LO", 1: "O", 2: "LO"}


def test_rule_34_a_page_fault_forgets_the_page_of_the_current_pcid():
    mmu = cached()
    switch(mmu, 1)
    mmu.write_control(Register.CR4, mmu.state.cr4 | SMAP)
    assert ending(mmu, LINEAR) == "#PF 0x1"
    assert held(mmu) == {0: "LO", 1: "O", 2: "LO"}


def test_rule_34_rights_that_were_raised_cost_a_fault_in_each_pcid():
    mmu = machine("4-level", cr4=PCIDE)
    map_page(mmu.memory, "4-level", LINEAR, 0x9000 | P | US)
    for pcid in (0, 1, 2):
        switch(mmu, pcid)
        assert ending(mmu, LINEAR, user=True) == 0x9000
    map_page(mmu.memory, "4-level", LINEAR, 0x9000 | P | RW | US)
    for pcid in (2, 0, 1):
        switch(mmu, pcid)
        assert ending(mmu, LINEAR, Kind.WRITE, user=True) == "#PF 0x7"
        assert ending(mmu, LINEAR, Kind.WRITE, user=True) == 0x9000


def test_rule_34_rights_of_a_global_page_that_were_raised_cost_one_fault():
    mmu = machine("4-level", cr4=PCIDE | PGE)
    map_page(mmu.memory, "4-level", LINEAR, 0x9000 | P | US | G)
    assert ending(mmu, LINEAR, user=True) == 0x9000
    map_page(mmu.memory, "4-level", LINEAR, 0x9000 | P | RW | US | G)
    switch(mmu, 2)
    assert ending(mmu, LINEAR, Kind.WRITE, user=True) == "#PF 0x7"
    for pcid in (2, 0, 1):
        switch(mmu, pcid)
        assert ending(mmu, LINEAR, Kind.WRITE, user=True) == 0x9000


@pytest.mark.parametrize("other", [0, 1])
def test_rule_34_invlpg_forgets_a_global_page_whoever_cached_it(other):
    mmu = with_global(machine("4-level", cr4=PCIDE | PGE), LINEAR)
    switch(mmu, other)
    mmu.invlpg(LINEAR)
    for pcid in (0, 1):
        switch(mmu, pcid)
        assert ending(mmu, LINEAR) == "#PF 0x0"


@pytest.mark.parametrize("pge, shared", [(0, False), (PGE, True)])
def test_rule_34_a_global_page_serves_every_pcid_if_pge_is_set(pge, shared):
    mmu = with_global(machine("4-level", cr4=PCIDE | pge), LINEAR)
    switch(mmu, 5)
    assert (ending(mmu, LINEAR) == 0x9000) is shared


def test_rule_34_invlpg_of_an_address_that_is_not_canonical_does_nothing():
    mmu = cached()
    mmu.invlpg(1 << 47 | LINEAR)
    assert held(mmu) == ALL


# Rule 35: other control writes

NOTHING, OWN, EVERYTHING = ALL, {0: "LO", 1: "LO", 2: ""}, {0: "", 1: "", 2: ""}

WRITES = {
    "PGE cleared":   (0,    Register.CR4,     PAE | PCIDE,               EVERYTHING),
    "PCIDE cleared": (0,    Register.CR4,     PAE | PGE,                 EVERYTHING),
    "SMEP set":      (0,    Register.CR4,     PAE | PCIDE | PGE | SMEP,  OWN),
    "SMEP cleared":  (SMEP, Register.CR4,     PAE | PCIDE | PGE,         NOTHING),
    "SMAP set":      (0,    Register.CR4,     PAE | PCIDE | PGE | SMAP,  NOTHING),
    "SMAP cleared":  (SMAP, Register.CR4,     PAE | PCIDE | PGE,         NOTHING),
    "PSE set":       (0,    Register.CR4,     PAE | PCIDE | PGE | PSE,   NOTHING),
    "PKE set":       (0,    Register.CR4,     PAE | PCIDE | PGE | PKE,   NOTHING),
    "PKE cleared":   (PKE,  Register.CR4,     PAE | PCIDE | PGE,         NOTHING),
    "PKS set":       (0,    Register.CR4,     PAE | PCIDE | PGE | PKS,   NOTHING),
    "WP set":        (0,    Register.CR0,     PG | PE | WP,              NOTHING),
    "CD set":        (0,    Register.CR0,     PG | PE | CD,              NOTHING),
    "NXE set":       (0,    Register.EFER,    0x100 | NXE,               NOTHING),
    "AC set":        (0,    Register.RFLAGS,  AC,                        NOTHING),
    "PKRU":          (0,    Register.PKRU, 0xffff_ffff,               NOTHING),
    "PKRS":          (0,    Register.PKRS, 0xffff_ffff,               NOTHING),
    "CR2":           (0,    Register.CR2,     0,                         NOTHING),
}


@pytest.mark.parametrize("name", WRITES)
def test_rule_35_what_a_control_write_flushes(name):
    cr4, register, value, expected = WRITES[name]
    mmu = cached(cr4=PGE | cr4)
    assert held(mmu) == ALL
    mmu.write_control(register, value)
    assert held(mmu) == expected


@pytest.mark.parametrize("name, gone", [
    ("PGE cleared", True), ("PCIDE cleared", True), ("SMEP set", True), ("SMEP cleared", False),
    ("SMAP set", False), ("PKE set", False), ("WP set", False), ("PKRU", False),
])
def test_rule_35_global_translations_go_with_everything_and_with_the_current_pcid(name, gone):
    cr4, register, value, _ = WRITES[name]
    mmu = with_global(machine("4-level", cr4=PCIDE | PGE | cr4), LINEAR)
    switch(mmu, 2)
    mmu.write_control(register, value)
    assert (mmu.tlb.find(LINEAR, 2) is None) is gone


@pytest.mark.parametrize("mode", ["32-bit", "PAE", *LONG_MODES])
def test_rule_35_turning_paging_off_flushes_everything(mode):
    mmu = machine(mode, cr4=PGE)
    map_page(mmu.memory, mode, LINEAR, 0x9107)
    assert ending(mmu, LINEAR) == 0x9000
    mmu.write_control(Register.CR0, PE)
    mmu.write_control(Register.CR0, PG | PE)
    map_page(mmu.memory, mode, LINEAR, 0)
    assert ending(mmu, LINEAR) == "#PF 0x0"


def test_rule_35_a_change_between_32_bit_and_pae_paging_flushes():
    mmu = machine("32-bit")
    map_page(mmu.memory, "32-bit", LINEAR, 0x9007)
    assert ending(mmu, LINEAR) == 0x9000
    for number in range(4):
        mmu.memory.write(ROOT + 8 * number, 8, 0)
    mmu.write_control(Register.CR4, PAE)
    assert ending(mmu, LINEAR) == "#PF 0x0"
    assert refuses(mmu.write_control, Register.CR4, PAE | PCIDE)
    mmu.write_control(Register.CR4, PAE | LA57)   # without long mode it has no effect
    assert ending(mmu, LINEAR) == "#PF 0x0"
