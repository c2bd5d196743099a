"""Access vectors in Amaranth's simulator: one run of the whole engine for each."""

from collections.abc import Sequence

from hw.config import MmuConfig
from hw.layout import Fault
from sim.engines.pysim import PysimEngine
from sim.errors import BusHang
from sim.memory import PhysicalMemory
from sim.record.records import AccessRecord as Recorded
from sim.vectors.support import AC, control_writes, lacking, refused
from sim.vectors.vector import Ending, Vector, VectorOutcome, entry_size
from sw.bus import Bus, GeneralProtection, Register


__all__ = ["PysimVectors"]


class _Refused(Exception):
    """A control write was refused with #GP. The message is the vector's reason."""


class PysimVectors:
    """A :class:`sim.vectors.engines.VectorEngine` that reads outcomes from the engine's record."""

    batch = 64

    def run(self, vectors: Sequence[Vector]) -> list[VectorOutcome | str]:
        """Return the outcome of each of ``vectors``, or the reason why it has none."""
        return [lacking(vector) or self._run(vector) for vector in vectors]

    def _run(self, vector: Vector) -> VectorOutcome | str:
        memory = PhysicalMemory()
        size   = entry_size(vector.cr0, vector.cr4, vector.efer)
        for address, value in vector.entries:
            memory.write(address, size, value)

        cr2: list[int] = []  # The record of an access does not have it.

        async def main() -> None:
            await _prepare(engine.bus, vector)
            ac = 0
            for step in (*(vector.before or ()), vector.access):
                if step.ac != ac:
                    ac = step.ac
                    await engine.bus.write_control(Register.RFLAGS, AC * ac)
                response = await engine.bus.access(step.access)
                cr2.append(getattr(response.fault, "address", 0))

        engine = PysimEngine(
            MmuConfig(maxphyaddr=vector.maxphyaddr, pae=True, la57=True, pku=True, pks=True),
            memory=memory)
        try:
            engine.run(main)
        except (_Refused, BusHang) as reason:
            return str(reason)

        *before, last = engine.trace.all_accesses
        *before_cr2, last_cr2 = cr2
        return VectorOutcome(
            _ending(last, last_cr2),
            [memory.read(address, size) for address, _ in vector.entries],
            list(map(_ending, before, before_cr2)), last.completed - last.accepted,
        )


async def _prepare(bus: Bus, vector: Vector) -> None:
    """Set the control registers. Raises :class:`_Refused`."""
    for register, value in control_writes(vector):
        try:
            await bus.write_control(register, value)
        except GeneralProtection:
            raise _Refused(refused(register, value)) from None


def _ending(access: Recorded, cr2: int) -> Ending:
    match access.fault:
        case Fault.NONE:
            return Ending(physical=access.physical)
        case Fault.PAGE_FAULT:
            return Ending("#PF", access.error_code, cr2)
        case _:
            return Ending("#GP")
