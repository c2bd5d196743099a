"""Access vectors of version 2 in Amaranth's simulator, and what both versions need there."""

from dataclasses import replace

from hw.layout import Fault
from sim.engines.cxxrtl.vectors import SEQUENCE_CONFIG
from sim.engines.pysim import PysimEngine
from sim.errors import BusHang
from sim.memory import PhysicalMemory
from sim.record.records import AccessRecord as Recorded
from sim.vectors.sequence import (
    FLAG_WRITES, AccessOutcome, AccessStep, InvlpgStep, InvpcidStep, SequenceOutcome,
    SequenceVector, Step, StepOutcome, StoreStep, WriteStep,
)
from sim.vectors.support import control_writes, lacking_for_sequence, refused
from sim.vectors.vector import Ending, Vector
from sw.bus import Bus, GeneralProtection, Response


__all__ = ["Refused", "ending", "play", "prepare"]


class Refused(Exception):
    """A control write was refused with #GP. The message is the vector's reason."""


async def prepare(bus: Bus, vector: Vector | SequenceVector) -> None:
    """Set the control registers. Raises :class:`Refused`."""
    for register, value in control_writes(vector):
        try:
            await bus.write_control(register, value)
        except GeneralProtection:
            raise Refused(refused(register, value)) from None


def ending(access: Recorded, cr2: int) -> Ending:
    """Return the end of a recorded access, which does not have CR2."""
    match access.fault:
        case Fault.NONE:
            return Ending(physical=access.physical)
        case Fault.PAGE_FAULT:
            return Ending("#PF", access.error_code, cr2)
        case _:
            return Ending("#GP")


def play(vector: SequenceVector) -> SequenceOutcome | str:
    """Return the outcome of ``vector``, or the reason why it has none."""
    if reason := lacking_for_sequence(vector):
        return reason
    memory = PhysicalMemory()
    for address, value in vector.entries:
        memory.write(address, vector.entry_size, value)
    done: list[Response | bool | None] = []

    async def main() -> None:
        await prepare(engine.bus, vector)
        for step in vector.operations:
            done.append(await _do(engine.bus, memory, step))

    engine = PysimEngine(
        replace(SEQUENCE_CONFIG, maxphyaddr=vector.maxphyaddr, variable_maxphyaddr=False),
        memory=memory)
    try:
        engine.run(main)
    except (Refused, BusHang) as reason:
        return str(reason)
    recorded = iter(engine.trace.all_accesses)
    steps = [_outcome(step, response, next(recorded)) if isinstance(response, Response)
             else response for step, response in zip(vector.operations, done, strict=True)
             if step not in FLAG_WRITES]
    return SequenceOutcome(
        steps, [memory.read(place, size) for place, size in vector.places.items()])


async def _do(bus: Bus, memory: PhysicalMemory, step: Step) -> Response | bool | None:
    """Carry out one step."""
    try:
        match step:
            case AccessStep():
                return await bus.access(step.access)
            case StoreStep(address, size, value):
                memory.write(address, size, value)
                return None
            case InvlpgStep(linear):
                await bus.invlpg(linear)
                return None
            case InvpcidStep():
                await bus.invpcid(step.type, step.descriptor)
            case WriteStep(register, value):
                await bus.write_control(register, value)
    except GeneralProtection:
        return True
    return False


def _outcome(step: Step, response: Response, access: Recorded) -> StepOutcome:
    assert isinstance(step, AccessStep)
    reads = response.fault is None and step.kind != "write"
    return AccessOutcome(ending(access, getattr(response.fault, "address", 0)),
                         response.data if reads else None, access.completed - access.accepted)
