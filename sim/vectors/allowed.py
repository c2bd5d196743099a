"""All outcomes that the manual permits for the accesses of a sequence, by the golden model."""

from collections.abc import Iterator, Sequence

from sim.golden.mmu import Outcome
from sim.golden.permitted import PermittedOutcomes
from sim.golden.state import Features
from sw.bus import GeneralProtection, PageFault, Register

from .engines.golden_sequences import started, told
from .sequence import (
    AccessOutcome, AccessStep, InvlpgStep, InvpcidStep, SequenceOutcome, SequenceVector, Step,
    StepOutcome, StoreStep, WriteStep,
)
from .vector import AC


__all__ = ["with_allowed"]


def with_allowed(vector: SequenceVector, outcome: SequenceOutcome,
                 features: Features | None = None) -> SequenceOutcome:
    """Return an ``outcome`` of ``vector``, on any machine, with what the manual permits.

    Each access gets the outcomes that are permitted after those which the steps before it had.
    ``features`` are as for :func:`.engines.golden_sequences.play`.
    """
    mmu = started(vector, features)
    assert not isinstance(mmu, str), mmu
    permitted = PermittedOutcomes(mmu.state, mmu.memory, [
        step.access for step in vector.steps if isinstance(step, AccessStep)])
    return outcome._replace(steps=list(_with_allowed(permitted, vector.steps, outcome.steps)))


def _with_allowed(permitted: PermittedOutcomes, steps: Sequence[Step],
                  outcomes: Sequence[StepOutcome]) -> Iterator[StepOutcome]:
    for step, outcome in zip(steps, outcomes, strict=True):
        match step:
            case AccessStep():
                assert isinstance(outcome, AccessOutcome)
                permitted.write_control(Register.RFLAGS, AC * step.ac, refused=False)
                allowed = [told(step, each) for each in permitted.outcomes(step.access)]
                permitted.follow(_seen(outcome))
                yield outcome._replace(allowed=[(each.ending, each.data) for each in allowed])
                continue
            case StoreStep(address, size, value):
                permitted.store(address, size, value)
            case InvlpgStep(linear):
                permitted.invlpg(linear)
            case InvpcidStep():
                permitted.invpcid(step.type, step.descriptor, refused=bool(outcome))
            case WriteStep(register, value):
                permitted.write_control(register, value, refused=bool(outcome))
        yield outcome


def _seen(outcome: AccessOutcome) -> Outcome:
    """The outcome of an access as the processor sees it."""
    fault, error_code, cr2, physical = outcome.ending
    if fault is None:
        return Outcome(outcome.data or 0, physical)
    return Outcome(fault=PageFault(cr2, error_code) if fault == "#PF" else GeneralProtection())
