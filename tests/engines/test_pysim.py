"""The machine in Amaranth's simulator, without a kernel: paging is off after reset."""

import pytest

from hw.config import MmuConfig
from hw.layout import AccessKind
from sim.engines.pysim import PysimEngine
from sim.errors import BusHang
from sim.memory import PhysicalMemory
from sim.record.interval import Interval
from sw.bus import Access, Kind, Register


CONFIG = MmuConfig(tlb_entries=2, outstanding=2)

AC = 1 << 18


def run(main, *, waves=None, **options):
    """Run ``main(engine)`` on a new machine; return its engine."""
    engine = PysimEngine(CONFIG, **options)
    engine.run(lambda: main(engine), waves=waves)
    return engine


def write(linear, data, size=8):
    return Access(linear, size, Kind.WRITE, data=data)


async def nothing(engine):
    pass


@pytest.mark.slow
def test_what_is_stored_is_loaded():
    async def main(engine):
        await engine.bus.access(write(0x1000, 0x1122_3344_5566_7788))
        answers.append(await engine.bus.access(Access(0x1004, 2)))

    answers = []
    engine  = run(main)
    assert [answer.data for answer in answers] == [0x3344]
    assert engine.memory.read(0x1000, 8) == 0x1122_3344_5566_7788


@pytest.mark.slow
def test_a_string_is_moved_in_order_and_asked_for_back_to_back():
    async def main(engine):
        assert await engine.bus.store_string(0x1003, data, user=False) == (len(data), None)
        assert await engine.bus.load_string(0x1003, len(data), user=False) == (data, None)

    data   = bytes(range(157))
    engine = run(main)
    assert engine.memory.read(0x1003, 8) == int.from_bytes(data[:8], "little")
    reads = engine.trace.accesses(kind=AccessKind.READ)
    assert [access.size for access in reads] == [1, 4, *[8] * 19]
    assert [access.chained for access in reads] == [False] + [True] * 20
    assert reads[-1].accepted - reads[0].accepted < 21 * 3


def test_an_empty_string_takes_no_time():
    async def main(engine):
        assert await engine.bus.load_string(0x1000, 0, user=False) == (b"", None)
        assert await engine.bus.store_string(0x1000, b"", user=False) == (0, None)

    assert run(main).trace.all_accesses == []


def test_control_registers_keep_what_is_written():
    async def main(engine):
        await engine.bus.write_control(Register.RFLAGS, AC)
        values.append(await engine.bus.read_control(Register.RFLAGS))
        await engine.bus.access(Access(0x1000, 8))
        await engine.bus.invlpg(0x1000)

    values = []
    trace  = run(main).trace
    assert values == [AC]
    assert trace.all_accesses[0].state.ac == 1
    assert len(trace.all_controls) == 3


def test_the_trace_is_what_was_asked_for():
    async def main(engine):
        engine.bus.mark(["f"])
        await engine.bus.access(Access(0x1003, 4, Kind.EXCHANGE, user=True, data=0x55))
        cycles.append(engine.cycle)

    cycles = []
    trace  = run(main).trace
    [access] = trace.all_accesses
    assert (access.linear, access.size, access.kind, access.user, access.data) == \
        (0x1003, 4, AccessKind.EXCHANGE, True, 0x55)
    assert access.mark.stack == ("f",)
    assert cycles == [access.completed + 1]
    assert trace.transfers(physical=0x1003)


def test_every_mark_is_seen_for_a_cycle_even_if_nothing_happens_in_the_function():
    async def main(engine):
        for stack in (["f"], ["f", "g"], ["f"], []):
            engine.bus.mark(stack)
        before.append(engine.cycle)
        await engine.bus.access(Access(0x1000, 8))

    before = []
    trace  = run(main).trace
    assert trace.window("f") == [Interval(0, 3)]
    assert trace.window("g") == [Interval(1, 2)]
    assert before == [trace.all_accesses[0].accepted] == [3]


def test_settling_puts_the_marks_so_far_on_record():
    async def main(engine):
        engine.bus.mark(["f"])
        engine.bus.mark([])
        await engine.settle()
        windows.extend(engine.trace.window("f"))
        settled = engine.cycle
        await engine.settle()
        assert engine.cycle == settled

    windows = []
    run(main)
    assert windows == [Interval(0, 1)]


def test_marks_after_the_last_operation_are_seen_too():
    async def main(engine):
        engine.bus.mark(["f"])
        engine.bus.mark([])

    trace = run(main).trace
    assert [mark.stack for mark in trace.marks] == [("f",), ()]


def test_the_same_mark_again_is_no_change():
    async def main(engine):
        await engine.bus.access(Access(0x1000, 8))
        for _ in range(3):
            engine.bus.mark([])
        await engine.bus.access(Access(0x1000, 8))

    first, second = run(main).trace.all_accesses
    assert second.accepted == first.completed + 1


def test_claims_are_on_record():
    async def main(engine):
        engine.claim("it is so")
        await engine.bus.access(Access(0x1000, 8))
        engine.claim("")

    trace = run(main).trace
    assert trace.all_accesses[0].mark.claim == "it is so"


def test_memory_that_does_not_answer_is_a_hang():
    async def main(engine):
        await engine.bus.access(Access(0x1234, 4))

    with pytest.raises(BusHang, match="a read of 4 bytes at 0x1234 by cycle") as hang:
        run(main, memory=PhysicalMemory(latency=10_000), deadline=50)
    assert 50 <= hang.value.cycle < 70


@pytest.mark.slow
def test_slow_memory_is_not_a_hang():
    async def main(engine):
        for n in range(4):
            await engine.bus.access(Access(8 * n, 8))

    assert run(main, memory=PhysicalMemory(latency=40), deadline=60).cycle > 160


@pytest.mark.slow
def test_what_the_kernel_raises_comes_out():
    async def main(engine):
        await engine.bus.access(Access(0x1000, 8))
        raise ZeroDivisionError("the kernel")

    with pytest.raises(ZeroDivisionError, match="the kernel"):
        run(main)


@pytest.mark.slow
def test_a_kernel_that_wants_the_bus_on_its_way_out_is_dropped():
    async def main(engine):
        try:
            await engine.bus.access(Access(0x1000, 8))
        finally:
            await engine.bus.access(Access(0x2000, 8))

    with pytest.raises(BusHang):
        run(main, memory=PhysicalMemory(latency=10_000), deadline=50)


@pytest.mark.slow
def test_a_machine_runs_once():
    engine = run(nothing)
    with pytest.raises(RuntimeError, match="make another"):
        engine.run(lambda: nothing(engine))


@pytest.mark.slow
def test_every_machine_begins_at_reset():
    async def main(engine):
        await engine.bus.write_control(Register.RFLAGS, AC)
        await engine.bus.access(write(0x1000, 5))

    first, second = run(main), run(main)
    assert second.trace.all_accesses == first.trace.all_accesses
    assert second.trace.states[0].ac == 0


@pytest.mark.slow
def test_progress_is_reported():
    async def main(engine):
        for n in range(200):
            await engine.bus.access(Access(8 * n, 8))

    reports = []
    engine  = PysimEngine(CONFIG)
    engine.progress = reports.append
    engine.run(lambda: main(engine))
    assert reports == list(range(256, engine.cycle + 1, 256))
    assert reports
