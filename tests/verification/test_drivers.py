"""The drivers by themselves, on signals without a simulator."""

from random import Random
from types import SimpleNamespace

from sim.memory import PhysicalMemory
from sim.verification.drivers import Pace, StreamSink, StreamSource, WishboneTarget
from sim.verification.monitors import WishboneMonitor
from sim.verification.ports import StreamCycle, WishboneCycle
from sim.verification.rules import StreamChecker, WishboneChecker


class Signal:
    """A signal without a simulator."""

    def __init__(self, width=1):
        self.value = 0
        self.width = width

    def __len__(self):
        return self.width


def stream():
    """A stream with nothing behind it."""
    return SimpleNamespace(valid=Signal(), ready=Signal(), payload=Signal(8), now=StreamCycle())


def bus():
    """A bus with nothing in front of it."""
    return SimpleNamespace(ack=Signal(), err=Signal(), stall=Signal(), dat_r=Signal(64),
                           now=WishboneCycle())


def test_the_runs_of_a_pace_are_as_long_on_average_as_requested():
    pace = Pace(Random(1), active=3, idle=5)
    runs = [pace() for _ in range(10_000)]
    assert 0.35 < sum(runs) / len(runs) < 0.40
    assert all(Pace(Random(1), active=1)() for _ in range(100))


def test_a_source_offers_each_payload_until_it_is_accepted():
    port, rng = stream(), Random(2)
    source, checker, accepted = StreamSource(port, Pace(rng, 2, 2), rng), StreamChecker(), []
    for payload in range(20):
        source.send(payload)
    while not source.idle:
        port.now = StreamCycle(int(port.valid.value), int(rng.random() < 0.4),
                               port.payload.value)
        assert list(checker.step(port.now)) == []
        if port.now.transfers:
            accepted.append(port.now.payload)
        source.step()
    assert accepted == list(range(20))


def test_a_sink_that_waits_for_valid_is_ready_only_after_an_offer():
    port = stream()
    sink = StreamSink(port, Pace(Random(3)), waits_for_valid=True)
    seen = []
    for valid in (0, 0, 1, 1, 0):
        port.now = StreamCycle(valid, port.ready.value, 0 if valid else None)
        seen.append(port.ready.value)
        sink.step()
    assert seen == [0, 0, 0, 1, 0]


def serve(target, port, requests, cycles=60):
    """Request (write, word, lanes, data) back to back; return the transfers."""
    checker, transfers, todo = WishboneChecker(), [], list(requests)
    monitor = WishboneMonitor(port, SimpleNamespace(cycle=0))
    monitor.acknowledged.append(transfers.append)
    for _ in range(cycles):
        cycle = WishboneCycle(int(bool(todo or monitor.outstanding)), int(bool(todo)), 0,
                              int(port.stall.value), int(port.ack.value), int(port.err.value),
                              *(todo[0] if todo else (None,) * 4), port.dat_r.value, 0)
        port.now = cycle
        assert list(checker.step(cycle)) == []
        if cycle.accepts:
            todo.pop(0)
        monitor.step()
        target.step()
    return transfers


def test_a_target_respects_the_lanes_and_acknowledges_in_order():
    memory, port, latencies = PhysicalMemory(), bus(), iter((9, 1, 4, 1, 1))
    memory.write(8, 8, 0x1111_2222_3333_4444)
    target = WishboneTarget(port, memory, latency=lambda: next(latencies),
                            accept=Pace(Random(4), 1, 1), noise=Random(4))
    transfers = serve(target, port, [
        (0, 1, 0xff, 0), (1, 1, 0x0f, 0xaaaa_bbbb_cccc_dddd), (0, 1, 0xff, 0), (0, 2, 0xff, 0)])
    assert [transfer.data for transfer in transfers if not transfer.write] == [
        0x1111_2222_3333_4444, 0x1111_2222_cccc_dddd, 0]
    assert [transfer.write for transfer in transfers] == [False, True, False, False]


def test_a_target_has_errors_where_memory_does_not_answer():
    port, latencies = bus(), iter((3, 1, 2))
    target = WishboneTarget(port, PhysicalMemory(size=16), latency=lambda: next(latencies),
                            accept=lambda: True, noise=Random(7))
    transfers = serve(target, port, [(1, 0, 0xff, 5), (1, 2, 0xff, 5), (0, 1, 0xff, 0)])
    assert [(transfer.word, transfer.failed) for transfer in transfers] == [
        (0, False), (2, True), (1, False)]


def test_a_target_that_never_accepts_gets_no_transfer():
    port = bus()
    target = WishboneTarget(port, PhysicalMemory(), latency=lambda: 1, accept=lambda: False,
                            noise=Random(5))
    target.step()
    assert serve(target, port, [(0, 1, 0xff, 0)]) == []


def test_a_reset_forgets_the_outstanding_transfers():
    port = bus()
    target = WishboneTarget(port, PhysicalMemory(), latency=lambda: 3, accept=lambda: True,
                            noise=Random(6))
    port.now = WishboneCycle(cyc=1, stb=1, we=0, adr=0, sel=1, dat_w=0)
    target.step()
    port.now = WishboneCycle(rst=1)
    target.step()
    port.now = WishboneCycle()
    for _ in range(5):
        target.step()
        assert port.ack.value == 0
