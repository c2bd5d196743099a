"""Access vectors of version 2 on the golden model."""

from dataclasses import replace
from functools import cache

from sim.golden.mmu import GoldenMmu, Outcome
from sim.golden.state import Features
from sim.vectors.sequence import (
    FLAG_WRITES, AccessOutcome, AccessStep, InvlpgStep, InvpcidStep, LateStoreStep,
    SequenceOutcome, SequenceVector, Step, StepOutcome, StoreStep, WriteStep,
)
from sim.vectors.support import control_writes, lacking_for_sequence, refused
from sim.vectors.vector import Ending
from sw.bus import GeneralProtection, PageFault


__all__ = ["play", "started", "told"]


def play(vector: SequenceVector, features: Features | None = None) -> SequenceOutcome | str:
    """Return the outcome of ``vector``, or the reason why it has none.

    ``features`` are those of the machine, but for the width of a physical address; None: all.
    """
    mmu = started(vector, features)
    if isinstance(mmu, str):
        return mmu
    done   = [(step, _do(mmu, step)) for step in vector.operations]
    values = [mmu.memory.read(place, size) for place, size in vector.places.items()]
    return SequenceOutcome(
        [outcome for step, outcome in done if step not in FLAG_WRITES], values)


def told(step: AccessStep, outcome: Outcome) -> AccessOutcome:
    """The outcome of an access as lines tell it."""
    data, physical, fault = outcome
    if isinstance(fault, PageFault):
        return AccessOutcome(Ending("#PF", fault.error_code, fault.address))
    if physical is None:
        return AccessOutcome(Ending("#GP"))
    return AccessOutcome(Ending(physical=physical), None if step.kind == "write" else data)


def started(vector: SequenceVector, features: Features | None = None) -> GoldenMmu | str:
    """The machine that ``vector`` begins with, or the reason why there is none."""
    if reason := lacking_for_sequence(vector):
        return reason
    mmu = GoldenMmu(_machine(vector.maxphyaddr) if features is None
                    else replace(features, maxphyaddr=vector.maxphyaddr))
    for address, value in vector.entries:
        mmu.memory.write(address, vector.entry_size, value)
    for register, value in control_writes(vector):
        if _do(mmu, WriteStep(register, value)):
            return refused(register, value)
    return mmu


@cache
def _machine(maxphyaddr: int) -> Features:
    return Features(maxphyaddr=maxphyaddr, pae=True, la57=True, pcid=True, invpcid=True, pku=True,
                    pks=True)


def _do(mmu: GoldenMmu, step: Step) -> StepOutcome:
    """Carry out one step."""
    try:
        match step:
            case AccessStep():
                return told(step, mmu.access(step.access))
            case StoreStep(address, size, value) | LateStoreStep(address, size, value):
                mmu.memory.write(address, size, value)
                return None
            case InvlpgStep(linear):
                mmu.invlpg(linear)
                return None
            case InvpcidStep():
                mmu.invpcid(step.type, step.descriptor)
            case WriteStep(register, value):
                mmu.write_control(register, value)
    except GeneralProtection:
        return True
    return False
