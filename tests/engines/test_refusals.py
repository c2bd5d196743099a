"""Operations that no machine can do: all refuse them, in the same words, before a cycle passes."""

import asyncio

import pytest

from hw.presets import PRESETS
from sim.engines.cxxrtl import CxxrtlEngine
from sim.engines.cxxrtl.processor import CompiledProcessor
from sim.engines.processor import Processor
from sim.engines.pysim import PysimEngine
from sim.engines.stepped import SteppedProcessor
from sim.golden.bus import GoldenBus
from sim.golden.processors import GoldenProcessor
from sw.bus import Access, Kind, Register


pytestmark = pytest.mark.slow


#: A unit that scenarios are played on, too: what is compiled for them does for these tests.
CONFIG = PRESETS["default"]

HUGE = 1 << 64


def on_golden(program):
    """Run a program on the golden machine; return its memory's bytes from 0 on."""
    bus = GoldenBus()
    asyncio.run(program(bus))
    assert bus.accesses == 0
    return bytes(bus.mmu.memory.page(0))


def on_engine(kind, program):
    """Run a program on a simulated machine."""
    engine = kind(CONFIG)
    engine.run(lambda: program(engine.bus))
    assert not engine.trace.all_accesses and not engine.trace.all_controls
    return bytes(engine.memory.read_bytes(0, 4096))


MACHINES = {
    "golden": on_golden,
    "pysim":  lambda program: on_engine(PysimEngine, program),
    "cxxrtl": lambda program: on_engine(CxxrtlEngine, program),
}

SIZE = "the size of an access is 1, 2, 4 or 8 bytes, not {}"

REFUSED = {
    "size 3":        (lambda bus: bus.access(Access(8, 3)), SIZE.format(3)),
    "size 0":        (lambda bus: bus.access(Access(8, 0)), SIZE.format(0)),
    "size 16":       (lambda bus: bus.access(Access(8, 16)), SIZE.format(16)),
    "size -1":       (lambda bus: bus.access(Access(8, -1)), SIZE.format(-1)),
    "size 8.0":      (lambda bus: bus.access(Access(8, 8.0)), SIZE.format(8.0)),
    "no size":       (lambda bus: bus.access(Access(8, None)), SIZE.format(None)),
    "store of 3":    (lambda bus: bus.access(Access(8, 3, Kind.WRITE, data=1)), SIZE.format(3)),
    "fetch of 5":    (lambda bus: bus.access(Access(8, 5, Kind.FETCH)), SIZE.format(5)),
    "wide address":  (lambda bus: bus.access(Access(HUGE, 8)),
                      "the address is a number of 64 bits, not 0x10000000000000000"),
    "negative address": (lambda bus: bus.access(Access(-8, 8)),
                         "the address is a number of 64 bits, not -0x8"),
    "address None":  (lambda bus: bus.access(Access(None, 8)),
                      "the address is a whole number, not None"),
    "address 8.0":   (lambda bus: bus.access(Access(8.0, 8)),
                      "the address is a whole number, not 8.0"),
    "wide value":    (lambda bus: bus.access(Access(8, 2, Kind.WRITE, data=0x1_0000)),
                      "the value of an access of size 2 is a number of 16 bits, not 0x10000"),
    "negative value": (lambda bus: bus.access(Access(8, 8, Kind.EXCHANGE, data=-1)),
                       "the value of an access of size 8 is a number of 64 bits, not -0x1"),
    "value as text": (lambda bus: bus.access(Access(8, 8, Kind.WRITE, data="1")),
                      "the value of an access of size 8 is a whole number, not '1'"),
    "wide expected": (lambda bus: bus.access(Access(8, 1, Kind.COMPARE_EXCHANGE, compare=0x100)),
                      "the expected value of an access of size 1 is a number of 8 bits, "
                      "not 0x100"),
    "string at a wide address": (lambda bus: bus.load_string(HUGE, 8, user=False),
                                 "the address is a number of 64 bits, not 0x10000000000000000"),
    "empty string at a wide address": (
        lambda bus: bus.store_string(HUGE, b"", user=False),
        "the address is a number of 64 bits, not 0x10000000000000000"),
    "string too long": (lambda bus: bus.load_string(8, 513, user=False),
                        "a string has 512 bytes at most, not 513"),
    "long string to store": (lambda bus: bus.store_string(8, bytes(513), user=False),
                             "a string has 512 bytes at most, not 513"),
    "string of negative length": (lambda bus: bus.load_string(8, -1, user=False),
                                  "the length of a string is a number of 64 bits, not -0x1"),
    "text to store": (lambda bus: bus.store_string(8, "text", user=False),
                      "what is stored are bytes, not 'text'"),
    "register":      (lambda bus: bus.write_control(Register.CR3, HUGE),
                      "the value of CR3 is a number of 64 bits, not 0x10000000000000000"),
    "negative register": (lambda bus: bus.write_control(Register.RFLAGS, -1),
                          "the value of RFLAGS is a number of 64 bits, not -0x1"),
    "INVLPG":        (lambda bus: bus.invlpg(HUGE),
                      "the address is a number of 64 bits, not 0x10000000000000000"),
    "interrupt for nobody": (lambda bus: bus.send_interrupt(1, 0xF0),
                             "there is no processor 1: the machine has 1"),
    "interrupt for -1": (lambda bus: bus.send_interrupt(-1, 0xF0),
                         "the number of a processor is a number of 64 bits, not -0x1"),
    "vector 0xef":   (lambda bus: bus.send_interrupt(0, 0xEF),
                      "a vector is 0xf0 to 0xff, not 0xef"),
    "vector 0x100":  (lambda bus: bus.send_interrupt(0, 0x100),
                      "a vector is a number of 8 bits, not 0x100"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_what_cannot_be_is_refused_in_one_sentence_and_nothing_happens(machine):
    async def program(bus):
        for operation, sentence in REFUSED.values():
            with pytest.raises((ValueError, TypeError)) as caught:
                await operation(bus)
            assert str(caught.value) == sentence

    assert MACHINES[machine](program) == bytes(4096)


@pytest.mark.parametrize("processor", [SteppedProcessor, CompiledProcessor])
def test_every_engine_refuses_in_the_same_place(processor):
    for operation in ("access", "load_string", "store_string", "write_control", "invlpg",
                      "send_interrupt", "take_interrupt"):
        assert getattr(processor, operation) is getattr(Processor, operation)


@pytest.mark.parametrize("engine", [PysimEngine, CxxrtlEngine])
def test_an_interrupt_reaches_no_processor_that_is_not_there(engine):
    async def main():
        with pytest.raises(ValueError, match="no processor 2: the machine has 2"):
            await machine.bus.send_interrupt(2, 0xF0)
        await machine.bus.send_interrupt(1, 0xF0)

    async def other():
        await machine.buses[1].halt()

    machine = engine(CONFIG, cpus=2)
    machine.run(main, other)
    assert len(machine.trace.all_interrupts) == 1


def test_an_interrupt_that_does_not_wait_cannot_be_taken():
    for bus in (GoldenBus(), Processor(None)):
        with pytest.raises(AssertionError, match="no interrupt waits"):
            asyncio.run(bus.take_interrupt())


@pytest.mark.parametrize("kind", [GoldenBus, GoldenProcessor])
def test_the_widest_that_can_be_is_done(kind):
    async def program(bus):
        await bus.write_control(Register.CR2, HUGE - 1)
        await bus.access(Access(HUGE - 8, 8, Kind.WRITE, data=HUGE - 1))
        return await bus.access(Access(HUGE - 8, 8))

    coroutine = program(kind())
    try:
        while True:
            coroutine.send(None)
    except StopIteration as end:
        assert end.value.data == HUGE - 1


@pytest.mark.parametrize("engine", [PysimEngine, CxxrtlEngine])
def test_a_string_goes_on_at_address_0_behind_the_last_one(engine):
    async def main():
        await machine.bus.store_string(HUGE - 8, bytes(range(16)), user=False)
        assert await machine.bus.load_string(HUGE - 8, 16, user=False) == (bytes(range(16)), None)

    machine = engine(CONFIG)
    machine.run(main)
    assert machine.memory.read_bytes(0, 8) == bytes(range(8, 16))
