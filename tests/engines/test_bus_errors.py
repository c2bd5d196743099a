"""Memory with an end: what is beyond it ends in bus errors, on every engine in the same cycles."""

import pytest

from hw.config import MmuConfig
from hw.layout import Fault
from sim.engines.cxxrtl import CxxrtlEngine
from sim.engines.pysim import PysimEngine
from sim.memory import PhysicalMemory
from sw.bus import Access, BusError, Kind


pytestmark = pytest.mark.slow


CONFIG = MmuConfig(tlb_entries=2, outstanding=4)
END    = 0x4000


async def play(bus):
    """Do accesses on both sides of the end, and across it; return their outcomes."""
    data  = bytes(range(1, 65))
    return [
        await bus.access(Access(END - 8, 8, Kind.WRITE, data=7)),
        await bus.access(Access(END, 8, Kind.WRITE, data=7)),
        await bus.access(Access(END - 4, 8)),
        await bus.access(Access(END, 4, Kind.EXCHANGE, data=1)),
        await bus.store_string(END - 24, data, user=False),
        await bus.load_string(END - 32, 64, user=False),
        await bus.access(Access(END - 8, 8)),
    ]


def played(engine_of, latency):
    """Outcomes and engine of a run."""
    memory = PhysicalMemory(latency=latency, size=END)
    engine = engine_of(CONFIG, memory=memory)
    found  = []

    async def main():
        found.extend(await play(engine.bus))

    engine.run(main)
    return found, engine


@pytest.mark.parametrize("latency", [1, 3])
@pytest.mark.parametrize("engine_of", [PysimEngine, CxxrtlEngine], ids=["pysim", "cxxrtl"])
def test_what_is_beyond_the_end_is_a_bus_error(engine_of, latency):
    (first, *errors, stored, loaded, last), engine = played(engine_of, latency)
    assert first.fault is None
    assert all(isinstance(error.fault, BusError) and error.data == 0 for error in errors)
    count, fault = stored
    assert count == 24 and isinstance(fault, BusError) and f"{END:#x}" in str(fault)
    data, fault = loaded
    assert data == bytes(8) + bytes(range(1, 25)) and isinstance(fault, BusError)
    assert last.data == int.from_bytes(bytes(range(17, 25)), "little")
    assert all(access.faulted for access in engine.trace.all_accesses
               if access.fault is Fault.BUS_ERROR)
    failed = [transfer for transfer in engine.trace.all_transfers if transfer.failed]
    assert failed and all(transfer.address >= END for transfer in failed)
    assert engine.memory.read(END, 8) == 0


@pytest.mark.parametrize("latency", [1, 3])
def test_the_engines_do_the_same_in_every_cycle(latency):
    (_, one), (_, other) = (played(engine_of, latency)
                            for engine_of in (PysimEngine, CxxrtlEngine))
    for name in ("all_accesses", "all_transfers", "all_events"):
        assert list(getattr(one.trace, name)) == list(getattr(other.trace, name)), name
    assert one.cycle == other.cycle
