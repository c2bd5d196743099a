"""Rule 37 on the golden model: five levels. docs/paging-rules.md explains it."""

import pytest

from sw.bus import Access, Kind, Register

from .modes_support import (
    LA57, LME, NXE, PAE, PE, PG, ending, full, machine, map_page, refuses,
)


P, RW, US, A, D, PS, XD = 1, 2, 4, 0x20, 0x40, 0x80, 1 << 63

LINEAR = 0x12_3456_789a_bcde

#: The bounds of the addresses that are not canonical.
LOW, HIGH = 1 << 56, (1 << 64) - (1 << 56)


def test_rule_37_nine_more_bits_of_the_address_select_the_first_entry():
    mmu = machine("5-level")
    entries = map_page(mmu.memory, "5-level", LINEAR, 0xab_cdef_9000 | 7)
    assert [entry & 0xfff for entry in entries] == [
        8 * (LINEAR >> shift & 0x1ff) for shift in (48, 39, 30, 21, 12)]
    assert ending(mmu, LINEAR) == 0xab_cdef_9cde
    assert ending(mmu, LINEAR ^ 1 << 48) == "#PF 0x0"


@pytest.mark.parametrize("depth, size", [(4, 1 << 21), (3, 1 << 30)])
def test_rule_37_large_pages_are_those_of_four_levels(depth, size):
    mmu = machine("5-level")
    map_page(mmu.memory, "5-level", LINEAR, 0x80_0000_0000 | PS | 7, depth=depth)
    assert ending(mmu, LINEAR) == 0x80_0000_0000 | LINEAR & size - 1


@pytest.mark.parametrize("linear, canonical", [
    (LOW - 1, True), (LOW, False), (HIGH - 1, False), (HIGH, True), (1 << 47, True),
    ((1 << 64) - (1 << 47) - 1, True), (1 << 63, False), ((1 << 64) - 1, True), (0, True),
])
def test_rule_37_bits_56_to_63_of_an_address_are_equal(linear, canonical):
    mmu = machine("5-level")
    assert (ending(mmu, linear) == "#GP") is not canonical
    assert (mmu.read_control(Register.CR2) == linear) is (canonical)


@pytest.mark.parametrize("mode, last", [("4-level", (1 << 47) - 1), ("5-level", LOW - 1)])
def test_rule_37_one_byte_of_an_access_outside_is_enough(mode, last):
    mmu = machine(mode)
    map_page(mmu.memory, mode, last, 0x9007)
    assert mmu.access(Access(last - 7, 8)).physical == 0x9ff8
    assert mmu.access(Access(last - 6, 8)).physical is None
    assert mmu.read_control(Register.CR2) == 0


def test_rule_37_the_upper_half_begins_at_bit_56():
    mmu = machine("5-level")
    map_page(mmu.memory, "5-level", HIGH, 0x9007)
    assert ending(mmu, HIGH) == 0x9000


def test_rule_37_invlpg_looks_at_57_bits():
    linear = 1 << 47 | 0x5000
    for wrong in (LOW | linear, 1 << 63 | linear):
        mmu = machine("5-level")
        map_page(mmu.memory, "5-level", linear, 0x9007)
        assert ending(mmu, linear) == 0x9000
        map_page(mmu.memory, "5-level", linear, 0)
        mmu.invlpg(wrong)
        assert ending(mmu, linear) == 0x9000
        mmu.invlpg(linear)
        assert ending(mmu, linear) == "#PF 0x0"


@pytest.mark.parametrize("flag, access, code", [
    (RW, {"kind": Kind.WRITE, "user": True}, 0x7),
    (US, {"user": True},                     0x5),
    (XD, {"kind": Kind.FETCH, "user": True}, 0x15),
])
def test_rule_37_the_first_entry_has_a_say_in_the_rights(flag, access, code):
    mmu = machine("5-level", efer=NXE)
    top, *_ = map_page(mmu.memory, "5-level", LINEAR, 0x9007)
    mmu.memory.write(top, 8, mmu.memory.read(top, 8) ^ flag)
    assert ending(mmu, LINEAR, **access) == f"#PF {code:#x}"


def test_rule_37_accessed_is_set_at_five_levels_and_dirty_in_the_leaf():
    mmu = machine("5-level")
    entries = map_page(mmu.memory, "5-level", LINEAR, 0x9007)
    assert ending(mmu, LINEAR, Kind.WRITE) == 0x9cde
    assert [mmu.memory.read(entry, 8) & (A | D) for entry in entries] == [A, A, A, A, A | D]


def test_rule_37_ps_in_the_first_entry_is_reserved():
    mmu = machine("5-level")
    map_page(mmu.memory, "5-level", LINEAR, PS | 7, depth=1)
    assert ending(mmu, LINEAR) == "#PF 0x9"


@pytest.mark.parametrize("mode", ["4-level", "5-level"])
def test_rule_37_la57_cannot_change_in_long_mode(mode):
    mmu    = machine(mode)
    before = mmu.state
    assert refuses(mmu.write_control, Register.CR4, before.cr4 ^ LA57)
    assert mmu.state == before


@pytest.mark.parametrize("mode", ["off", "32-bit", "PAE"])
def test_rule_37_la57_may_change_elsewhere_and_does_nothing(mode):
    mmu = machine(mode)
    mmu.write_control(Register.CR4, mmu.state.cr4 | LA57)
    if mode != "off":
        map_page(mmu.memory, mode, 0x4060_5000, 0x9007)
    assert ending(mmu, 0x4060_5000) == (0x4060_5000 if mode == "off" else 0x9000)
    mmu.write_control(Register.CR4, mmu.state.cr4 & ~LA57)


def test_rule_37_four_and_five_levels_are_entered_alike():
    mmu = machine("off", cr4=PAE | LA57, efer=LME)
    mmu.write_control(Register.CR0, PG | PE)
    assert mmu.state.mode.value == "5-level"
    mmu.write_control(Register.CR0, PE)
    mmu.write_control(Register.CR4, PAE)
    mmu.write_control(Register.CR0, PG | PE)
    assert mmu.state.mode.value == "4-level"


def test_rule_37_a_machine_without_it_has_no_such_bit():
    assert refuses(machine("off", full(la57=False)).write_control, Register.CR4, LA57)
