"""Monitors of a design's ports: they drive nothing, and publish what was transferred."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from .ports import ClockingBlock, StreamPort, WishboneCycle, WishbonePort
from .rules import Rule
from .texts import cycle_text


__all__ = ["RuleChecker", "RuleMonitor", "StreamMonitor", "WishboneMonitor", "WishboneTransfer",
           "duration_bin"]


def duration_bin(cycles: int) -> str:
    """Name of the coverage bin for something that took so many cycles."""
    return "0" if not cycles else "1" if cycles == 1 else "2-3" if cycles < 4 else "4+"


class StreamMonitor:
    """Publishes the payloads of a stream.

    Attributes
    ----------
    transferred : list of callables
        Called with each payload, in the cycle in which it is transferred.
    count : :class:`int`
        Payloads so far.
    waits : :class:`Counter`
        Payloads by the cycles for which they were offered in vain, by :func:`duration_bin`.
    """

    def __init__(self, port: StreamPort):
        self.transferred: list[Callable[[int], None]] = []
        self.count = 0
        self.waits: Counter[str] = Counter()
        self._port = port
        self._wait = 0

    def step(self) -> None:
        """Publish the payload of the present cycle."""
        now = self._port.now
        if now.transfers:
            self.count += 1
            self.waits[duration_bin(self._wait)] += 1
            self._wait = 0
            for listener in self.transferred:
                listener(now.payload or 0)
        else:
            self._wait = self._wait + 1 if now.valid else 0


@dataclass(slots=True)
class WishboneTransfer:
    """One transfer on a Wishbone bus.

    Attributes
    ----------
    word, sel, data : :class:`int`
        Word address, byte lanes, and the data that was written or read.
    write, lock : :class:`bool`
        Its direction, and the lock of its bus cycle.
    accepted, acked : :class:`int`
        Cycles in which it was accepted, and completed.
    stalled : :class:`int`
        Cycles for which the target stalled it.
    failed : :class:`bool`
        It has ended in an error.
    """

    word:     int
    sel:      int
    data:     int
    write:    bool
    lock:     bool
    accepted: int
    stalled:  int
    acked:    int  = 0
    failed:   bool = False


class WishboneMonitor:
    """Publishes the transfers on a Wishbone bus.

    Attributes
    ----------
    accepted, acknowledged : list of callables
        Called with each :class:`WishboneTransfer` that was accepted, and that has completed.
    outstanding : :class:`deque`
        Transfers that have not completed yet.
    """

    def __init__(self, port: WishbonePort, clock: ClockingBlock):
        self.accepted:     list[Callable[[WishboneTransfer], None]] = []
        self.acknowledged: list[Callable[[WishboneTransfer], None]] = []
        self.outstanding:  deque[WishboneTransfer] = deque()
        self._port    = port
        self._clock   = clock
        self._stalled = 0

    def step(self) -> None:
        """Publish the transfers of the present cycle."""
        now = self._port.now
        if not now.cyc:
            self.outstanding.clear()
        if now.acknowledges and self.outstanding:
            transfer = self.outstanding.popleft()
            transfer.acked  = self._clock.cycle
            transfer.failed = bool(now.err)
            if not transfer.write:
                transfer.data = 0 if transfer.failed else now.dat_r or 0
            for listener in self.acknowledged:
                listener(transfer)
        if now.accepts:
            self._accept(now)
        else:
            self._stalled = self._stalled + 1 if now.cyc and now.stb else 0

    def _accept(self, now: WishboneCycle) -> None:
        transfer = WishboneTransfer(now.adr or 0, now.sel or 0, now.dat_w or 0, bool(now.we),
                                    bool(now.lock), self._clock.cycle, self._stalled)
        self._stalled = 0
        self.outstanding.append(transfer)
        for listener in self.accepted:
            listener(transfer)


class RuleChecker(Protocol):
    """Checker of a set of rules, such as :class:`.rules.WishboneChecker`."""

    def step(self, now: Any) -> Iterator[Rule]:
        """Rules that the next cycle breaks."""


class RuleMonitor:
    """Runs a checker in every cycle, and keeps the violations.

    Parameters
    ----------
    name : :class:`str`
        Name of the port, for the messages.
    checker : :class:`RuleChecker`
        Checker of its rules.
    now : callable
        Returns the cycle to check.
    clock : :class:`ClockingBlock`
        Counter of the cycles.
    violations : :class:`list`
        Gets a line for each rule that a cycle breaks.
    """

    def __init__(self, name: str, checker: RuleChecker, now: Callable[[], Any],
                 clock: ClockingBlock, violations: list[str]):
        self.violations = violations
        self._name      = name
        self._checker   = checker
        self._now       = now
        self._clock     = clock

    def step(self) -> None:
        """Check the present cycle."""
        now = self._now()
        for rule in self._checker.step(now):
            self.violations.append(f"cycle {self._clock.cycle}: {self._name} breaks "
                                   f"{rule.name!r} ({rule.source}): {cycle_text(now)}")
