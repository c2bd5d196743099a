"""The drivers by themselves, on signals without a simulator."""

from random import Random
from types import SimpleNamespace

from sim.memory import PhysicalMemory
from sim.verification.drivers import Pace, StreamSink, StreamSource, WishboneTarget
from sim.verification.monitors import WishboneMonitor
from sim.verification.ports import StreamCycle, WishboneCycle
from sim.verification.rules import StreamChecker, WishboneChecker


class Wire:
    """A signal."""

    def __init__(self, width=1):
        self.value = 0
        self.width = width

    def __len__(self):
        return self.width


def stream():
    """A stream with nothing behind it."""
    return SimpleNamespace(valid=Wire(), ready=Wire(), payload=Wire(8), now=StreamCycle())


def bus():
    """A bus with nothing in front of it."""
    return SimpleNamespace(ack=Wire(), stall=Wire(), dat_r=Wire(64), now=WishboneCycle())


def test_a_pace_goes_and_pauses_for_as_long_as_it_was_told_on_average():
    pace = Pace(Random(1), going=3, pausing=5)
    runs = [pace() for _ in range(10_000)]
    assert 0.35 < sum(runs) / len(runs) < 0.40
    assert all(Pace(Random(1), going=1)() for _ in range(100))


def test_a_source_offers_each_payload_until_it_is_taken():
    port, chance = stream(), Random(2)
    source, checker, taken = StreamSource(port, Pace(chance, 2, 2), chance), StreamChecker(), []
    for payload in range(20):
        source.send(payload)
    while not source.idle:
        port.now = StreamCycle(int(port.valid.value), int(chance.random() < 0.4),
                               port.payload.value)
        assert list(checker.step(port.now)) == []
        if port.now.transfers:
            taken.append(port.now.payload)
        source.step()
    assert taken == list(range(20))


def test_a_coy_sink_is_ready_only_after_an_offer():
    port = stream()
    sink = StreamSink(port, Pace(Random(3)), coy=True)
    seen = []
    for valid in (0, 0, 1, 1, 0):
        port.now = StreamCycle(valid, port.ready.value, 0 if valid else None)
        seen.append(port.ready.value)
        sink.step()
    assert seen == [0, 0, 0, 1, 0]


def serve(target, port, requests, cycles=60):
    """Ask for ``requests`` of (write, word, lanes, data) back to back; return the transfers."""
    checker, found, todo = WishboneChecker(), [], list(requests)
    monitor = WishboneMonitor(port, SimpleNamespace(cycle=0))
    monitor.answered.append(found.append)
    for _ in range(cycles):
        cycle = WishboneCycle(int(bool(todo or monitor.waiting)), int(bool(todo)), 0,
                              int(port.stall.value), int(port.ack.value),
                              *(todo[0] if todo else (None,) * 4), port.dat_r.value, 0)
        port.now = cycle
        assert list(checker.step(cycle)) == []
        if cycle.asks:
            todo.pop(0)
        monitor.step()
        target.step()
    return found


def test_a_target_does_what_the_lanes_say_and_answers_in_order():
    memory, port, latencies = PhysicalMemory(), bus(), iter((9, 1, 4, 1, 1))
    memory.write(8, 8, 0x1111_2222_3333_4444)
    target = WishboneTarget(port, memory, latency=lambda: next(latencies),
                            accept=Pace(Random(4), 1, 1), noise=Random(4))
    found = serve(target, port, [
        (0, 1, 0xff, 0), (1, 1, 0x0f, 0xaaaa_bbbb_cccc_dddd), (0, 1, 0xff, 0), (0, 2, 0xff, 0)])
    assert [transfer.data for transfer in found if not transfer.write] == [
        0x1111_2222_3333_4444, 0x1111_2222_cccc_dddd, 0]
    assert [transfer.write for transfer in found] == [False, True, False, False]


def test_a_target_that_never_accepts_is_never_asked():
    port = bus()
    target = WishboneTarget(port, PhysicalMemory(), latency=lambda: 1, accept=lambda: False,
                            noise=Random(5))
    target.step()
    assert serve(target, port, [(0, 1, 0xff, 0)]) == []


def test_a_reset_forgets_the_answers_that_were_due():
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
