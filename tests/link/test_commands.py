"""Operations as requests have them: the data that docs/serial-link.md says."""

import pytest

from hw.bus import ControlOp
from sim.engines.operations import ControlAccess, LoadString, StoreString
from sim.engines.serial.link import commands
from sw.bus import Access, Kind, Register


def test_marks_and_cycles():
    assert commands.mark(0x1234) == bytes.fromhex("04 1234")
    assert commands.CYCLE == b"\x05"


@pytest.mark.parametrize("operation, data", [
    (ControlAccess(ControlOp.WRITE, Register.CR3, 0x1000), "06 31 0000000000001000"),
    (ControlAccess(ControlOp.READ, Register.EFER, 0),      "06 80 0000000000000000"),
    (ControlAccess(ControlOp.INVLPG, Register.CR0, 0xFFFF_8000_0000_0000),
     "06 02 ffff800000000000"),
    (ControlAccess(ControlOp.INVPCID, Register.CR0, 1, 0x123, 0x7000),
     "06 03 0000000000000001 0000000000000123 0000000000007000"),
])
def test_control_operations(operation, data):
    assert commands.control(operation) == bytes.fromhex(data)


@pytest.mark.parametrize("access, data", [
    (Access(0x1000, 8),                                    "07 03 01 0000000000001000"),
    (Access(0x1000, 1, Kind.FETCH, user=True),             "07 28 01 0000000000001000"),
    (Access(0x1000, 4, Kind.WRITE, data=0x12345678),       "07 06 01 0000000000001000 12345678"),
    (Access(0x1000, 2, Kind.READ, implicit=True),          "07 41 01 0000000000001000"),
    (Access(0x1000, 2, Kind.EXCHANGE, data=0xABCD),        "07 0d 01 0000000000001000 abcd"),
    (Access(0x1000, 1, Kind.COMPARE_EXCHANGE, data=1, compare=2),
                                                           "07 10 01 0000000000001000 01 02"),
])
def test_single_accesses(access, data):
    assert commands.accesses([access]) == bytes.fromhex(data)


def test_a_string_is_as_few_orders_as_there_are_sizes():
    assert commands.accesses(LoadString(0x1007, 1 + 16 + 2, True).requests()) == bytes.fromhex(
        "07 20 01 0000000000001007"
        "07 a3 02 0000000000001008"
        "07 a1 01 0000000000001018")


def test_the_data_of_a_string_are_in_order():
    stored = StoreString(0x1000, bytes(range(16)), False).requests()
    assert commands.accesses(stored) == bytes.fromhex(
        "07 07 02 0000000000001000 0706050403020100 0f0e0d0c0b0a0908")


def test_an_order_has_255_accesses_at_most():
    todo = [Access(address, 1) for address in range(300)]
    found = commands.accesses(todo)
    assert found[2] == 255
    assert found[11:14] == bytes([7, 0x80, 45])
