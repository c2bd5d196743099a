"""What drives a design's ports: stream sources and sinks, and a Wishbone target.

Each takes its time as a :class:`Pace` says, and puts noise on wires that nothing qualifies. They
know nothing of memory management: give them ports, add both to a :class:`.ports.Clockwork`.

Why not ``cocotbext-wishbone`` (2.0.1): see docs/cocotb.md.
"""

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from sim.memory import PhysicalMemory

from .ports import StreamPort, WishboneCycle, WishbonePort


__all__ = ["Driven", "Pace", "StreamSink", "StreamSource", "WishboneTarget"]


class Pace:
    """Whether to go on in this cycle: runs of yes and of no, of random length.

    Parameters
    ----------
    chance : :class:`Random`
        Where the lengths come from.
    going, pausing : :class:`int`
        Cycles of such a run on average. Without a ``pausing`` it always goes on.
    """

    def __init__(self, chance: Random, going: int = 1, pausing: int = 0):
        self._chance = chance
        self._length = {True: going, False: pausing}
        self._going  = True

    def __call__(self) -> bool:
        """Whether to go on in the next cycle."""
        other = not self._going
        if self._length[False] and self._chance.random() * self._length[self._going] < 1:
            self._going = other
        return self._going


class Driven:
    """A signal that is written only when it changes: writing takes longer than comparing."""

    def __init__(self, handle: Any, value: int = 0):
        self._handle = handle
        self._value  = value
        handle.value = value

    def drive(self, value: int) -> None:
        """Have the signal show ``value`` from the next cycle on."""
        if value != self._value:
            self._value = value
            self._handle.value = int(value)


class StreamSource:
    """Offers payloads in order, each until it is taken.

    Parameters
    ----------
    port : :class:`StreamPort`
        The stream.
    pace : callable
        Whether to offer the next payload yet.
    noise : :class:`Random`
        What the payload is while none is offered.
    """

    def __init__(self, port: StreamPort, pace: Callable[[], bool], noise: Random):
        self.pace     = pace
        self._port    = port
        self._noise   = noise
        self._queue:  deque[int] = deque()
        self._offers  = False
        self._valid   = Driven(port.valid)
        self._payload = Driven(port.payload)
        self._width   = len(port.payload)

    def send(self, payload: int) -> None:
        """Offer ``payload`` after those that were given before."""
        self._queue.append(payload)

    def clear(self) -> None:
        """Take back what was not taken: the design is being reset."""
        self._queue.clear()
        self._offers = False

    @property
    def idle(self) -> bool:
        """Whether everything was taken."""
        return not self._queue

    @property
    def offering(self) -> bool:
        """Whether a payload is on the wires, or will be in the next cycle."""
        return self._offers

    def step(self) -> None:
        """Note what was taken, and offer what is next."""
        if self._offers and self._port.now.ready == 1:
            self._queue.popleft()
            self._offers = False
            self._payload.drive(self._noise.getrandbits(self._width))
        if not self._offers and self._queue and self.pace():
            self._offers = True
            self._payload.drive(self._queue[0])
        self._valid.drive(self._offers)


class StreamSink:
    """Takes payloads.

    Parameters
    ----------
    port : :class:`StreamPort`
        The stream.
    pace : callable
        Whether to be ready.
    coy : :class:`bool`
        Be ready only in a cycle after one with a payload: a source must not wait for that.
    """

    def __init__(self, port: StreamPort, pace: Callable[[], bool], *, coy: bool = False):
        self.pace   = pace
        self.coy    = coy
        self._port  = port
        self._ready = Driven(port.ready)

    def step(self) -> None:
        """Be ready or not."""
        now     = self._port.now
        waiting = now.valid == 1 and not now.transfers
        self._ready.drive(self.pace() and (waiting or not self.coy))


class WishboneTarget:
    """Memory behind a Wishbone B4 bus in pipelined mode: byte lanes, stalls, answers in order.

    Parameters
    ----------
    port : :class:`WishbonePort`
        The bus.
    memory : :class:`sim.memory.PhysicalMemory`
        What it gives access to. A transfer takes place when it is accepted.
    latency : callable
        Cycles from a transfer to its answer, 1 or more. Answers stay in order.
    accept : callable
        Whether to accept transfers.
    noise : :class:`Random`
        What ``dat_r`` is while nothing is answered.

    Attributes
    ----------
    accepted : callable or None
        Called with each transfer that was accepted, a :class:`WishboneCycle`.
    """

    def __init__(self, port: WishbonePort, memory: PhysicalMemory, *, latency: Callable[[], int],
                 accept: Callable[[], bool], noise: Random):
        self.memory   = memory
        self.latency  = latency
        self.accept   = accept
        self.accepted: Callable[[WishboneCycle], None] | None = None
        self._port    = port
        self._noise   = noise
        self._cycle   = 0
        self._due:    deque[tuple[int, int]] = deque()  # cycle of the answer, data
        self._ack     = Driven(port.ack)
        self._stall   = Driven(port.stall)
        self._dat_r   = Driven(port.dat_r)

    def step(self) -> None:
        """Do what is asked in this cycle, and answer what is due in the next."""
        now, due = self._port.now, self._due
        if not now.cyc or now.rst:
            due.clear()
        elif now.asks:
            self._transfer(now)
        self._cycle += 1
        answers = bool(due) and due[0][0] <= self._cycle
        self._ack.drive(answers)
        if answers:
            self._dat_r.drive(due.popleft()[1])
        elif now.ack:
            self._dat_r.drive(self._noise.getrandbits(64))
        self._stall.drive(not self.accept())

    def _transfer(self, now: WishboneCycle) -> None:
        if None in (now.we, now.adr, now.sel, now.dat_w):
            return  # nobody knows what it asks for; that is against the rule "known"
        word     = self.memory.transfer(now.adr, now.we, now.sel, now.dat_w)  # type: ignore
        earliest = self._due[-1][0] + 1 if self._due else 0
        self._due.append((max(self._cycle + self.latency(), earliest), word))
        if self.accepted is not None:
            self.accepted(now)
