"""Outcomes that are allowed while translations of several PCIDs may be stale (SDM 4.10)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paging_support import ROOT

from sim.golden.mmu import GoldenMmu, Outcome
from sim.golden.stale import StaleModel
from sw.bus import Access, Kind, PageFault, Register

from .modes_support import (
    AC, CD, FULL, PAGED, PAE, PCIDE, PE, PG, PGE, PKE, PKS, PSE, SMAP, SMEP, WP,
    map_page, refuses, turn_on,
)


P, RW, US, A, D, G = 1, 2, 4, 0x20, 0x40, 0x100
NO_FLUSH = 1 << 63

LINEAR = 0x4060_5000
OLD, NEW = 0x9000, 0xa000
READ = Access(LINEAR, 1)


def used(*, flags=RW | US, cr4=PGE, key=0):
    """A model whose page was read under PCID 1, and has since been moved to another frame."""
    stale = turn_on(StaleModel.of(FULL), "4-level", cr4=PCIDE | cr4)
    switch(stale, 1)
    map_page(stale.memory, "4-level", LINEAR, OLD | P | A | D | flags | key << 59, upper=0x27)
    assert allows(stale, OLD)
    map_page(stale.memory, "4-level", LINEAR, NEW | P | A | D | flags | key << 59, upper=0x27)
    return stale


def switch(machine, pcid, *, flush=False):
    machine.write_control(Register.CR3, ROOT | pcid | NO_FLUSH * (not flush))


def allows(stale, end, access=READ):
    """True if an access may be to the physical address ``end``, or fault with code -``end``."""
    outcome = Outcome(0, end) if end > 0 else Outcome(fault=PageFault(access.linear, -end))
    return stale.judge(access, outcome, lambda place: stale.memory.read(place, 1))


def test_either_frame_is_allowed_under_the_pcid_that_has_used_it():
    assert allows(used(), OLD)
    assert allows(used(), NEW)
    assert not allows(used(), 0xb000)


@pytest.mark.parametrize("flags, shared", [(RW | US, False), (RW | US | G, True)])
def test_under_another_pcid_only_a_global_translation_may_be_stale(flags, shared):
    stale = used(flags=flags)
    switch(stale, 2)
    assert allows(stale, OLD) is shared


#: What is done after the move, and whether the old frame is still allowed under PCID 1: of a page
#: that is not global, and of one that is.
AFTER = {
    "CR3 = 1, no flush":  (lambda m: switch(m, 1),                          True,  True),
    "CR3 = 1":            (lambda m: switch(m, 1, flush=True),              False, True),
    "CR3 = 2, CR3 = 1":   (lambda m: (switch(m, 2, flush=True), switch(m, 1)), True, True),
    "INVLPG":             (lambda m: m.invlpg(LINEAR),                      False, False),
    "INVLPG of PCID 2":   (lambda m: (switch(m, 2), m.invlpg(LINEAR), switch(m, 1)), True, False),
    "INVPCID 0":          (lambda m: m.invpcid(0, LINEAR << 64 | 1),        False, True),
    "INVPCID 0 elsewhere": (lambda m: m.invpcid(0, LINEAR + 4096 << 64 | 1), True, True),
    "INVPCID 0 of 2":     (lambda m: m.invpcid(0, LINEAR << 64 | 2),        True,  True),
    "INVPCID 1":          (lambda m: m.invpcid(1, 1),                       False, True),
    "INVPCID 1 of 2":     (lambda m: m.invpcid(1, 2),                       True,  True),
    "INVPCID 2":          (lambda m: m.invpcid(2, 0),                       False, False),
    "INVPCID 3":          (lambda m: m.invpcid(3, 0),                       False, True),
    "SMEP":               (lambda m: write_cr4(m, PGE | PCIDE | SMEP),      False, False),
    "SMEP of PCID 2":     (lambda m: (switch(m, 2), write_cr4(m, PGE | PCIDE | SMEP),
                                      switch(m, 1)),                        True,  False),
    "PGE":                (lambda m: write_cr4(m, PCIDE),                   False, False),
    "PKE":                (lambda m: write_cr4(m, PGE | PCIDE | PKE),       True,  True),
}


def write_cr4(machine, bits):
    machine.write_control(Register.CR4, PAE | bits)


@pytest.mark.parametrize("name", AFTER)
@pytest.mark.parametrize("is_global", [False, True], ids=["own", "global"])
def test_what_may_be_stale_after_a_flush(name, is_global):
    operation, *allowed = AFTER[name]
    stale = used(flags=RW | US | G * is_global)
    operation(stale)
    assert allows(stale, OLD) is allowed[is_global]
    assert allows(stale, NEW)


def test_a_stale_key_may_forbid_and_a_stale_key_may_allow():
    for old, new in ((5, 0), (0, 5)):
        stale = used(key=old, cr4=PKE)
        map_page(stale.memory, "4-level", LINEAR, OLD | 0x67 | new << 59, upper=0x27)
        stale.write_control(Register.PKRU, 1 << 2 * 5)
        assert allows(stale, OLD)
        assert allows(stale, -0x21)
        assert allows(stale, OLD) is (new == 0), "the fault has made it forget"


def test_a_pdpte_in_memory_is_not_looked_at():
    stale = turn_on(StaleModel.of(FULL), "PAE")
    map_page(stale.memory, "PAE", LINEAR, OLD | 0x67, upper=0x27)
    stale.memory.write(ROOT + 8, 8, 0)
    assert not allows(stale, -0)
    assert allows(stale, OLD)
    stale.write_control(Register.CR3, ROOT)
    assert not allows(stale, OLD)
    stale.write_control(Register.CR3, ROOT)
    assert allows(stale, -0)


# The golden machine is one of the machines that the model allows, in every mode.

PAGES = (LINEAR, LINEAR + 0x1000)

LEAVES = st.builds(
    lambda frame, flags, key: frame << 12 | flags | key << 59,
    st.integers(9, 12), st.integers(0, 0x1ff), st.sampled_from((0, 0, 5)))

ACCESSES = st.builds(
    Access, st.sampled_from((LINEAR, LINEAR + 0xffe, LINEAR + 0x1abc)), st.sampled_from((1, 4)),
    st.sampled_from(Kind), st.booleans(), st.booleans(), st.integers(0, 0xffff_ffff))

WRITES = st.sampled_from((
    (Register.CR3, ROOT), (Register.CR3, ROOT | 1), (Register.CR3, ROOT | 1 | NO_FLUSH),
    (Register.CR3, ROOT | NO_FLUSH), (Register.CR0, PG | PE), (Register.CR0, PG | PE | WP),
    (Register.CR0, PG | PE | CD), (Register.RFLAGS, 0), (Register.RFLAGS, AC),
    (Register.PKRU, 0), (Register.PKRU, 0xc00), (Register.PKRS, 0x800),
))

#: Bits of CR4 to be inverted.
BITS = st.sampled_from((PCIDE, PGE, SMAP, SMEP, PKE, PKS, PSE))

STEPS = st.one_of(
    ACCESSES.map(lambda access: ("access", access)),
    st.tuples(st.just("leaf"), st.sampled_from(PAGES), LEAVES),
    st.tuples(st.just("invlpg"), st.sampled_from(PAGES)),
    st.tuples(st.just("invpcid"), st.integers(0, 4), st.sampled_from(PAGES), st.integers(0, 1)),
    st.tuples(st.just("pdpte"), st.integers(0, 3), st.sampled_from((0, 0x3001, 0x2001, 0x3003))),
    st.tuples(st.just("write"), WRITES),
    st.tuples(st.just("bit"), BITS),
)


def do(machine, mode, step):
    """Do a step that is no access; return True if it was refused."""
    match step:
        case "leaf", linear, leaf:
            map_page(machine.memory, mode, linear, leaf)
        case "pdpte", number, value:
            if mode == "PAE":
                machine.memory.write(ROOT + 8 * number, 8, value)
        case "invlpg", linear:
            machine.invlpg(linear)
        case "invpcid", kind, linear, pcid:
            return refuses(machine.invpcid, kind, linear << 64 | pcid)
        case "write", (register, value):
            return refuses(machine.write_control, register, value)
        case "bit", bit:
            return refuses(machine.write_control, Register.CR4, machine.state.cr4 ^ bit)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("mode", PAGED)
@given(steps=st.lists(STEPS, max_size=30))
@settings(max_examples=100, deadline=None)
def test_the_golden_machine_is_allowed_by_the_model(mode, steps):
    golden, stale = turn_on(GoldenMmu(FULL), mode), turn_on(StaleModel.of(FULL), mode)
    for step in steps:
        if step[0] != "access":
            assert do(golden, mode, step) is do(stale, mode, step)
            assert golden.state == stale.state
            continue
        outcome = golden.access(step[1])
        assert stale.judge(step[1], outcome, lambda place: golden.memory.read(place, 1))
        assert stale.state.cr2 == golden.state.cr2
