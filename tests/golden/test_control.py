"""Legality and flushes of control-register writes (SDM Vol. 2 "MOV", Vol. 3A 4.1.2, 4.10.4.1)."""

from dataclasses import replace

import pytest
from registers_support import fate

from sim.golden.control import Flush, read_register, write_register
from sim.golden.state import ControlState, Features, PagingMode
from sw.bus import GeneralProtection, Register


PG, PE, WP, NW, CD, ET = 1 << 31, 1, 1 << 16, 1 << 29, 1 << 30, 1 << 4
PSE, PAE, PGE, PCIDE, SMEP, SMAP = 1 << 4, 1 << 5, 1 << 7, 1 << 17, 1 << 20, 1 << 21
SCE, LME, LMA, NXE = 1, 1 << 8, 1 << 10, 1 << 11

RESET   = ControlState()
BITS_32 = ControlState(cr0=PG | PE | ET)
READY   = ControlState(cr0=PE | ET, cr4=PAE, efer=LME)
LONG    = ControlState(cr0=PG | PE | ET, cr4=PAE, efer=LME | LMA)

#: 4-level paging on a machine that has no PCIDs.
NO_PCIDS = replace(LONG, machine=Features(pcid=False))

#: A machine with 32-bit paging only.
SMALL = {"long_mode": False, "gigabyte_pages": False, "nx": False, "pcid": False}


def test_reset_leaves_paging_off_and_caches_disabled():
    assert read_register(RESET, Register.CR0) == 0x6000_0010
    assert RESET.mode is PagingMode.OFF


@pytest.mark.parametrize("state, register, value", [
    (RESET,   Register.CR0,  PG),                    # PG without PE
    (RESET,   Register.CR0,  NW),                    # NW without CD
    (LONG,    Register.CR0,  PG | PE | 1 << 32),
    (LONG,    Register.CR0,  PG),
    (replace(READY, cr4=0),    Register.CR0, PG | PE),   # LME without PAE
    (replace(READY, efer=0),   Register.CR0, PG | PE),   # PAE paging does not exist
    (BITS_32, Register.CR4,  PAE),
    (RESET,   Register.CR4,  1),
    (RESET,   Register.CR4,  PCIDE),                 # outside long mode
    (NO_PCIDS, Register.CR4, PAE | PCIDE),
    (RESET,   Register.CR4,  1 << 22),
    (LONG,    Register.CR4,  PAE | 1 << 32),
    (LONG,    Register.CR4,  0),
    (LONG,    Register.CR3,  1 << 40),
    (LONG,    Register.CR3,  1 << 63),
    (RESET,   Register.EFER, 1 << 1),
    (RESET,   Register.EFER, 1 << 12),
    (BITS_32, Register.EFER, LME),
    (LONG,    Register.EFER, NXE),                   # would clear LME while paging is on
    (RESET,   Register.FEATURES, 0),
])
def test_forbidden_writes_fault(state, register, value):
    with pytest.raises(GeneralProtection):
        write_register(state, register, value)


@pytest.mark.parametrize("feature, register, value", [
    ("pse",  Register.CR4, PSE),
    ("pge",  Register.CR4, PGE),
    ("smep", Register.CR4, SMEP),
    ("smap", Register.CR4, SMAP),
    ("nx",   Register.EFER, NXE),
])
def test_a_bit_of_an_absent_feature_faults(feature, register, value):
    absent = ControlState(machine=Features(**{feature: False}))
    with pytest.raises(GeneralProtection):
        write_register(absent, register, value)
    after, _ = write_register(RESET, register, value)
    assert read_register(after, register) == value


def test_a_machine_without_long_mode_has_neither_pae_nor_lme():
    absent = ControlState(machine=Features(**SMALL))
    for register, value in ((Register.CR4, PAE), (Register.EFER, LME)):
        with pytest.raises(GeneralProtection):
            write_register(absent, register, value)


@pytest.mark.parametrize("state, register, written, read", [
    (RESET,   Register.CR0,  PE | 1 << 6 | 1 << 17,  PE | ET),   # reserved bits are ignored
    (RESET,   Register.CR0,  1 << 40 | PE,           PE | ET),   # 32-bit operand
    (RESET,   Register.CR2,  0x1_2345_6789,          0x2345_6789),
    (LONG,    Register.CR2,  0x1_2345_6789,          0x1_2345_6789),
    (RESET,   Register.CR3,  0xffff_ffff_ffff_ffff,  0xffff_ffff),
    (LONG,    Register.CR3,  0xff_ffff_ffff,         0xff_ffff_ffff),
    (NO_PCIDS, Register.CR3, 0xff_ffff_ffff,         0xff_ffff_f018),
    (RESET,   Register.CR4,  1 << 32 | PGE,          PGE),
    (RESET,   Register.EFER, LMA | SCE,              SCE),       # LMA is read-only
    (LONG,    Register.EFER, LME | NXE,              LME | LMA | NXE),
    (RESET,   Register.RFLAGS, (1 << 64) - 1,        1 << 18),
    (RESET,   Register.RFLAGS, 1,                    0),
])
def test_what_a_register_holds_after_a_write(state, register, written, read):
    after, _ = write_register(state, register, written)
    assert read_register(after, register) == read


def test_paging_with_lme_activates_long_mode_and_clearing_pg_leaves_it():
    active, flush = write_register(READY, Register.CR0, PG | PE)
    assert (active.mode, flush) == (PagingMode.FOUR_LEVELS, Flush.NOTHING)
    assert active.efer == LME | LMA
    left, flush = write_register(active, Register.CR0, PE)
    assert (left.mode, flush, left.efer) == (PagingMode.OFF, Flush.EVERYTHING, LME)


def test_paging_without_lme_is_32_bit_paging():
    after, _ = write_register(RESET, Register.CR0, PG | PE)
    assert after.mode is PagingMode.BITS_32


@pytest.mark.parametrize("state, register, value, flush", [
    (LONG, Register.CR0,  PG | PE | WP,              Flush.NOTHING),
    (LONG, Register.CR0,  PE,                        Flush.EVERYTHING),
    (LONG, Register.CR3,  0,                         Flush.NON_GLOBAL),
    (LONG, Register.CR4,  PAE,                       Flush.NOTHING),
    (LONG, Register.CR4,  PAE | PGE,                 Flush.EVERYTHING),
    (LONG, Register.CR4,  PAE | SMEP,                Flush.EVERYTHING),
    (LONG, Register.CR4,  PAE | SMAP,                Flush.NOTHING),
    (LONG, Register.CR4,  PAE | PSE,                 Flush.NOTHING),
    (replace(LONG, cr4=PAE | PGE), Register.CR4, PAE, Flush.EVERYTHING),
    (replace(LONG, cr4=PAE | SMEP), Register.CR4, PAE, Flush.NOTHING),
    (READY, Register.CR4, 0,                         Flush.EVERYTHING),
    (LONG, Register.EFER, LME | NXE,                 Flush.NOTHING),
    (LONG, Register.CR2,  0,                         Flush.NOTHING),
    (LONG, Register.RFLAGS, 1 << 18,                 Flush.NOTHING),
])
def test_what_a_write_flushes(state, register, value, flush):
    assert write_register(state, register, value)[1] is flush


def test_the_feature_word_names_what_the_machine_can_do():
    bare = Features(maxphyaddr=36, long_mode=False, gigabyte_pages=False, nx=False,
                   pse=False, pge=False, pcid=False, smep=False, smap=False)
    assert bare.features == 36 << 32
    everything = 1 << 4 | 1 << 7 | 1 << 11 | PCIDE | 1 << 20 | 1 << 21 | 1 << 26 | 1 << 29
    assert Features().features == 40 << 32 | everything


@pytest.mark.parametrize("feature, bit", [
    ("pae", 5), ("invpcid", 10), ("la57", 12), ("pcid", 17), ("pku", 22), ("pks", 24),
])
def test_what_not_every_machine_has_is_a_bit_of_the_word(feature, bit):
    with_, without = (Features(**{feature: value}).features for value in (True, False))
    assert with_ ^ without == with_ & 1 << bit != 0


@pytest.mark.parametrize("wrong, said", [
    ({"maxphyaddr": 53},              "maxphyaddr must be 32 to 52 bits, not 53"),
    ({"maxphyaddr": 31},              "maxphyaddr must be 32 to 52 bits, not 31"),
    ({"long_mode": False},            "nx needs long_mode or pae"),
    (SMALL | {"gigabyte_pages": True}, "gigabyte_pages needs long_mode"),
    (SMALL | {"la57": True},          "la57 needs long_mode"),
    (SMALL | {"pcid": True},          "pcid needs long_mode"),
    (SMALL | {"pku": True},           "pku needs long_mode"),
    (SMALL | {"pks": True},           "pks needs long_mode"),
])
def test_impossible_machines_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        Features(**wrong)


def test_pae_paging_needs_memory_to_read():
    with pytest.raises(ValueError, match="give the argument read"):
        write_register(ControlState(machine=Features(pae=True), cr4=PAE), Register.CR0, PG | PE)


@pytest.mark.parametrize("register", Register, ids=lambda register: register.name)
@pytest.mark.parametrize("mode, state", [
    ("off", ControlState(cr0=PE | ET)), ("32-bit", BITS_32), ("4-level", LONG),
    ("4-level", NO_PCIDS),
])
def test_each_bit_of_a_write_is_kept_ignored_or_refused(mode, state, register):
    before, pcid = read_register(state, register), state.machine.pcid
    for bit in range(64):
        try:
            after, _ = write_register(state, register, before ^ 1 << bit)
        except GeneralProtection:
            assert fate(mode, register, bit, pcid=pcid) == "refused", bit
        else:
            change = before ^ read_register(after, register)
            due    = "kept" if change else "ignored"
            assert fate(mode, register, bit, pcid=pcid) == due, bit
            assert change in (0, 1 << bit)
