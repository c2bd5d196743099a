"""Ways from mode to mode on a machine that has all of them, legal and not.

Every state of the bits that choose a mode is visited, and from it every write of a register is done
that changes any of these bits. Which are legal is stated here a second time, from the manual (SDM
Vol. 3A, sections 2.5, 4.1.2, 9.8.5; Vol. 2, "MOV to control registers", "WRMSR").
"""

from dataclasses import replace
from itertools import product

import pytest

from sim.golden.control import write_register
from sim.golden.mmu import GoldenMmu
from sim.golden.state import ControlState
from sw.bus import GeneralProtection, Register

from .modes_support import (
    CD, FULL, LA57, LMA, LME, MODES, NW, NXE, PAE, PCIDE, PE, PG, PGE, PKE, PKS, PSE, SMAP, SMEP,
    WP, machine, refuses,
)


#: Every value of the bits, register by register. CR3 has a PCID or none.
VALUES = {
    Register.CR0:  [sum(bits) for bits in product((0, PE), (0, PG), (0, CD), (0, NW))],
    Register.CR3:  [0x1000, 0x1001],
    Register.CR4:  [sum(bits) for bits in product((0, PAE), (0, LA57), (0, PCIDE))],
    Register.EFER: [0, LME],
}


def zeros(physical, size):
    """Memory in which all PDPTEs are well-formed."""
    return 0


def forbidden(state, register, value):
    """True if the manual says #GP, sentence by sentence."""
    cr0, cr4, long_mode = state.cr0, state.cr4, bool(state.efer & LMA)
    match register:
        case Register.CR0:
            return any((
                value & PG and not value & PE,
                value & NW and not value & CD,
                value & PG and not cr0 & PG and state.efer & LME and not cr4 & PAE,
                not value & PG and cr4 & PCIDE,
            ))
        case Register.CR4:
            return any((
                long_mode and not value & PAE,
                long_mode and (value ^ cr4) & LA57,
                value & PCIDE and not cr4 & PCIDE and not long_mode,
                value & PCIDE and not cr4 & PCIDE and state.cr3 & 0xfff,
            ))
        case Register.EFER:
            return bool(cr0 & PG) and bool((value ^ state.efer) & LME)
        case Register.CR3:
            return False


def expected_mode(cr0, cr4, efer):
    """Table 4-1 of the manual."""
    match bool(cr0 & PG), bool(cr4 & PAE), bool(efer & LME), bool(cr4 & LA57):
        case False, _, _, _:         return "off"
        case True, False, False, _:  return "32-bit"
        case True, True, False, _:   return "PAE"
        case True, True, True, la57: return "5-level" if la57 else "4-level"


def successor(state, register, value):
    """State after a write; None if it is refused."""
    try:
        return write_register(state, register, value, zeros)[0]
    except GeneralProtection:
        return None


@pytest.fixture(scope="module")
def visited():
    """All states that can be reached by such writes, and all writes that were tried."""
    tried, known = [], {ControlState(machine=FULL)}
    queue = list(known)
    while queue:
        state = queue.pop()
        for register, values in VALUES.items():
            for value in values:
                after = successor(state, register, value)
                tried.append((state, register, value, after))
                if after is not None and after not in known:
                    known.add(after)
                    queue.append(after)
    return known, tried


def test_a_write_is_refused_exactly_if_the_manual_forbids_it(visited):
    _, tried = visited
    for state, register, value, after in tried:
        assert (after is None) is bool(forbidden(state, register, value)), (state, register, value)
    assert {after is None for *_, after in tried} == {True, False}


def test_the_mode_and_lma_are_those_of_the_manual_s_table(visited):
    known, _ = visited
    for state in known:
        assert state.mode.value == expected_mode(state.cr0, state.cr4, state.efer)
        assert bool(state.efer & LMA) is (state.mode.value in ("4-level", "5-level"))
        assert not state.cr4 & PCIDE or state.efer & LMA
    assert {state.mode.value for state in known} == set(MODES)


def test_from_which_mode_one_write_leads_to_which(visited):
    _, tried = visited
    ways = {(state.mode.value, after.mode.value) for state, *_, after in tried if after is not None}
    paged = [mode for mode in MODES if mode != "off"]
    assert ways == {
        *((mode, mode) for mode in MODES), *(("off", mode) for mode in paged),
        *((mode, "off") for mode in paged), ("32-bit", "PAE"), ("PAE", "32-bit"),
    }


#: Bits that the full machine has.
KNOWN = {
    Register.CR0:  PE | 0xe | 1 << 5 | WP | 1 << 18 | NW | CD | PG,
    Register.CR4:  PSE | PAE | PGE | LA57 | PCIDE | SMEP | SMAP | PKE | PKS,
    Register.EFER: 1 | LME | LMA | NXE,
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("register", KNOWN)
def test_bits_of_no_feature_are_refused_or_ignored(mode, register):
    long_mode = mode in ("4-level", "5-level")
    for bit in range(64):
        if KNOWN[register] >> bit & 1:
            continue
        mmu     = machine(mode)
        before  = mmu.state
        refused = refuses(mmu.write_control, register, mmu.read_control(register) | 1 << bit)
        assert refused is {
            Register.CR0:  long_mode and bit >= 32,   # else the operand has 32 bits
            Register.CR4:  long_mode or bit < 32,
            Register.EFER: True,
        }[register]
        assert mmu.state == before


def test_lma_cannot_be_written():
    for mode in MODES:
        mmu = machine(mode)
        mmu.write_control(Register.EFER, mmu.read_control(Register.EFER) ^ LMA)
        assert bool(mmu.state.efer & LMA) is (mode in ("4-level", "5-level"))


@pytest.mark.parametrize("begin", MODES)
@pytest.mark.parametrize("end", MODES)
def test_every_mode_can_be_reached_from_every_other_with_paging_off_between(begin, end):
    mmu = machine(begin, cr4=PCIDE if begin in ("4-level", "5-level") else 0)
    mmu.write_control(Register.CR4, mmu.state.cr4 & ~PCIDE)
    mmu.write_control(Register.CR0, PE)
    cr4, efer, paging = MODES[end]
    mmu.write_control(Register.EFER, efer)
    mmu.write_control(Register.CR4, cr4)
    mmu.write_control(Register.CR0, PE | PG * paging)
    assert mmu.state.mode.value == end


@pytest.mark.parametrize("lacking, mode", [
    ({"pae": False}, "PAE"), ({"la57": False}, "5-level"),
    ({"long_mode": False, "gigabyte_pages": False, "la57": False, "pcid": False, "pku": False,
      "pks": False}, "4-level"),
])
def test_a_mode_that_a_machine_lacks_is_not_entered(lacking, mode):
    mmu    = GoldenMmu(replace(FULL, **lacking))
    cr4, efer, _ = MODES[mode]
    writes = ((Register.CR4, cr4), (Register.EFER, efer), (Register.CR0, PG | PE))
    assert True in [refuses(mmu.write_control, *write) for write in writes]
    assert mmu.state.mode.value != mode
