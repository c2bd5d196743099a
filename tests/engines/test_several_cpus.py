"""Several processors with one memory, on both engines: the same in every cycle."""

from random import Random

import pytest
from trace_support import assert_same

from hw.presets import PRESETS
from sim.engines.cxxrtl import CxxrtlEngine
from sim.engines.pysim import PysimEngine
from sim.errors import BusHang
from sim.memory import PhysicalMemory
from sim.record.interval import Interval
from sim.record.waveform import waveform
from sim.schedule import Schedule, TimeSlice, parse, render, seeded
from sw.bus import Access, Kind, Register


pytestmark = pytest.mark.slow


#: A unit that scenarios are played on, too: what is compiled for them does for these tests.
CONFIG = PRESETS["default"]

ENGINES = pytest.mark.parametrize("Engine", [PysimEngine, CxxrtlEngine])


def busy(bus, number, seed):
    """A program of random operations for one of two processors; the second never ends."""
    random = Random(100 * seed + number)

    async def access():
        size = random.choice((1, 2, 4, 8))
        await bus.access(Access(random.randrange(0x200), size, random.choice(list(Kind)),
                                data=random.getrandbits(8 * size), compare=random.getrandbits(1)))

    async def load():
        await bus.load_string(random.randrange(0x100), random.randrange(40), user=False)

    async def store():
        await bus.store_string(random.randrange(0x100), random.randbytes(random.randrange(40)),
                               user=False)

    async def control():
        await bus.read_control(Register.CR3)

    async def interrupt():
        await bus.send_interrupt(1 - number, 0xF0 + random.randrange(16))
        if bus.interrupts:
            await bus.take_interrupt()
        if number and random.random() < 0.3:
            await bus.halt()

    async def program():
        for _ in range(60):
            bus.mark(["f"] * random.randrange(3))
            await random.choice((access, load, store, control, interrupt))()
        while number:
            await bus.halt()
            await bus.take_interrupt()

    return program


def run(Engine, *programs, **options):
    """Run ``programs(engine)``, one for each processor; return the engine."""
    engine = Engine(CONFIG, cpus=len(programs), deadline=1000, **options)
    engine.run(*(lambda program=program: program(engine) for program in programs))
    return engine


@pytest.mark.parametrize("seed, options", [
    (0, {}), (1, {}), (2, {"latency": 3}), (3, {"latency": 2, "stall": (True, False, False)}),
])
def test_both_engines_do_the_same_in_every_cycle(seed, options):
    def engine_of(Engine):
        schedule = Schedule(seeded(seed, 2)) if seed else None
        engine   = Engine(CONFIG, cpus=2, deadline=1000, schedule=schedule,
                          memory=PhysicalMemory(**options))
        engine.run(*(busy(bus, number, seed) for number, bus in enumerate(engine.buses)))
        return engine

    one, other = engine_of(PysimEngine), engine_of(CxxrtlEngine)
    for left, right in zip(one.traces, other.traces, strict=True):
        assert_same(left, right)
        assert left.all_transfers and left.interrupts(sent=True) and left.interrupts(sent=False)
    assert one.memory.read_bytes(0, 0x200) == other.memory.read_bytes(0, 0x200)
    assert one.schedule.executed == other.schedule.executed
    assert bool(one.schedule.executed) == bool(seed)


@ENGINES
def test_processors_run_at_the_same_time(Engine):
    async def program(engine, number):
        for n in range(8):
            await engine.buses[number].access(Access(0x1000 * number + 8 * n, 8))

    engine = run(Engine, lambda engine: program(engine, 0), lambda engine: program(engine, 1))
    first, second = (trace.all_accesses for trace in engine.traces)
    assert first[0].accepted == second[0].accepted
    assert len(first) == 8 and len(second) >= 7


@ENGINES
def test_what_one_stores_the_other_loads(Engine):
    async def writer(engine):
        await engine.buses[0].access(Access(0x1000, 8, Kind.WRITE, data=7))
        for _ in range(10):
            await engine.buses[0].read_control(Register.CR0)

    async def reader(engine):
        while not loaded or loaded[-1] != 7:
            loaded.append((await engine.buses[1].access(Access(0x1000, 8))).data)

    loaded = []
    run(Engine, writer, reader)
    assert loaded[-1] == 7


@ENGINES
def test_an_interrupt_wakes_a_processor_that_is_halted(Engine):
    async def sender(engine):
        for _ in range(20):
            await engine.buses[0].read_control(Register.CR0)
        await engine.buses[0].send_interrupt(1, 0xFC)
        while not taken:
            await engine.buses[0].read_control(Register.CR0)

    async def sleeper(engine):
        await engine.buses[1].halt()
        taken.append(await engine.buses[1].take_interrupt())
        taken.append(engine.buses[1].interrupts)
        await engine.buses[1].read_control(Register.CR0)

    taken  = []
    engine = run(Engine, sender, sleeper)
    assert taken == [0xFC, 0]
    [sent]    = engine.traces[0].all_interrupts
    [arrived] = engine.traces[1].all_interrupts
    assert (sent.vector, sent.target) == (0xFC, 1)
    assert (arrived.vector, arrived.target) == (0xFC, None)
    assert sent.cycle < arrived.cycle <= sent.cycle + 3


@ENGINES
def test_the_highest_vector_is_taken_first(Engine):
    async def program(engine):
        bus = engine.bus
        for vector in (0xF3, 0xFD, 0xF8):
            await bus.send_interrupt(0, vector)
        await bus.halt()
        while bus.interrupts:
            taken.append(await bus.take_interrupt())

    taken = []
    run(Engine, program)
    assert taken == [0xFD, 0xF8, 0xF3]


@ENGINES
def test_a_machine_in_which_everybody_waits_for_an_interrupt_hangs(Engine):
    async def program(engine, number):
        await engine.buses[number].read_control(Register.CR0)
        await engine.buses[number].halt()

    with pytest.raises(BusHang, match="an interrupt, which nobody can send"):
        run(Engine, lambda engine: program(engine, 0), lambda engine: program(engine, 1))


@ENGINES
def test_in_a_turn_only_one_processor_moves_memory(Engine):
    async def program(engine, number):
        for n in range(30):
            await engine.buses[number].access(Access(0x1000 * number + 8 * n, 8))

    slices  = [TimeSlice(1, 5), TimeSlice(0, 3), TimeSlice(1, 2), TimeSlice(0, 20)]
    engine = run(Engine, lambda engine: program(engine, 0), lambda engine: program(engine, 1),
                 schedule=Schedule(slices))
    order = sorted((transfer.accepted, number) for number, trace in enumerate(engine.traces)
                   for transfer in trace.all_transfers)
    assert [number for _, number in order[:30]] == [1] * 5 + [0] * 3 + [1] * 2 + [0] * 20
    assert {number for _, number in order[30:]} == {0, 1}
    assert engine.schedule.executed == slices


@pytest.mark.parametrize("idle", ["ended", "halted"])
@ENGINES
def test_a_processor_that_has_ended_or_is_halted_gives_up_its_time_slice(Engine, idle):
    async def first(engine):
        for n in range(10):
            await engine.buses[0].access(Access(8 * n, 8))

    async def ended(engine):
        pass

    async def halted(engine):
        await engine.buses[1].halt()

    slices = [TimeSlice(1, 8), TimeSlice(0, 4)]
    engine = run(Engine, first, {"ended": ended, "halted": halted}[idle],
                 schedule=Schedule(slices))
    assert engine.schedule.executed == slices
    assert engine.trace.all_accesses[0].accepted < 5


@ENGINES
def test_a_plan_can_be_changed_on_the_way(Engine):
    async def first(engine):
        await engine.buses[0].access(Access(0, 8))
        engine.schedule.follow([TimeSlice(1, 3), TimeSlice(0, 1)])
        for n in range(10):
            await engine.buses[0].access(Access(8 * n, 8))

    async def second(engine):
        for n in range(30):
            await engine.buses[1].access(Access(0x1000 + 8 * n, 8))

    engine = run(Engine, first, second, schedule=Schedule([TimeSlice(0, 100)]))
    assert engine.schedule.executed == [TimeSlice(0, 100), TimeSlice(1, 3), TimeSlice(0, 1)]
    second = engine.traces[1].all_transfers
    between = engine.traces[0].transfers(during=Interval(second[0].accepted, second[2].accepted))
    assert not between


@ENGINES
def test_what_is_recorded_can_be_replayed(Engine):
    def played(schedule):
        engine = Engine(CONFIG, cpus=2, deadline=1000, schedule=schedule)
        engine.run(*(busy(bus, number, 5) for number, bus in enumerate(engine.buses)))
        return engine

    drawn    = played(Schedule(seeded(5, 2)))
    replayed = played(Schedule(parse(render(drawn.schedule.executed), 2)))
    for left, right in zip(drawn.traces, replayed.traces, strict=True):
        assert_same(left, right)
    other = played(Schedule(seeded(6, 2)))
    assert other.trace.all_transfers != drawn.trace.all_transfers


def test_the_number_of_programs_is_that_of_the_processors():
    async def program():
        pass

    with pytest.raises(ValueError, match="2 processors cannot run 1 programs"):
        PysimEngine(CONFIG, cpus=2).run(program)
    with pytest.raises(ValueError, match="1 to 32 processors, not 0"):
        PysimEngine(CONFIG, cpus=0)


@pytest.mark.parametrize("text", ["0", "0:0", "2:1", "0:x", "0:1,1:2", "0:4294967296"])
def test_a_text_that_is_no_schedule_is_refused(text):
    with pytest.raises(ValueError, match='is not a time slice: write CPU:STEPS, with a CPU from'):
        parse(f"0:1 {text}", 2)


def test_waveforms_are_the_same_and_show_each_processor(tmp_path):
    def lines_of(Engine):
        folder = tmp_path / Engine.__name__
        engine = Engine(CONFIG, cpus=2, deadline=1000, schedule=Schedule(seeded(1, 2)))
        engine.run(*(busy(bus, number, 1) for number, bus in enumerate(engine.buses)),
                   waves=waveform(folder))
        return (folder / "waves.vcd").read_text().splitlines()

    one, other = lines_of(PysimEngine), lines_of(CxxrtlEngine)
    body = one.index("$enddefinitions $end")
    assert len(one) > body + 1000
    assert one[body:] == other[body:]
    for scope in ("cpu0", "cpu1", "bus", "interrupts"):
        assert f"$scope module {scope} $end" in one


def test_turns_without_end_that_all_are_passed_are_the_same_on_both_engines():
    # One operation waits while more slices pass than an engine looks ahead.
    async def first(engine):
        await engine.buses[0].read_control(Register.CR0)

    async def second(engine):
        await engine.buses[1].halt()

    one, other = (run(Engine, first, second, schedule=Schedule([TimeSlice(1, 1)] * 5000))
                  for Engine in (PysimEngine, CxxrtlEngine))
    assert one.trace.all_controls[0].accepted == 5000
    assert_same(one.trace, other.trace)
    assert one.schedule.executed == other.schedule.executed


@ENGINES
@pytest.mark.parametrize("time_slice", [TimeSlice(2, 1), TimeSlice(0, 0), TimeSlice(0, 1 << 32)])
def test_a_time_slice_that_cannot_be_is_refused(Engine, time_slice):
    async def program(engine, number):
        await engine.buses[number].read_control(Register.CR0)

    with pytest.raises(ValueError, match="is not a time slice"):
        run(Engine, lambda engine: program(engine, 0), lambda engine: program(engine, 1),
            schedule=Schedule([time_slice]))
