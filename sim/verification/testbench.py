"""The testbench of a unit: drivers and monitors on its ports, checkers, and memory."""

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from hw.config import MmuConfig
from sim.coverage.bins import Coverage
from sim.golden.state import Features
from sim.memory import PhysicalMemory
from sim.paging.walk import features_of

from .collector import CoverageCollector
from .coverpoints import coverpoints
from .drivers import Pace, StreamSink, StreamSource, WishboneTarget
from .monitors import (
    RuleChecker, RuleMonitor, StreamMonitor, WishboneMonitor, WishboneTransfer,
)
from .payloads import EVENTS
from .ports import ClockingBlock, SignalPort, StreamCycle, StreamPort, WishbonePort
from .rules import MmuChecker, MmuCycle, StreamChecker, WishboneChecker


__all__ = ["Hang", "MmuTestbench", "RuleViolation"]


#: Cycles without any transfer on any port, while a response is outstanding, after which a unit
#: hangs.
PATIENCE = 600

STREAMS = ("access_request", "access_response", "control_request", "control_response")


class RuleViolation(AssertionError):
    """A cycle broke a rule of a port."""


class Hang(AssertionError):
    """A response is outstanding, and nothing happens any more."""


class MmuTestbench:
    """Everything around a unit with the ports of :class:`hw.mmu.Mmu`.

    Parameters
    ----------
    dut : handle
        The unit as Verilog.
    config : :class:`MmuConfig`
        Configuration of the unit.
    collector : :class:`CoverageCollector` or None
        Collector of coverage; None makes one.
    target : class
        Class of the memory.
    clock : :class:`ClockingBlock` or None
        Clock of the unit; None makes one of the design's.

    Attributes
    ----------
    access, control : :class:`StreamSource`
        Drivers of the requests.
    access_responses, control_responses : :class:`StreamMonitor`
        Monitors that publish the responses.
    bus : :class:`WishboneMonitor`
        Monitor that publishes the transfers of memory.
    target : :class:`WishboneTarget`
        Memory.
    strobes : :class:`Counter`
        Cycles since the reset with each of the unit's strobes of one bit.
    """

    def __init__(self, dut: Any, config: MmuConfig, collector: CoverageCollector | None = None,
                 target: Callable[..., WishboneTarget] = WishboneTarget,
                 clock: ClockingBlock | None = None):
        self._reset    = dut.rst
        self.config    = config
        self.collector = collector or CoverageCollector(Coverage.of(coverpoints(config)))
        self.clock     = clock or _running(dut.clk)
        self.strobes: Counter[str] = Counter()
        self._begun    = time.monotonic()
        request, response, operation, result = self._streams = [
            StreamPort(dut, name) for name in STREAMS]
        self._memory = WishbonePort(dut, "memory", dut.rst)
        self._events = SignalPort(dut.events)

        rng, always  = Random(0), Pace(Random(0))
        self.access  = StreamSource(request, always, rng)
        self.control = StreamSource(operation, always, rng)
        self._sinks  = [StreamSink(response, always), StreamSink(result, always)]
        self.target  = target(self._memory, PhysicalMemory(), latency=lambda: 1, accept=always,
                              noise=rng)
        self._monitors = [StreamMonitor(port) for port in self._streams]
        self.access_responses  = self._monitors[1]
        self.control_responses = self._monitors[3]
        self.bus = WishboneMonitor(self._memory, self.clock)
        self._restart()

        self.clock.add(
            ports=(*self._streams, self._memory, self._events),
            agents=(*self._monitors, self.bus, self, self.access, self.control, *self._sinks,
                    self.target))

    # Phases

    async def reset(self, rng: Random) -> None:
        """Reset the unit; draw new paces, and empty the memory.

        All that is drawn for each cycle is drawn apart, so that ``rng`` gives the same stimulus
        whatever the unit's timing.
        """
        self._set_paces(Random(rng.getrandbits(64)))
        self._rule_monitors: list[RuleMonitor] = []
        self._reset.value = 1
        await self.clock.tick()
        await self.clock.tick()
        self._restart()
        await self.clock.tick()
        self._reset.value = 0
        await self.clock.tick()

    def _set_paces(self, rng: Random) -> None:
        paces   = ((1, 0), (1, 0), (8, 1), (4, 4), (2, 8))
        longest = rng.choice((1, 1, 2, 3, 8))
        self.access.clear()
        self.control.clear()
        drivers: list[StreamSource | StreamSink] = [self.access, self.control, *self._sinks]
        for driver in drivers:
            driver.pace = Pace(rng, *rng.choice(paces))
        for sink in self._sinks:
            sink.waits_for_valid = rng.random() < 0.3
        self.target.memory  = PhysicalMemory()
        self.target.latency = lambda: rng.randint(1, longest)
        self.target.accept  = Pace(rng, *rng.choice(paces))

    def _restart(self) -> None:
        """Forget all that happened before the reset."""
        self.access_responses.transferred  = []
        self.control_responses.transferred = []
        self.target.accepted  = None
        self.bus.accepted     = []
        self.bus.acknowledged = [self._note]
        self.strobes.clear()
        self._quiet   = 0
        self._checker = MmuChecker()
        self._violations: list[str] = []
        self._rule_monitors = [
            *(self._rule_monitor(name, StreamChecker(), partial(_cycle_of, port))
              for name, port in zip(STREAMS, self._streams, strict=True)),
            self._rule_monitor("memory", WishboneChecker(most=self.config.outstanding),
                               lambda: self._memory.now),
            self._rule_monitor("unit", self._checker, self._cycle),
        ]

    def _rule_monitor(self, name: str, checker: RuleChecker, now: Callable[[], Any]) -> RuleMonitor:
        return RuleMonitor(name, checker, now, self.clock, self._violations)

    def _cycle(self) -> MmuCycle:
        request, response, operation, result = self._streams
        return MmuCycle(request.now, response.now, operation.now, result.now, self._memory.now)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let cycles pass until ``condition()``.

        Raises :class:`RuleViolation` and :class:`Hang`.
        """
        await self.clock.until(lambda: condition() or self._failed())
        if self._violations:
            raise RuleViolation("; ".join(self._violations[:3]))
        if self._quiet > PATIENCE:
            raise Hang(f"nothing happens any more from cycle {self.clock.cycle - PATIENCE} on")

    async def drain(self) -> None:
        """Let cycles pass until nothing is requested and nothing is outstanding."""
        await self.until(lambda: self.access.idle and self.control.idle
                         and not self._checker.outstanding)
        self._count_waits()

    def _failed(self) -> bool:
        return bool(self._violations) or self._quiet > PATIENCE

    # Every cycle

    def step(self) -> None:
        """Check the rules, and count."""
        for monitor in self._rule_monitors:
            monitor.step()
        strobes = self._events.now
        if strobes:
            self.collector.events(strobes)
            for name, (offset, width) in EVENTS.items():
                self.strobes[name] += width == 1 and strobes >> offset & 1
        moves = strobes or self._memory.now.accepts or self._memory.now.acknowledges or any(
            port.now.transfers for port in self._streams)
        waits = self._checker.outstanding or not self.access.idle or not self.control.idle
        self._quiet = 0 if moves or not waits else self._quiet + 1

    def _note(self, transfer: WishboneTransfer) -> None:
        self.collector.transfer(transfer, len(self.bus.outstanding) + 1)

    def _count_waits(self) -> None:
        """Hand over the cycles for which payloads were offered in vain."""
        for name, monitor in zip(STREAMS, self._monitors, strict=True):
            self.collector.waits(name.replace("_", " "), monitor.waits)
            monitor.waits.clear()

    @property
    def features(self) -> Features:
        """Features of a golden model that can do the same."""
        return features_of(self.config)

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._begun


def _running(clock: Any) -> ClockingBlock:
    """Start the clock of a design under cocotb."""
    from cocotb.clock import Clock

    Clock(clock, 10, unit="ns").start()
    return ClockingBlock(clock)


def _cycle_of(port: StreamPort) -> StreamCycle:
    return port.now
