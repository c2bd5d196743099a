"""The unit with drivers on its ports, monitors beside them, and memory behind it."""

import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from cocotb.clock import Clock

from hw.config import MmuConfig
from sim.memory import PhysicalMemory

from .collector import Observer
from .drivers import Pace, StreamSink, StreamSource, WishboneTarget
from .monitors import Checker, StreamMonitor, Transfer, Watch, WishboneMonitor
from .payloads import EVENTS
from .ports import Clockwork, StreamPort, WishbonePort, Wire
from .rules import Exchange, ExchangeChecker, StreamChecker, WishboneChecker


__all__ = ["Bench", "Broken", "Stuck"]


#: Cycles without any transfer on any port, while an answer is owed, after which a unit is stuck.
PATIENCE = 600

STREAMS = ("access__request", "access__response", "control__request", "control__response")


class Broken(AssertionError):
    """A rule of a bus was broken."""


class Stuck(AssertionError):
    """The unit owes an answer, and nothing happens any more."""


class Bench:
    """Everything around the unit.

    Parameters
    ----------
    dut : handle
        The unit as Verilog.
    config : :class:`MmuConfig`
        What it can do.
    observer : :class:`Observer`
        Where coverage is counted.
    target : class
        What stands for memory.

    Attributes
    ----------
    access, control : :class:`StreamSource`
        Where requests are given.
    answers, controlled : :class:`StreamMonitor`
        Where responses are published.
    bus : :class:`WishboneMonitor`
        Where transfers are published.
    target : :class:`WishboneTarget`
        Memory.
    strobes : :class:`Counter`
        How often each strobe of one bit was seen since the reset.
    """

    def __init__(self, dut: Any, config: MmuConfig, observer: Observer,
                 target: type[WishboneTarget] = WishboneTarget):
        self._reset    = dut.rst
        self._observer = observer
        self.config    = config
        self.clockwork = Clockwork(dut.clk)
        self.strobes: Counter[str] = Counter()
        self._begun    = time.monotonic()
        request, response, operation, result = self._streams = [
            StreamPort(dut, name) for name in STREAMS]
        self._memory = WishbonePort(dut, "memory", dut.rst)
        self._events = Wire(dut.events)

        chance, always = Random(0), Pace(Random(0))
        self.access  = StreamSource(request, always, chance)
        self.control = StreamSource(operation, always, chance)
        self._sinks  = [StreamSink(response, always), StreamSink(result, always)]
        self.target  = target(self._memory, PhysicalMemory(), latency=lambda: 1, accept=always,
                              noise=chance)
        self._monitors  = [StreamMonitor(port) for port in self._streams]
        self.answers    = self._monitors[1]
        self.controlled = self._monitors[3]
        self.bus        = WishboneMonitor(self._memory, self.clockwork)
        self._restart()

        self.clockwork.add(
            ports=(*self._streams, self._memory, self._events),
            parts=(*self._monitors, self.bus, self, self.access, self.control, *self._sinks,
                   self.target))
        Clock(dut.clk, 10, unit="ns").start()

    # Scenes

    async def begin(self, chance: Random) -> None:
        """Reset the unit, with other paces and an empty memory.

        What is drawn for each cycle is drawn apart, so that ``chance`` gives the same scene
        whatever the unit's timing.
        """
        self._set_paces(Random(chance.getrandbits(64)))
        self._watches: list[Watch] = []
        self._reset.value = 1
        await self.clockwork.tick()
        await self.clockwork.tick()
        self._restart()
        await self.clockwork.tick()
        self._reset.value = 0
        await self.clockwork.tick()

    def _set_paces(self, chance: Random) -> None:
        paces   = ((1, 0), (1, 0), (8, 1), (4, 4), (2, 8))
        longest = chance.choice((1, 1, 2, 3, 8))
        self.access.clear()
        self.control.clear()
        drivers: list[StreamSource | StreamSink] = [self.access, self.control, *self._sinks]
        for driver in drivers:
            driver.pace = Pace(chance, *chance.choice(paces))
        for sink in self._sinks:
            sink.coy = chance.random() < 0.3
        self.target.memory  = PhysicalMemory()
        self.target.latency = lambda: chance.randint(1, longest)
        self.target.accept  = Pace(chance, *chance.choice(paces))

    def _restart(self) -> None:
        """Forget what was seen before the reset."""
        self.answers.transferred    = []
        self.controlled.transferred = []
        self.target.accepted        = None
        self.bus.asked, self.bus.answered = [], [self._note]
        self.strobes.clear()
        self._quiet    = 0
        self._broken: list[str] = []
        self._exchange = ExchangeChecker()
        self._watches  = [
            *(self._watch(name, StreamChecker(), lambda port=port: port.now)  # type: ignore[misc]
              for name, port in zip(STREAMS, self._streams, strict=True)),
            self._watch("memory", WishboneChecker(most=self.config.outstanding),
                        lambda: self._memory.now),
            self._watch("unit", self._exchange,
                        lambda: Exchange(*(port.now for port in self._streams), self._memory.now)),
        ]

    def _watch(self, name: str, checker: Checker, now: Callable[[], Any]) -> Watch:
        return Watch(name, checker, now, self.clockwork, self._broken)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let cycles pass until ``condition()``. Raises :class:`Broken` and :class:`Stuck`."""
        await self.clockwork.until(lambda: condition() or self._failed())
        self._raise()

    async def rest(self) -> None:
        """Let cycles pass until nothing is asked for and nothing is owed."""
        await self.until(lambda: self.access.idle and self.control.idle and not self._exchange.owed)
        self._hand_over_waits()

    def _failed(self) -> bool:
        return bool(self._broken) or self._quiet > PATIENCE

    def _raise(self) -> None:
        if self._broken:
            raise Broken("; ".join(self._broken[:3]))
        if self._quiet > PATIENCE:
            raise Stuck(f"nothing happens any more from cycle {self.clockwork.cycle - PATIENCE} on")

    # Every cycle

    def step(self) -> None:
        """Check the rules, and count."""
        for watch in self._watches:
            watch.step()
        strobes = self._events.now
        if strobes:
            self._observer.events(strobes)
            for name, (offset, width) in EVENTS.items():
                self.strobes[name] += width == 1 and strobes >> offset & 1
        moves = strobes or self._memory.now.asks or self._memory.now.answers or any(
            port.now.transfers for port in self._streams)
        owes = self._exchange.owed or not self.access.idle or not self.control.idle
        self._quiet = 0 if moves or not owes else self._quiet + 1

    def _note(self, transfer: Transfer) -> None:
        self._observer.transfer(transfer, len(self.bus.waiting) + 1)

    def _hand_over_waits(self) -> None:
        """Count how long payloads were offered in vain."""
        for name, monitor in zip(STREAMS, self._monitors, strict=True):
            self._observer.waits(name.replace("__", " "), monitor.waits)
            monitor.waits.clear()

    @property
    def seconds(self) -> float:
        """How long it has been there."""
        return time.monotonic() - self._begun
