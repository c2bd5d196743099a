"""Page walks: tables, large pages, reserved bits, accessed and dirty flags (SDM 4.3, 4.5, 4.8)."""

from dataclasses import replace

import pytest
from paging_support import CR4_LONG, FOUR_LEVELS, ROOT, TWO_LEVELS, write_chain

from sim.golden.memory import GoldenMemory
from sim.golden.permission import Attempt
from sim.golden.state import ControlState, Features
from sim.golden.walk import walk


READ, WRITE, USER_WRITE = Attempt(), Attempt(write=True), Attempt(user=True, write=True)
P, RW, US, A, D, PS, XD = 1, 2, 4, 0x20, 0x40, 0x80, 1 << 63

LONG    = ControlState(cr0=0x8000_0011, cr3=ROOT, cr4=CR4_LONG, efer=0x500)
LONG_NX = replace(LONG, efer=0xd00)
BITS_32 = ControlState(cr0=0x8000_0011, cr3=ROOT)
PSE     = replace(BITS_32, cr4=0x10)

LINEAR = 0x1234_5678_9abc


def walked(state, leaf, *, linear=LINEAR, attempt=READ, form=FOUR_LEVELS, depth=None, upper=0x7):
    memory = GoldenMemory()
    write_chain(memory.write, form, linear, leaf, depth=depth, upper=upper)
    return walk(state, attempt, linear, memory.read)


def physical(state, leaf, **parameters):
    result = walked(state, leaf, **parameters)
    assert result.translation is not None, hex(result.error_code)
    return result.translation.translate(parameters.get("linear", LINEAR))


def error(state, leaf, **parameters):
    result = walked(state, leaf, **parameters)
    assert result.translation is None
    return result.error_code


@pytest.mark.parametrize("state, form, depth, linear, leaf, expected", [
    (LONG,    FOUR_LEVELS, 4, LINEAR,      0xab_cdef_0000 | 7,        0xab_cdef_0abc),
    (LONG,    FOUR_LEVELS, 3, LINEAR,      0xab_cde0_0000 | PS | 7,   0xab_cdf8_9abc),
    (LONG,    FOUR_LEVELS, 2, LINEAR,      0xab_c000_0000 | PS | 7,   0xab_d678_9abc),
    (LONG,    FOUR_LEVELS, 3, LINEAR,      0x20_0000 | 1 << 12 | PS | 7, 0x38_9abc),  # PAT
    (LONG,    FOUR_LEVELS, 4, LINEAR,      0x5000 | PS | 7,           0x5abc),        # PAT
    (BITS_32, TWO_LEVELS,  2, 0x1234_5678, 0xfedc_b000 | 7,           0xfedc_b678),
    (BITS_32, TWO_LEVELS,  2, 0x1234_5678, 0xfedc_b000 | PS | 7,      0xfedc_b678),
    (PSE,     TWO_LEVELS,  1, 0x1234_5678, 0xabc0_0000 | PS | 7,      0xabf4_5678),
    (PSE,     TWO_LEVELS,  1, 0x1234_5678, 0xabc0_0000 | 0xff << 13 | PS | 7, 0xff_abf4_5678),
])
def test_where_a_walk_ends(state, form, depth, linear, leaf, expected):
    assert physical(state, leaf, form=form, depth=depth, linear=linear) == expected


def test_page_size_is_ignored_in_a_pde_without_pse():
    assert physical(BITS_32, 0x8000 | 7, form=TWO_LEVELS, linear=0x40_0000, upper=PS | 7) == 0x8000


@pytest.mark.parametrize("attempt, code", [(READ, 0), (WRITE, 2), (USER_WRITE, 6)])
def test_a_not_present_entry_hides_its_other_bits(attempt, code):
    for leaf in (0, 1 << 51, XD, RW | US):
        assert error(LONG, leaf, attempt=attempt) == code


@pytest.mark.parametrize("state, form, depth, leaf", [
    (LONG,    FOUR_LEVELS, 4, 1 << 40),
    (LONG,    FOUR_LEVELS, 4, 1 << 51),
    (LONG,    FOUR_LEVELS, 4, XD),
    (LONG,    FOUR_LEVELS, 3, PS | 1 << 13),
    (LONG,    FOUR_LEVELS, 3, PS | 1 << 20),
    (LONG,    FOUR_LEVELS, 2, PS | 1 << 13),
    (LONG,    FOUR_LEVELS, 2, PS | 1 << 29),
    (LONG,    FOUR_LEVELS, 1, PS),
    (LONG,    FOUR_LEVELS, 1, 1 << 45),
    (replace(LONG, machine=Features(gigabyte_pages=False)), FOUR_LEVELS, 2, PS),
    (PSE,     TWO_LEVELS,  1, PS | 1 << 21),
    (replace(PSE, machine=Features(maxphyaddr=36)), TWO_LEVELS, 1, PS | 1 << 17),
    (replace(PSE, machine=Features(maxphyaddr=32)), TWO_LEVELS, 1, PS | 1 << 13),
])
def test_reserved_bits_fault_with_present_and_reserved(state, form, depth, leaf):
    parameters = {"form": form, "depth": depth, "linear": 0x1234_5678}
    assert error(state, leaf | 7, **parameters) == 0b01001
    assert error(state, leaf | 7, attempt=USER_WRITE, **parameters) == 0b01111
    assert error(state, leaf & ~1, **parameters) == 0


@pytest.mark.parametrize("ignored", [1 << 9, 1 << 11, 1 << 52, 1 << 58, 1 << 62, 1 << 8])
def test_ignored_bits_of_upper_entries_do_nothing(ignored):
    assert physical(LONG, 0x5007, upper=7 | ignored) == 0x5abc


def test_the_deepest_cause_wins_over_rights_above_it():
    assert error(LONG, 0, upper=P, attempt=USER_WRITE) == 0b00110
    assert error(LONG, 1 << 51 | 7, upper=P, attempt=USER_WRITE) == 0b01111
    assert error(LONG, 0x5007, upper=P, attempt=USER_WRITE) == 0b00111


def test_rights_combine_over_all_levels():
    translation = walked(LONG_NX, 0x5000 | P | RW | US, upper=P | US | XD).translation
    assert (translation.rights.writable, translation.rights.user) == (False, True)
    assert translation.rights.execute_disable


def test_accessed_is_set_at_every_level_and_dirty_in_the_leaf_of_a_write():
    read, written = walked(LONG, 0x5007), walked(LONG, 0x5007, attempt=WRITE)
    assert [update.value & 0xfff for update in read.updates]    == [0x27, 0x27, 0x27, 0x27]
    assert [update.value & 0xfff for update in written.updates] == [0x27, 0x27, 0x27, 0x67]
    assert walked(LONG, 0x5067, upper=0x27, attempt=WRITE).updates == ()


def test_dirty_of_a_large_page_is_in_its_leaf():
    result = walked(PSE, PS | 7, form=TWO_LEVELS, depth=1, attempt=WRITE, linear=0)
    assert [(u.address, u.size, u.value) for u in result.updates] == [(ROOT, 4, 0xe7)]


def test_a_fault_leaves_the_leaf_alone():
    result = walked(LONG, 0x5000 | P | RW, attempt=USER_WRITE)
    assert result.leaf == ()
    assert len(result.upper) == 3


def test_a_global_page_needs_pge():
    leaf = 0x5007 | 1 << 8
    assert not walked(LONG, leaf).translation.global_page
    assert walked(replace(LONG, cr4=CR4_LONG | 1 << 7), leaf).translation.global_page
