"""Outcomes that are allowed while cached translations may be stale (SDM Vol. 3A, 4.10)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paging_support import CR0_32, CR4_LONG, EFER_LONG, FOUR_LEVELS, ROOT, write_chain

from sim.golden.mmu import GoldenMmu, Outcome
from sim.golden.stale import StaleModel
from sim.golden.state import Features
from sw.bus import Access, GeneralProtection, Kind, PageFault, Register


LINEAR = 0x40_0000
P, RW, US, A, D, PS, G = 1, 2, 4, 0x20, 0x40, 0x80, 0x100
SMAP, PGE, WP = 1 << 21, 1 << 7, 1 << 16


def start(machine):
    """Turn on 4-level paging in anything with ``write_control``."""
    machine.write_control(Register.CR4, CR4_LONG)
    machine.write_control(Register.EFER, EFER_LONG)
    machine.write_control(Register.CR3, ROOT)
    machine.write_control(Register.CR0, CR0_32)
    return machine


def model(leaf, **parameters):
    stale = start(StaleModel.of(Features()))
    return stale, write_chain(stale.memory.write, FOUR_LEVELS, LINEAR, leaf, **parameters)


def judge(stale, access, outcome, changes=()):
    """Judge ``outcome``, after which memory differs by ``changes``: (address, 8-byte value)."""
    after = {address + i: value >> 8 * i & 0xff for address, value in changes for i in range(8)}
    return stale.judge(access, outcome, lambda place: after.get(place, stale.memory.read(place, 1)))


def used(leaf):
    """A model whose page was read once, with the accessed flags of its entries set before."""
    stale, entries = model(leaf | A, upper=0x27)
    assert judge(stale, Access(LINEAR, 1), Outcome(0, leaf & ~0xfff))
    return stale, entries[-1]


def fault(code, linear=LINEAR):
    return Outcome(fault=PageFault(linear, code))


READ, WRITE = Access(LINEAR, 1), Access(LINEAR, 1, Kind.WRITE)


def test_a_remapped_page_may_be_found_at_either_place():
    stale, leaf = used(0x9000 | 7)
    stale.memory.write(leaf, 8, 0xa027)
    assert judge(stale, READ, Outcome(0, 0x9000))
    assert judge(stale, READ, Outcome(0, 0xa000))
    assert not judge(stale, READ, Outcome(0, 0xb000))
    assert not judge(stale, READ, fault(0))


def test_after_invlpg_only_memory_counts():
    stale, leaf = used(0x9000 | 7)
    stale.memory.write(leaf, 8, 0xa027)
    stale.invlpg(LINEAR | 0xfff)
    assert not judge(stale, READ, Outcome(0, 0x9000))
    assert judge(stale, READ, Outcome(0, 0xa000))


def test_an_entry_that_was_not_present_takes_effect_at_once():
    stale, entries = model(0)
    assert judge(stale, READ, fault(0))
    stale.memory.write(entries[-1], 8, 0x9027)
    assert not judge(stale, READ, fault(0))


def test_a_spurious_fault_is_allowed_once():
    stale, leaf = used(0x9000 | P | US | D)
    stale.memory.write(leaf, 8, 0x9067)
    write = Access(LINEAR, 1, Kind.WRITE, user=True)
    assert judge(stale, write, fault(0b111))
    assert not judge(stale, write, fault(0b111))
    assert judge(stale, write, Outcome(0, 0x9000))


def test_mov_cr3_forgets_all_but_global_pages():
    for pge, allowed in ((0, False), (PGE, True)):
        stale, entries = model(0x9000 | 7 | A | G, upper=0x27)
        stale.write_control(Register.CR4, CR4_LONG | pge)
        assert judge(stale, READ, Outcome(0, 0x9000))
        stale.memory.write(entries[-1], 8, 0)
        stale.write_control(Register.CR3, ROOT)
        assert judge(stale, READ, Outcome(0, 0x9000)) is allowed


def test_cached_rights_are_judged_by_present_state():
    stale, leaf = used(0x9000 | 7)
    stale.memory.write(leaf, 8, 0)
    stale.write_control(Register.CR4, CR4_LONG | SMAP)
    assert not judge(stale, READ, Outcome(0, 0x9000))
    assert judge(stale, READ, fault(1))


def test_a_write_by_a_clean_translation_must_set_dirty():
    stale, leaf = used(0x9000 | 7)
    assert not judge(stale, WRITE, Outcome(0, 0x9000))
    stale, leaf = used(0x9000 | 7)
    assert judge(stale, WRITE, Outcome(0, 0x9000), [(leaf, 0x9067)])
    assert stale.memory.read(leaf, 8) == 0x9067


def test_a_write_by_a_dirty_translation_may_leave_memory_clean():
    stale, leaf = used(0x9000 | 7 | D)
    stale.memory.write(leaf, 8, 0x9027)
    assert judge(stale, WRITE, Outcome(0, 0x9000))


def test_a_fault_may_set_the_accessed_flags_above_the_leaf_but_not_in_it():
    user = Access(LINEAR, 1, user=True)
    for changed, allowed in ((0, True), (1, True), (2, True), (3, False)):
        stale, entries = model(0x9000 | P | RW)
        before = stale.memory.read(entries[changed], 8)
        assert judge(stale, user, fault(0b101), [(entries[changed], before | A)]) is allowed


@pytest.mark.parametrize("flag, allowed", [(0, True), (A, True), (A | D, True), (D, False)])
def test_a_crossing_write_may_have_marked_its_first_page(flag, allowed):
    stale, entries = model(0x9000 | P | RW)
    changes = [(entries[-1], 0x9003 | flag)]
    crossing = Access(LINEAR + 0xffe, 4, Kind.WRITE)
    assert judge(stale, crossing, fault(2, LINEAR + 0x1000), changes) is allowed
    assert stale.memory.read(0x9ffe, 2) == 0


def test_a_crossing_write_that_faults_stores_nothing():
    stale, _ = model(0x9000 | P | RW)
    crossing = Access(LINEAR + 0xffe, 4, Kind.WRITE, data=-1)
    (outcome, memory, _), = [
        (p.outcome, p.memory, p.filled) for p in stale.possible(crossing)]
    assert isinstance(outcome.fault, PageFault)
    assert 0x9ffe not in memory


def test_non_canonical_is_the_only_possibility():
    stale, _ = model(0)
    access = Access(0x7fff_ffff_ffff, 2)
    assert judge(stale, access, Outcome(fault=GeneralProtection()))
    assert not judge(stale, access, fault(0, 0x7fff_ffff_ffff))


# The golden machine is one of the machines that the model allows, whatever software does to it.

PAGES  = (LINEAR, LINEAR + 0x1000)
LEAVES = st.builds(
    lambda frame, flags: frame << 12 | flags, st.integers(8, 11), st.integers(0, 0x1ff))
STEPS = st.one_of(
    st.tuples(st.just("leaf"), st.sampled_from(PAGES), LEAVES),
    st.tuples(st.just("upper"), st.just(LINEAR), st.sampled_from((0x27, 0x25, 0x23, 0x07, 0))),
    st.tuples(st.just("invlpg"), st.sampled_from(PAGES)),
    st.tuples(st.just("control"), st.sampled_from((
        (Register.CR3, ROOT), (Register.CR0, CR0_32), (Register.CR0, CR0_32 | WP),
        (Register.CR4, CR4_LONG), (Register.CR4, CR4_LONG | PGE),
        (Register.CR4, CR4_LONG | SMAP), (Register.RFLAGS, 0), (Register.RFLAGS, 1 << 18),
    ))),
    st.tuples(st.just("access"), st.builds(
        Access, st.sampled_from((LINEAR, LINEAR + 0xffe, LINEAR + 0x1abc)),
        st.sampled_from((1, 4)), st.sampled_from(Kind), st.booleans(), st.booleans(),
        st.integers(0, 0xffff_ffff))),
)


def do(machine, step):
    match step:
        case "leaf", linear, leaf:
            write_chain(machine.memory.write, FOUR_LEVELS, linear, leaf)
        case "upper", linear, flags:
            machine.memory.write(ROOT + 0x2000 + (linear >> 21 & 0x1ff) * 8, 8, 0x4000 | flags)
        case "invlpg", linear:
            machine.invlpg(linear)
        case "control", (register, value):
            machine.write_control(register, value)


@pytest.mark.slow
@given(st.lists(STEPS, max_size=25))
@settings(max_examples=150, deadline=None)
def test_the_golden_machine_is_allowed_by_the_model(steps):
    golden, stale = start(GoldenMmu()), start(StaleModel.of(Features()))
    for step in steps:
        if step[0] != "access":
            do(golden, step)
            do(stale, step)
            continue
        outcome = golden.access(step[1])
        assert stale.judge(step[1], outcome, lambda place: golden.memory.read(place, 1))
        assert stale.state.cr2 == golden.state.cr2


def test_a_machine_that_two_explanations_fit_may_know_a_table_by_either():
    # Entries that allowed no write were edited while they were used: before they were read, or
    # after. Of the second explanation nothing is left but tables that are known.
    before, entries = model(0x9000 | 7 | A | D, upper=0x27)
    after, _        = model(0x9000 | 7 | A | D, upper=0x25)
    for machine in (before, after):
        machine.write_control(Register.CR0, CR0_32 | WP)
        assert judge(machine, READ, Outcome(0, 0x9000))
        machine.cached.clear()
    for entry in entries[:-1]:
        after.memory.write(entry, 8, before.memory.read(entry, 8))
    assert not any(each.outcome.agrees(fault(3)) for each in before.possible(WRITE))
    before.include(after)
    assert judge(before, WRITE, fault(3))
    assert judge(before, WRITE, Outcome(0, 0x9000))
