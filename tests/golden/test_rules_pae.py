"""Rules 20, 28 and 31 on the golden model: PAE paging. docs/paging-rules.md explains them."""

import pytest
from paging_support import ROOT

from sim.golden.mmu import GoldenMmu
from sim.golden.permission import Attempt, Refusal
from sim.golden.walk import walk
from sw.bus import Access, Kind, Register

from .modes_support import (
    AC, CD, LME, NW, NXE, PAE, PE, PG, PGE, PKE, PKS, PSE, SMAP, SMEP, WP,
    ending, full, machine, map_page, refuses,
)


P, RW, US, PS, XD = 1, 2, 4, 0x80, 1 << 63

LINEAR = 0x4060_5000


# Rule 20: PAE paging


@pytest.mark.parametrize("quarter", range(4))
def test_rule_20_the_two_upper_address_bits_select_a_register(quarter):
    mmu    = machine("PAE")
    linear = quarter << 30 | 0x60_5abc
    map_page(mmu.memory, "PAE", linear, 0xab_cdef_9000 | 7)
    assert ending(mmu, linear) == 0xab_cdef_9abc
    assert ending(mmu, linear ^ 1 << 30) == "#PF 0x0"


@pytest.mark.parametrize("pse", [0, PSE])
def test_rule_20_a_pde_with_ps_makes_a_2_mib_page_whatever_pse(pse):
    mmu = machine("PAE", cr4=pse)
    map_page(mmu.memory, "PAE", LINEAR, 0xab_cde0_0000 | PS | 7, depth=1)
    assert ending(mmu, 0x4071_2345) == 0xab_cdf1_2345


def test_rule_20_linear_addresses_have_32_bits():
    mmu = machine("PAE")
    map_page(mmu.memory, "PAE", LINEAR, 0x9007)
    assert mmu.access(Access(0xabcd_0000_0000_0000 | LINEAR, 1)).physical == 0x9000


@pytest.mark.parametrize("cr0, cr4, leaf, access, code", [
    (WP, 0,    P,           {"kind": Kind.WRITE},               "#PF 0x3"),
    (0,  SMAP, P | RW | US, {},                                 "#PF 0x1"),
    (0,  SMEP, P | RW | US, {"kind": Kind.FETCH},               "#PF 0x11"),
    (0,  0,    P | US | XD, {"kind": Kind.FETCH, "user": True}, "#PF 0x15"),
    (0,  0,    P | RW,      {"user": True},                     "#PF 0x5"),
])
def test_rule_20_rights_are_those_of_long_mode(cr0, cr4, leaf, access, code):
    mmu = machine("PAE", cr0=cr0, cr4=cr4, efer=NXE)
    map_page(mmu.memory, "PAE", LINEAR, 0x9000 | leaf)
    assert ending(mmu, LINEAR, **access) == code


def test_rule_20_there_are_no_protection_keys():
    mmu = machine("PAE", cr4=PKE | PKS)
    mmu.write_control(Register.PKRU, 0xffff_ffff)
    mmu.write_control(Register.PKRS, 0xffff_ffff)
    for leaf in (7, 3):
        map_page(mmu.memory, "PAE", LINEAR, 0x9000 | leaf)
        assert ending(mmu, LINEAR) == 0x9000
        mmu.invlpg(LINEAR)


def test_rule_20_a_machine_without_the_mode_refuses_to_enter_it():
    mmu = GoldenMmu(full(pae=False))
    mmu.write_control(Register.CR4, PAE)
    assert refuses(mmu.write_control, Register.CR0, PG | PE)
    mmu.write_control(Register.CR4, 0)
    mmu.write_control(Register.CR0, PG | PE)
    assert refuses(mmu.write_control, Register.CR4, PAE)


def test_rule_20_a_machine_without_long_mode_may_have_it():
    small = full(long_mode=False, gigabyte_pages=False, la57=False, pcid=False, pku=False,
                 pks=False)
    mmu   = machine("PAE", small, efer=NXE)
    map_page(mmu.memory, "PAE", LINEAR, 0x9007 | XD)
    assert ending(mmu, LINEAR, Kind.FETCH) == "#PF 0x11"
    assert refuses(mmu.write_control, Register.EFER, LME)


# Rule 28: the PDPTE registers

OTHER = 0x7000   # another page directory

#: Writes with PAE paging, from the registers PE, PG and PAE on, and whether they load.
WRITES = {
    "CR3":               (Register.CR3,     ROOT,                True),
    "CR3, other flags":  (Register.CR3,     ROOT | 0x18,         True),
    "CR0.CD":            (Register.CR0,     PG | PE | CD,        True),
    "CR0.CD and CR0.NW": (Register.CR0,     PG | PE | CD | NW,   True),
    "CR0.WP":            (Register.CR0,     PG | PE | WP,        False),
    "CR0, MP EM TS NE":  (Register.CR0,     PG | PE | 0x2e,      False),
    "CR0 as it is":      (Register.CR0,     PG | PE,             False),
    "CR4.PGE":           (Register.CR4,     PAE | PGE,           True),
    "CR4.PSE":           (Register.CR4,     PAE | PSE,           True),
    "CR4.SMEP":          (Register.CR4,     PAE | SMEP,          True),
    "CR4.SMAP":          (Register.CR4,     PAE | SMAP,          False),
    "CR4.PKE":           (Register.CR4,     PAE | PKE,           False),
    "CR4.PKS":           (Register.CR4,     PAE | PKS,           False),
    "CR4 as it is":      (Register.CR4,     PAE,                 False),
    "EFER.NXE":          (Register.EFER,    NXE,                 False),
    "CR2":               (Register.CR2,     ROOT,                False),
    "RFLAGS.AC":         (Register.RFLAGS,  AC,                  False),
    "PKRU":              (Register.PKRU, 1,                   False),
    "PKRS":              (Register.PKRS, 1,                   False),
}
LOADS = [name for name, (*_, loads) in WRITES.items() if loads]


def edited(pdpte, *, number=1):
    """A machine with PAE paging, and one of its PDPTEs changed in memory only."""
    mmu = machine("PAE")
    mmu.memory.write(ROOT + 8 * number, 8, pdpte)
    return mmu


@pytest.mark.parametrize("name", WRITES)
def test_rule_28_a_write_loads_all_four_or_none(name):
    register, value, loads = WRITES[name]
    mmu    = edited(OTHER | P)
    before = mmu.state.pdptes
    mmu.write_control(register, value)
    assert mmu.state.pdptes == ((0x2001, OTHER | P, 0x4001, 0x5001) if loads else before)


@pytest.mark.parametrize("bit", [PGE, PSE, SMEP])
def test_rule_28_clearing_a_bit_of_cr4_loads_too(bit):
    mmu = edited(OTHER | P)
    mmu.write_control(Register.CR4, PAE | bit)
    mmu.memory.write(ROOT, 8, 0)
    mmu.write_control(Register.CR4, PAE)
    assert mmu.state.pdptes[0] == 0


def test_rule_28_turning_paging_on_and_changing_to_pae_load():
    mmu = machine("off", cr4=PAE)
    mmu.memory.write(ROOT, 8, 0x2001)
    mmu.write_control(Register.CR0, PG | PE)
    assert mmu.state.pdptes == (0x2001, 0, 0, 0)
    mmu.write_control(Register.CR4, 0)
    mmu.memory.write(ROOT, 8, 0x3001)
    mmu.write_control(Register.CR4, PAE)
    assert mmu.state.pdptes == (0x3001, 0, 0, 0)


@pytest.mark.parametrize("mode", ["off", "32-bit", "4-level", "5-level"])
def test_rule_28_in_other_modes_nothing_is_loaded(mode):
    mmu = machine(mode)
    for number in range(4):
        mmu.memory.write(ROOT + 8 * number, 8, 0xffff_ffff_ffff_ffff)
    for register in (Register.CR3, Register.CR0, Register.CR4):
        value = mmu.read_control(register) ^ (PGE if register is Register.CR4 else 0)
        mmu.write_control(register, value)
    assert mmu.state.pdptes == (0, 0, 0, 0)


def test_rule_28_neither_an_access_nor_invlpg_nor_invpcid_loads():
    mmu = edited(0)
    map_page(mmu.memory, "PAE", LINEAR, 0x9007)
    assert ending(mmu, LINEAR) == 0x9000
    mmu.invlpg(LINEAR)
    mmu.invpcid(2, 0)
    assert ending(mmu, LINEAR) == 0x9000
    mmu.write_control(Register.CR3, ROOT)
    assert ending(mmu, LINEAR) == "#PF 0x0"


def reserved(maxphyaddr):
    """Bits of a PDPTE that must be zero, as Table 4-8 has them."""
    return {1, 2, *range(5, 9), *range(maxphyaddr, 64)}


@pytest.mark.parametrize("maxphyaddr", [32, 36, 40, 46, 52])
@pytest.mark.parametrize("number", range(4))
def test_rule_28_which_bits_are_reserved(maxphyaddr, number):
    mmu     = machine("PAE", full(maxphyaddr=maxphyaddr))
    refused = set()
    for bit in range(1, 64):
        mmu.memory.write(ROOT + 8 * number, 8, 1 << bit | P)
        if refuses(mmu.write_control, Register.CR3, ROOT):
            refused.add(bit)
    assert refused == reserved(maxphyaddr)


@pytest.mark.parametrize("name", LOADS)
@pytest.mark.parametrize("bit", sorted(reserved(40)))
def test_rule_28_a_malformed_one_is_refused_and_nothing_has_changed(name, bit):
    register, value, _ = WRITES[name]
    mmu = edited(1 << bit | P, number=3)
    mmu.memory.write(ROOT, 8, OTHER | P)
    map_page(mmu.memory, "PAE", LINEAR, 0x9007)
    assert ending(mmu, LINEAR) == 0x9000
    map_page(mmu.memory, "PAE", LINEAR, 0)
    before = mmu.state
    assert refuses(mmu.write_control, register, value)
    assert mmu.state == before
    assert ending(mmu, LINEAR) == 0x9000, "still cached"


@pytest.mark.parametrize("name", LOADS)
def test_rule_28_one_that_is_not_present_is_legal_whatever_its_other_bits(name):
    register, value, _ = WRITES[name]
    mmu = edited(0xffff_ffff_ffff_fffe)
    mmu.write_control(register, value)
    assert mmu.state.pdptes[1] == 0xffff_ffff_ffff_fffe


@pytest.mark.parametrize("access, code", [
    ({}, 0), ({"kind": Kind.WRITE}, 2), ({"user": True}, 4), ({"kind": Kind.FETCH}, 0x10),
])
def test_rule_28_an_access_through_one_that_is_not_present_faults(access, code):
    mmu = edited(0xffff_ffff_ffff_fffe)
    mmu.write_control(Register.EFER, NXE)
    mmu.write_control(Register.CR3, ROOT)
    assert ending(mmu, LINEAR, **access) == f"#PF {code:#x}"
    found = walk(mmu.state, Attempt(), LINEAR, mmu.memory.read)
    assert (found.refusal, found.steps, found.updates) == (Refusal.NOT_PRESENT, (), ())


def test_rule_28_the_four_stand_at_any_multiple_of_32_bytes():
    mmu = machine("PAE")
    for number in range(4):
        mmu.memory.write(0xf_ffe0 + 8 * number, 8, number << 12 | P)
    mmu.write_control(Register.CR3, 0xf_ffe0)
    assert mmu.state.pdptes == (0x1, 0x1001, 0x2001, 0x3001)
    mmu.write_control(Register.CR3, 0xf_ffff)
    assert mmu.state.pdptes == (0x1, 0x1001, 0x2001, 0x3001)


def test_rule_28_no_accessed_flag_is_set_in_them():
    mmu = machine("PAE")
    entries = map_page(mmu.memory, "PAE", LINEAR, 0x9007)
    before  = bytes(mmu.memory.page(ROOT >> 12))
    assert ending(mmu, LINEAR, Kind.WRITE) == 0x9000
    assert bytes(mmu.memory.page(ROOT >> 12)) == before
    assert [mmu.memory.read(entry, 8) & 0x60 for entry in entries] == [0x20, 0x60]


# Rule 31: the upper half of CR3


@pytest.mark.parametrize("mode", ["32-bit", "PAE"])
def test_rule_31_what_long_mode_left_in_cr3_is_not_looked_at(mode):
    mmu = machine("4-level")
    mmu.write_control(Register.CR3, 0xab_0000_0000 | ROOT)
    mmu.write_control(Register.CR0, PE)
    mmu.write_control(Register.EFER, 0)
    mmu.write_control(Register.CR4, PAE if mode == "PAE" else 0)
    mmu.memory.write(ROOT + 8, 8, 0x3001)
    map_page(mmu.memory, mode, LINEAR, 0x9007)
    mmu.write_control(Register.CR0, PG | PE)
    assert mmu.read_control(Register.CR3) == 0xab_0000_0000 | ROOT
    assert ending(mmu, LINEAR) == 0x9000


@pytest.mark.parametrize("mode", ["off", "32-bit", "PAE"])
def test_rule_31_a_mov_to_cr3_outside_long_mode_has_32_bits(mode):
    mmu = machine(mode)
    mmu.write_control(Register.CR3, 0xffff_ffff_0000_0000 | ROOT)
    assert mmu.read_control(Register.CR3) == ROOT
