"""The unit of a campaign: compiled, observed, and compared with the golden model."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hw.config import MmuConfig
from sim.engines.cxxrtl.log import LogReader
from sim.golden.control import write_register
from sim.golden.state import ControlState
from sim.paging.walk import features_of
from sim.record.records import Recording
from sim.vectors.allowed import with_allowed
from sim.vectors.engines.compiled_sequences import SequencePlayer
from sim.vectors.engines.golden_sequences import play
from sim.vectors.sequence import (
    AccessOutcome, AccessStep, LateStoreStep, SequenceOutcome, SequenceVector, StepOutcome,
    StoreStep,
)
from sim.vectors.support import control_writes
from sw.bus import GeneralProtection, Register

from .observation import AccessSeen, WriteSeen
from .observer import Contradiction, Observer, Seen


__all__ = ["ObservedUnit", "Run"]


@dataclass(frozen=True)
class Run:
    """One run of a unit.

    Attributes
    ----------
    outcome : :class:`SequenceOutcome` or :class:`str`
        What came of each step, or why nothing did.
    difference : :class:`str` or :class:`None`
        The first difference from the golden model.
    seen : list of pairs
        Cycles, and what was seen to end in them.
    """

    outcome:    SequenceOutcome | str
    difference: str | None
    seen:       list[tuple[int, Seen]]


class ObservedUnit:
    """A unit that is compiled when the first sequence comes.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What it can do. The width of a physical address is that of each sequence.
    """

    def __init__(self, config: MmuConfig):
        self._features = features_of(config)
        self._player   = SequencePlayer(replace(config, maxphyaddr=52, variable_maxphyaddr=True))

    def run(self, vector: SequenceVector) -> Run:
        """Carry out a sequence. Raises :class:`sim.errors.Unavailable`."""
        outcome, log = self._player.observe(vector)
        if isinstance(outcome, str):
            expected = play(vector, self._features)
            return Run(outcome, None if outcome == expected else outcome, [])
        recording = Recording()
        LogReader(recording, [()], [""]).read(log)
        observer   = Observer(replace(self._features, maxphyaddr=vector.maxphyaddr), recording)
        difference = self._difference(vector, outcome)
        seen: list[tuple[int, Seen]] = []
        try:
            seen.extend(_seen(vector, observer))
        except Contradiction as error:
            difference = difference or f"the ports: {error}"
        return Run(outcome, difference or next(filter(None, map(_misled, seen)), None), seen)

    def _difference(self, vector: SequenceVector, outcome: SequenceOutcome) -> str | None:
        """The first difference from what the golden model does, or permits."""
        if any(isinstance(step, StoreStep) for step in vector.steps):
            return self._forbidden(vector, outcome)
        complaint = None
        for order in _orders(vector):
            expected = play(order, self._features)
            if isinstance(expected, str):
                return f"the golden model: {expected}"
            complaint = _unequal(vector, outcome, expected)
            if complaint is None:
                return None
        return complaint

    def _forbidden(self, vector: SequenceVector, outcome: SequenceOutcome) -> str | None:
        """The first step that ends as the manual does not permit, of one with stale entries."""
        expected = play(vector, self._features)
        if isinstance(expected, str):
            return f"the golden model: {expected}"
        # What is cached has no say in whether a control operation is refused.
        for number, (found, wanted) in enumerate(zip(outcome.steps, expected.steps, strict=True)):
            if isinstance(wanted, bool) and found != wanted:
                return f"step {number}: {_refusal(found)}, but the golden model: {_refusal(wanted)}"
        for number, step in enumerate(with_allowed(vector, outcome, self._features).steps):
            if isinstance(step, AccessOutcome) and (step.ending, step.data) not in (
                    step.allowed or ()):
                return (f"step {number}: {step.ending}, but the golden model permits "
                        f"{[ending for ending, _ in step.allowed or ()]}")
        return None


def _orders(vector: SequenceVector) -> Iterator[SequenceVector]:
    """Orders of the steps that a store in the middle of a walk may turn out to be."""
    yield vector
    steps = list(vector.steps)
    for index, step in enumerate(steps[:-1]):
        if isinstance(step, LateStoreStep):
            steps[index:index + 2] = steps[index + 1], step
            yield vector._replace(steps=steps)
            return


def _unequal(vector: SequenceVector, outcome: SequenceOutcome, expected: SequenceOutcome
             ) -> str | None:
    """The first step that ends otherwise than expected."""
    steps = [[step for step in found.steps if step is not None]
             for found in (outcome, expected)]
    for number, (found, wanted) in enumerate(zip(*steps, strict=True)):
        if isinstance(found, AccessOutcome) and isinstance(wanted, AccessOutcome):
            if (found.ending, found.data) != (wanted.ending, wanted.data):
                return f"step {number}: {found}, but the golden model: {wanted}"
        elif found != wanted:
            return f"step {number}: {_refusal(found)}, but the golden model: {_refusal(wanted)}"
    for place, value, wanted in zip(vector.places, outcome.values, expected.values, strict=True):
        if value != wanted:
            return f"memory at {place:#x} is {value:#x}, but the golden model's is {wanted:#x}"
    return None


def _misled(observation: tuple[int, Seen]) -> str | None:
    """A register that is not the golden model's after a write, or that an access has changed."""
    cycle, seen = observation
    match seen:
        case WriteSeen():
            wanted = _written(seen)
            for name in _REGISTERS:
                if getattr(seen.after, name) != getattr(wanted, name):
                    return (f"cycle {cycle}: after {seen.register} = {seen.value:#x}, {name} is "
                            f"{getattr(seen.after, name):#x}, but the golden model's is "
                            f"{getattr(wanted, name):#x}")
            if _tables(seen.after) != _tables(wanted):
                return f"cycle {cycle}: {seen.register} = {seen.value:#x} loads other PDPTEs"
        case AccessSeen() if seen.fault != "#PF" and seen.cr2 != seen.state.cr2:
            return f"cycle {cycle}: CR2 has changed, and there was no page fault"
    return None


_REGISTERS = ("cr0", "cr2", "cr3", "cr4", "efer", "ac", "pkru", "pkrs")


def _written(seen: WriteSeen) -> ControlState:
    """The state after a write, as the golden model has it, with the PDPTEs that the unit has read.
    """
    reads = iter(seen.pdptes)
    try:
        return write_register(seen.before, Register[seen.register], seen.value,
                              lambda physical, size: next(reads, 0))[0]
    except GeneralProtection:
        return seen.before


def _tables(state: ControlState) -> list[int]:
    """Addresses in the PDPTE registers, with P = 1; 0 for those that are not present."""
    return [(pdpte & -4096 | 1) * (pdpte & 1) for pdpte in state.pdptes]


def _refusal(refused: StepOutcome) -> str:
    return "#GP" if refused else "no #GP"


def _seen(vector: SequenceVector, observer: Observer) -> Iterator[tuple[int, Seen]]:
    """Observations of each step, and of the writes that prepare them."""
    for _ in control_writes(vector):
        yield observer.control()
    for step in vector.operations:
        match step:
            case AccessStep():
                yield observer.access()
            case StoreStep(address, _, value):
                observer.edit(address, value)
            case LateStoreStep():
                pass
            case _:
                yield observer.control()
