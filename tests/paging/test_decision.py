"""Deciding bits: with the others, the refusal would be another, or none."""

from dataclasses import replace
from itertools import chain, combinations, product

import pytest

from sim.golden.permission import Attempt, Refusal, Rights, refusal
from sim.golden.reserved import RW, US, XD, levels
from sim.golden.state import ControlState, Features
from sim.paging.decision import Decisive, decided_by, decided_by_tlb
from sim.paging.walk import WalkStep


BITS = {"R/W": RW, "U/S": US, "XD": XD}

#: Control bits: of the register of that name, and their values.
CONTROLS = {"CR0.WP": ("cr0", 1 << 16), "CR4.SMEP": ("cr4", 1 << 20), "CR4.SMAP": ("cr4", 1 << 21),
            "EFER.NXE": ("efer", 1 << 11), "RFLAGS.AC": ("ac", True)}

#: PG, PE; PAE; LME and LMA.
LONG = ControlState(machine=Features(), cr0=0x8000_0001, cr4=0x20, efer=0x500)

ATTEMPTS = [Attempt(write, fetch, user, implicit)
            for write, fetch, user, implicit in product((False, True), repeat=4)
            if not (write and fetch or user and implicit or fetch and implicit)]


def subsets(names):
    """All subsets."""
    return [*chain.from_iterable(combinations(names, count) for count in range(len(names) + 1))]


def changed(state, control):
    """The state with a control bit inverted."""
    register, bit = CONTROLS[control]
    return replace(state, **{register: getattr(state, register) ^ bit})


def steps_of(values):
    """Steps of a walk through entries with these values."""
    rights = Rights()
    for level, value in zip(levels(LONG), values, strict=True):
        rights = rights.below(value)
        yield WalkStep(level, 0x1000, value, rights, None)


@pytest.mark.parametrize("controls", subsets(CONTROLS), ids=",".join)
def test_each_control_bit_and_all_entry_bits_together_are_needed(controls):
    state = LONG
    for control in controls:
        state = changed(state, control)
    refused = 0
    for names in product(*3 * [subsets(BITS)], [tuple(BITS)]):
        values = [1 | sum(BITS[name] for name in each) for each in names]
        steps  = list(steps_of(values))
        for attempt in ATTEMPTS:
            reason = refusal(state, steps[-1].rights, attempt)
            if reason is not None:
                check_needed(state, steps, attempt, reason)
                refused += 1
    assert refused


def check_needed(state, steps, attempt, reason):
    """Without what decides, the reason is another, or there is none."""
    decisive = decided_by(steps, reason)
    for _, control in [each for each in decisive if not each.level]:
        assert refusal(changed(state, control), steps[-1].rights, attempt) is not reason
    bits = {each.level: BITS[each.bit] for each in decisive if each.level}
    assert bits
    otherwise = list(steps_of([step.entry ^ bits.get(step.level.name, 0) for step in steps]))
    assert refusal(state, otherwise[-1].rights, attempt) is not reason


def test_a_walk_that_ends_early_is_decided_by_its_last_entry():
    steps = list(steps_of([7, 7, 7, 0]))
    assert decided_by(steps[:2], Refusal.NOT_PRESENT) == (Decisive("PDPTE", "P"),)
    assert decided_by(steps, Refusal.RESERVED) == (Decisive("PTE", "reserved"),)


@pytest.mark.parametrize("reason, controls", [
    (Refusal.PKRU_ACCESS, ("CR4.PKE", "PKRU")), (Refusal.PKRU_WRITE, ("CR4.PKE", "PKRU")),
    (Refusal.PKRS_ACCESS, ("CR4.PKS", "PKRS")), (Refusal.PKRS_WRITE, ("CR4.PKS", "PKRS")),
])
def test_a_protection_key_decides_by_the_last_entry_and_its_register(reason, controls):
    steps = list(steps_of([7, 7, 7, 7]))
    assert decided_by(steps, reason) == (
        Decisive("PTE", "key"), *(Decisive("", control) for control in controls))


def test_by_the_tlb_the_bit_is_that_of_its_translation():
    assert decided_by_tlb(Refusal.SMAP) == (
        Decisive("TLB", "U/S"), Decisive("", "CR4.SMAP"), Decisive("", "RFLAGS.AC"))
    assert decided_by_tlb(Refusal.READ_ONLY) == (Decisive("TLB", "R/W"),)
