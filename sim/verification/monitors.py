"""What looks at a design's ports and drives nothing: it publishes what went over them."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from .ports import Clockwork, StreamPort, WishboneCycle, WishbonePort
from .rules import Rule
from .texts import cycle_text


__all__ = ["Checker", "StreamMonitor", "Transfer", "Watch", "WishboneMonitor", "length"]


def length(cycles: int) -> str:
    """How long something took, roughly."""
    return "0" if not cycles else "1" if cycles == 1 else "2-3" if cycles < 4 else "4+"


class StreamMonitor:
    """Publishes the payloads of a stream.

    Attributes
    ----------
    transferred : list of callables
        Called with each payload, in the cycle in which it goes over.
    count : :class:`int`
        Payloads so far.
    waits : :class:`Counter`
        For how many cycles payloads were offered in vain, by :func:`length`.
    """

    def __init__(self, port: StreamPort):
        self.transferred: list[Callable[[int], None]] = []
        self.count = 0
        self.waits: Counter[str] = Counter()
        self._port = port
        self._wait = 0

    def step(self) -> None:
        """Look at the present cycle."""
        now = self._port.now
        if now.transfers:
            self.count += 1
            self.waits[length(self._wait)] += 1
            self._wait = 0
            for listener in self.transferred:
                listener(now.payload or 0)
        else:
            self._wait = self._wait + 1 if now.valid else 0


@dataclass(slots=True)
class Transfer:
    """One transfer on a Wishbone bus.

    Attributes
    ----------
    word, sel, data : :class:`int`
        Word address, byte lanes, and what was written or read.
    write, lock : :class:`bool`
        Its direction, and whether the bus cycle was locked.
    asked, answered : :class:`int`
        Cycles in which it was accepted, and answered.
    stalled : :class:`int`
        For how many cycles the target stalled it.
    """

    word:     int
    sel:      int
    data:     int
    write:    bool
    lock:     bool
    asked:    int
    stalled:  int
    answered: int = 0


class WishboneMonitor:
    """Publishes the transfers on a Wishbone bus.

    Attributes
    ----------
    asked, answered : list of callables
        Called with each :class:`Transfer` that was accepted, and that was answered.
    waiting : :class:`deque`
        Transfers that are not answered yet.
    """

    def __init__(self, port: WishbonePort, clockwork: Clockwork):
        self.asked:    list[Callable[[Transfer], None]] = []
        self.answered: list[Callable[[Transfer], None]] = []
        self.waiting:  deque[Transfer] = deque()
        self._port      = port
        self._clockwork = clockwork
        self._stalled   = 0

    def step(self) -> None:
        """Look at the present cycle."""
        now = self._port.now
        if not now.cyc:
            self.waiting.clear()
        if now.answers and self.waiting:
            transfer = self.waiting.popleft()
            transfer.answered = self._clockwork.cycle
            if not transfer.write:
                transfer.data = now.dat_r or 0
            for listener in self.answered:
                listener(transfer)
        if now.asks:
            self._ask(now)
        else:
            self._stalled = self._stalled + 1 if now.cyc and now.stb else 0

    def _ask(self, now: WishboneCycle) -> None:
        transfer = Transfer(now.adr or 0, now.sel or 0, now.dat_w or 0, bool(now.we),
                            bool(now.lock), self._clockwork.cycle, self._stalled)
        self._stalled = 0
        self.waiting.append(transfer)
        for listener in self.asked:
            listener(transfer)


class Checker(Protocol):
    """What knows the rules, such as :class:`.rules.WishboneChecker`."""

    def step(self, now: Any) -> Iterator[Rule]:
        """Rules that the next cycle breaks."""


class Watch:
    """Has a checker look at every cycle.

    Parameters
    ----------
    name : :class:`str`
        What is watched.
    checker : :class:`Checker`
        What knows the rules.
    now : callable
        The cycle to look at.
    clockwork : :class:`Clockwork`
        What counts the cycles.
    broken : :class:`list`
        Gets a line for each cycle that breaks a rule.
    """

    def __init__(self, name: str, checker: Checker, now: Callable[[], Any], clockwork: Clockwork,
                 broken: list[str]):
        self.broken     = broken
        self._name      = name
        self._checker   = checker
        self._now       = now
        self._clockwork = clockwork

    def step(self) -> None:
        """Look at the present cycle."""
        now = self._now()
        for rule in self._checker.step(now):
            self.broken.append(f"cycle {self._clockwork.cycle}: {self._name} breaks "
                               f"{rule.name!r} ({rule.source}): {cycle_text(now)}")
