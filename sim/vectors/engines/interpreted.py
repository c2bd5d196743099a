"""Access vectors in Amaranth's simulator: one run of the whole engine for each."""

from collections.abc import Sequence
from dataclasses import replace

from sim.engines.cxxrtl.vectors import CONFIG
from sim.engines.pysim import PysimEngine
from sim.errors import BusHang
from sim.memory import PhysicalMemory
from sim.vectors.sequence import AnyOutcome, AnyVector, SequenceVector
from sim.vectors.support import lacking
from sim.vectors.vector import AC, Vector, VectorOutcome, entry_size
from sw.bus import Register

from .interpreted_sequences import Refused, ending, play, prepare


__all__ = ["PysimVectors"]


class PysimVectors:
    """A :class:`sim.vectors.engines.VectorEngine` that reads outcomes from the engine's record."""

    batch = 64

    def run(self, vectors: Sequence[AnyVector]) -> list[AnyOutcome | str]:
        """Return the outcome of each of ``vectors``, or the reason why it has none."""
        return [play(vector) if isinstance(vector, SequenceVector)
                else lacking(vector) or self._run(vector) for vector in vectors]

    def _run(self, vector: Vector) -> VectorOutcome | str:
        memory = PhysicalMemory()
        size   = entry_size(vector.cr0, vector.cr4, vector.efer)
        for address, value in vector.entries:
            memory.write(address, size, value)

        cr2: list[int] = []  # The record of an access does not have it.

        async def main() -> None:
            await prepare(engine.bus, vector)
            ac = 0
            for step in (*(vector.before or ()), vector.access):
                if step.ac != ac:
                    ac = step.ac
                    await engine.bus.write_control(Register.RFLAGS, AC * ac)
                response = await engine.bus.access(step.access)
                cr2.append(getattr(response.fault, "address", 0))

        engine = PysimEngine(
            replace(CONFIG, maxphyaddr=vector.maxphyaddr, variable_maxphyaddr=False),
            memory=memory)
        try:
            engine.run(main)
        except (Refused, BusHang) as reason:
            return str(reason)

        *before, last = engine.trace.all_accesses
        *before_cr2, last_cr2 = cr2
        return VectorOutcome(
            ending(last, last_cr2),
            [memory.read(address, size) for address, _ in vector.entries],
            list(map(ending, before, before_cr2)), last.completed - last.accepted,
        )
