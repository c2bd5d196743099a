"""The golden machine behind the kernel's bus protocol."""

import asyncio

import pytest

from sim.golden.bus import GoldenBus
from sw.bus import Access, Bus, GeneralProtection, PageFault, Register


def run(coroutine):
    return asyncio.run(coroutine)


def test_the_golden_bus_has_every_operation_of_the_protocol():
    for name in ("access", "load_string", "store_string", "read_control", "write_control",
                 "invlpg", "send_interrupt", "take_interrupt", "halt", "mark"):
        assert callable(getattr(GoldenBus(), name)) and hasattr(Bus, name)


def test_features_are_parameters():
    bus = GoldenBus(maxphyaddr=36, smap=False)
    features = run(bus.read_control(Register.FEATURES))
    assert (features >> 32, features >> 21 & 1, features >> 20 & 1) == (36, 0, 1)


def mapped(*pages):
    """A machine with identical 32-bit mappings of pages, by number."""
    bus = GoldenBus()
    bus.mmu.memory.write(0x10000, 4, 0x11007)
    for page in pages:
        bus.mmu.memory.write(0x11000 + 4 * page, 4, page << 12 | 7)
    run(bus.write_control(Register.CR3, 0x10000))
    run(bus.write_control(Register.CR0, 0x8000_0001))
    return bus


def test_a_string_ends_with_its_first_fault():
    bus = mapped(0)
    data = bytes(range(1, 12))
    done, fault = run(bus.store_string(0x0ff6, data, user=True))
    assert done == 10
    assert isinstance(fault, PageFault)
    assert (fault.address, fault.error_code) == (0x1000, 0b110)
    assert bus.accesses == 1
    assert run(bus.load_string(0x0ff6, 10, user=True)) == (data[:10], None)
    before, fault = run(bus.load_string(0x0ff6, 11, user=False))
    assert (before, fault.address, fault.error_code) == (data[:10], 0x1000, 0)


def test_an_empty_string_is_no_access():
    bus = GoldenBus()
    assert run(bus.load_string(0, 0, user=False)) == (b"", None)
    assert run(bus.store_string(0, b"", user=False)) == (0, None)
    assert bus.accesses == 0


def test_the_highest_interrupt_is_taken_first():
    bus = GoldenBus()
    for vector in (0xF0, 0xFD, 0xFB, 0xFD):
        run(bus.send_interrupt(0, vector))
    assert bus.interrupts == 1 | 1 << 13 | 1 << 11
    run(bus.halt())
    assert [run(bus.take_interrupt()) for _ in range(3)] == [0xFD, 0xFB, 0xF0]
    assert bus.interrupts == 0


def test_a_forbidden_control_write_is_raised():
    with pytest.raises(GeneralProtection):
        run(GoldenBus().write_control(Register.CR0, 1 << 31))


def test_accesses_are_counted_and_invlpg_and_marks_are_not():
    bus = GoldenBus()
    run(bus.access(Access(0, 1)))
    run(bus.invlpg(0))
    bus.mark(["mem_rw"])
    assert bus.accesses == 1
