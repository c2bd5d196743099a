"""The log of compiled code: records are those of the recorder, from the same samples."""

import gc
from random import Random

import pytest
from trace_support import assert_same

from hw.bus import ControlOp, Register
from hw.layout import AccessKind, Fault, Flush
from sim.engines.cxxrtl import CxxrtlEngine
from sim.engines.cxxrtl.lazy import BLOCK, LazyRecords
from sim.engines.cxxrtl.log import LogReader
from sim.engines.pysim import PysimEngine
from sim.errors import LimitReached
from sim.memory import PhysicalMemory
from sim.record.decoding import EVENTS
from sim.record.recorder import Recorder
from sim.record.records import Recording
from sim.record.signals import FIELDS, Sample
from sim.record.trace import Trace
from sw.bus import Access, Kind

from .log_support import Log, widths


STACKS = [(), ("f",), ("f", "g")]
CLAIMS = ["", "it is so"]


def drawn(random, before):
    """A sample of anything, though no machine would do so; marks and state change now and then."""
    values = {name: random.getrandbits(width) for name, width in widths().items()}
    seldom = random.random() < 0.1
    values |= {
        "kernel_stack": random.randrange(len(STACKS)) if seldom else before.kernel_stack,
        "claim":        random.randrange(len(CLAIMS)) if seldom else before.claim,
        "state":        values["state"] if random.random() < 0.1 else before.state,
        "events":       values["events"] & random.getrandbits(len(EVENTS)) * random.getrandbits(1),
        "request":      packed("request", values, kind=random.choice(list(AccessKind)).value),
        "response":     packed("response", values, fault=random.choice(
            [Fault.NONE, Fault.NONE, *Fault]).value),
        "control":      packed("control", values, op=random.choice(list(ControlOp)).value,
                               register=random.choice(list(Register)).value),
        "tlb":          packed("tlb", values, flush=random.choice(list(Flush)).value),
        "cyc":          int(random.random() < 0.9),
    }
    return Sample(**values)


def packed(name, values, **fields):
    """A packed signal with some of its fields replaced."""
    return FIELDS[name].pack(FIELDS[name](values[name]) | fields)


@pytest.fixture
def log():
    made = Log()
    yield made
    made.delete()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_any_samples_make_the_same_records_whenever_somebody_looks(log, seed):
    random   = Random(seed)
    recorder = Recorder(Recording(), STACKS, CLAIMS)
    reader   = LogReader(Recording(), STACKS, CLAIMS)
    sample   = Sample()
    open_at_a_look = set()
    for cycle in range(2000):
        sample = drawn(random, sample)
        recorder.step(cycle, sample)
        log.sample(cycle, sample)
        if random.random() < 0.02 or cycle == 1999:
            reader.read(log.take())
            reader.recording.cycles = cycle + 1
            assert_same(Trace(recorder.recording), Trace(reader.recording))
            open_at_a_look |= {name for name in ("accesses", "controls", "transfers")
                               if ends(getattr(recorder.recording, name)[-1]) == -1}
    assert open_at_a_look == {"accesses", "controls", "transfers"}


def ends(record):
    """The cycle in which something ends; -1 if it has not."""
    return record.acked if hasattr(record, "acked") else record.completed


async def accesses(engine):
    """Loads and stores without end."""
    for number in range(1000):
        engine.bus.mark(["f"] * (number % 3))
        await engine.bus.access(Access(0x1000 + 8 * number, 8, Kind.WRITE, data=number))
        await engine.bus.load_string(0x1000, 64, user=False)
        await engine.bus.invlpg(0x1000)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 2, 7, 12, 13, 14, 50])
def test_a_run_that_is_cut_off_has_the_same_record(limit):
    engines = [Engine(memory=PhysicalMemory(latency=5)) for Engine in (PysimEngine, CxxrtlEngine)]
    for engine in engines:
        engine.limit = limit
        with pytest.raises(LimitReached):
            engine.run(lambda engine=engine: accesses(engine))
    assert_same(*(engine.trace for engine in engines))
    assert engines[1].trace.cycles == limit


@pytest.mark.slow
def test_who_looks_all_the_time_sees_the_same_and_what_is_in_flight():
    def looks(engine):
        async def look():
            for number in range(30):
                await engine.buses[0].store_string(0x1000, bytes(range(number)), user=False)
                seen.append([(trace.cycles, list(trace.all_accesses), list(trace.all_transfers))
                             for trace in engine.traces])

        async def work():
            while True:
                await engine.buses[1].load_string(0x2000, 64, user=False)

        seen = []
        engine.run(look, work)
        return seen

    one, other = (looks(Engine(cpus=2, memory=PhysicalMemory(latency=3)))
                  for Engine in (PysimEngine, CxxrtlEngine))
    assert one == other
    last = [(accesses[-1], transfers[-1]) for _, (_, accesses, transfers) in other if transfers]
    assert any(access.completed < 0 and transfer.acked < 0 for access, transfer in last)


def numbers(*bytes_):
    """Records of rows of a byte each: numbers, and a note that they were made."""
    made = []

    def make(rows):
        made.append(len(rows))
        return list(rows)

    records = LazyRecords(1, make)
    for data in bytes_:
        records.extend(data, again=0)
    return records, made


def test_records_are_made_when_they_are_looked_at_and_once():
    records, made = numbers(bytes(200), bytes(range(1, 201)))
    assert len(records) == 400 and made == []
    assert records[399] == records[-1] == 200 and made == [1, 1]
    assert records[BLOCK:BLOCK + 2] == [57, 58] and made == [1, 1, 400 - BLOCK]
    assert list(records) == list(records) == [0] * 200 + list(range(1, 201))
    assert made == [1, 1, 400 - BLOCK, BLOCK]
    assert records[300] == 101 and len(made) == 4


@pytest.mark.parametrize("part", [
    slice(None), slice(1, 2), slice(BLOCK - 1, BLOCK + 1), slice(-3, None), slice(5, 1),
    slice(None, None, -7), slice(3, 900), slice(700, 800),
], ids=str)
def test_a_part_is_that_of_a_list(part):
    content    = bytes(number % 251 for number in range(3 * BLOCK))
    records, _ = numbers(content)
    assert records[part] == list(content)[part]


@pytest.mark.parametrize("index", [3, -4])
def test_beyond_the_ends_there_is_nothing(index):
    records, _ = numbers(b"abc")
    with pytest.raises(IndexError):
        records[index]


@pytest.mark.parametrize("before", [3, BLOCK - 1, BLOCK, BLOCK + 1])
@pytest.mark.parametrize("again", [0, 1, 3])
def test_what_is_there_again_replaces_what_was_seen_of_it(before, again):
    records, _ = numbers(bytes(before))
    assert list(records) == [0] * before
    records.extend(b"\1\2\3\4", again=again)
    assert list(records) == [0] * (before - again) + [1, 2, 3, 4]
    assert [records[place] for place in range(-4, 0)] == [1, 2, 3, 4]


@pytest.mark.parametrize("collecting", [True, False])
def test_the_garbage_collector_goes_on_as_before(collecting):
    def make(rows):
        states.append(gc.isenabled())
        if rows == b"?":
            raise ValueError
        return list(rows)

    states, records = [], LazyRecords(1, make)
    records.extend(b"abc", again=0)
    try:
        if not collecting:
            gc.disable()
        assert list(records) == [*b"abc"] and gc.isenabled() == collecting
        records.extend(b"?", again=3)
        with pytest.raises(ValueError):
            list(records)
        assert gc.isenabled() == collecting
    finally:
        gc.enable()
    assert states == [False, False]
