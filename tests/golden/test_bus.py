"""The golden machine behind the kernel's bus protocol."""

import asyncio

import pytest

from sim.golden.bus import GoldenBus
from sw.bus import Access, Bus, GeneralProtection, Kind, PageFault, Register


def run(coroutine):
    return asyncio.run(coroutine)


def test_the_golden_bus_has_every_operation_of_the_protocol():
    for name in ("access", "burst", "read_control", "write_control", "invlpg", "mark"):
        assert callable(getattr(GoldenBus(), name)) and hasattr(Bus, name)


def test_features_are_parameters():
    bus = GoldenBus(maxphyaddr=36, smap=False)
    features = run(bus.read_control(Register.FEATURES))
    assert (features >> 32, features >> 21 & 1, features >> 20 & 1) == (36, 0, 1)


def test_a_burst_ends_with_its_first_fault():
    bus = GoldenBus()

    async def main():
        await bus.write_control(Register.CR3, 0x1000)
        bus.mmu.memory.write(0x1000, 4, 0x2007)
        bus.mmu.memory.write(0x2000, 4, 0x9007)
        await bus.write_control(Register.CR0, 0x8000_0001)
        return await bus.burst([
            Access(0x0ff8, 8, Kind.WRITE, data=5), Access(0x1000, 8), Access(0x0ff8, 8),
        ])

    done, failed = run(main())
    assert done.fault is None
    assert isinstance(failed.fault, PageFault) and failed.fault.address == 0x1000
    assert bus.accesses == 2


def test_a_forbidden_control_write_is_raised():
    with pytest.raises(GeneralProtection):
        run(GoldenBus().write_control(Register.CR0, 1 << 31))


def test_accesses_are_counted_and_invlpg_and_marks_are_not():
    bus = GoldenBus()
    run(bus.access(Access(0, 1)))
    run(bus.invlpg(0))
    bus.mark(["mem_rw"])
    assert bus.accesses == 1
