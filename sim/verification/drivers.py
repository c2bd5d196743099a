"""Drivers of a design's ports: stream sources and sinks, and a Wishbone target.

Each goes on or pauses as its :class:`Pace` says, and puts noise on signals that nothing qualifies.
They know nothing of memory management: give them ports, and add both to a
:class:`.ports.ClockingBlock`.

Why not ``cocotbext-wishbone`` (2.0.1): see docs/cocotb.md.
"""

from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from sim.memory import PhysicalMemory

from .ports import StreamPort, WishboneCycle, WishbonePort


__all__ = ["DrivenSignal", "Pace", "StreamSink", "StreamSource", "WishboneTarget"]


class Pace:
    """Random runs of active and of idle cycles.

    Parameters
    ----------
    rng : :class:`Random`
        Source of the lengths.
    active, idle : :class:`int`
        Cycles of such a run on average. Without an ``idle`` every cycle is active.
    """

    def __init__(self, rng: Random, active: int = 1, idle: int = 0):
        self._rng    = rng
        self._length = {True: active, False: idle}
        self._active = True

    def __call__(self) -> bool:
        """Return True if the next cycle is active."""
        other = not self._active
        if self._length[False] and self._rng.random() * self._length[self._active] < 1:
            self._active = other
        return self._active


class DrivenSignal:
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
    """Offers payloads in order, each until it is accepted.

    Parameters
    ----------
    port : :class:`StreamPort`
        The stream.
    pace : callable
        Returns True if the next payload may be offered.
    noise : :class:`Random`
        Source of the payload's value while none is offered.
    """

    def __init__(self, port: StreamPort, pace: Callable[[], bool], noise: Random):
        self.pace     = pace
        self._port    = port
        self._noise   = noise
        self._queue:  deque[int] = deque()
        self._offers  = False
        self._valid   = DrivenSignal(port.valid)
        self._payload = DrivenSignal(port.payload)
        self._width   = len(port.payload)

    def send(self, payload: int) -> None:
        """Offer ``payload`` after those that were given before."""
        self._queue.append(payload)

    def clear(self) -> None:
        """Take back all that was not accepted: the design is being reset."""
        self._queue.clear()
        self._offers = False

    @property
    def idle(self) -> bool:
        """True if every payload was accepted."""
        return not self._queue

    @property
    def offering(self) -> bool:
        """True if a payload is on the signals, or will be in the next cycle."""
        return self._offers

    def step(self) -> None:
        """Drop the payload that was accepted, and offer the next one."""
        if self._offers and self._port.now.ready == 1:
            self._queue.popleft()
            self._offers = False
            self._payload.drive(self._noise.getrandbits(self._width))
        if not self._offers and self._queue and self.pace():
            self._offers = True
            self._payload.drive(self._queue[0])
        self._valid.drive(self._offers)


class StreamSink:
    """Accepts payloads.

    Parameters
    ----------
    port : :class:`StreamPort`
        The stream.
    pace : callable
        Returns True if the sink may be ready.
    waits_for_valid : :class:`bool`
        Be ready only in a cycle after one with a payload: a source must not wait for ``ready``.
    """

    def __init__(self, port: StreamPort, pace: Callable[[], bool], *,
                 waits_for_valid: bool = False):
        self.pace            = pace
        self.waits_for_valid = waits_for_valid
        self._port  = port
        self._ready = DrivenSignal(port.ready)

    def step(self) -> None:
        """Be ready or not."""
        now     = self._port.now
        waiting = now.valid == 1 and not now.transfers
        self._ready.drive(self.pace() and (waiting or not self.waits_for_valid))


class WishboneTarget:
    """Memory on a Wishbone B4 bus in pipelined mode: byte lanes, stalls, responses in order.

    Parameters
    ----------
    port : :class:`WishbonePort`
        The bus.
    memory : :class:`sim.memory.PhysicalMemory`
        Memory behind it. A transfer takes effect when it is accepted; one that it does not answer
        ends in ``err``.
    latency : callable
        Returns the cycles from a transfer to its acknowledgement, 1 or more. They stay in order.
    accept : callable
        Returns True if transfers may be accepted.
    noise : :class:`Random`
        Source of ``dat_r`` while nothing is acknowledged.

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
        # Cycle and data of each response to come; without data it is an error.
        self._outstanding: deque[tuple[int, int | None]] = deque()
        self._ack     = DrivenSignal(port.ack)
        self._err     = DrivenSignal(port.err)
        self._stall   = DrivenSignal(port.stall)
        self._dat_r   = DrivenSignal(port.dat_r)

    def step(self) -> None:
        """Execute the transfer of this cycle, and respond to one in the next if it is time."""
        now, outstanding = self._port.now, self._outstanding
        if not now.cyc or now.rst:
            outstanding.clear()
        elif now.accepts:
            self._transfer(now)
        self._cycle += 1
        responds = bool(outstanding) and outstanding[0][0] <= self._cycle
        word     = outstanding.popleft()[1] if responds else None
        self._ack.drive(word is not None)
        self._err.drive(responds and word is None)
        if word is not None:
            self._dat_r.drive(word)
        elif now.ack:
            self._dat_r.drive(self._noise.getrandbits(64))
        self._stall.drive(not self.accept())

    def _transfer(self, now: WishboneCycle) -> None:
        if now.we is None or now.adr is None or now.sel is None or now.dat_w is None:
            return  # a transfer that nobody knows: the rule "known" reports it
        word     = self.memory.transfer(now.adr, now.we, now.sel, now.dat_w) \
            if self.memory.answers(now.adr, now.we) else None
        earliest = self._outstanding[-1][0] + 1 if self._outstanding else 0
        self._outstanding.append((max(self._cycle + self.latency(), earliest), word))
        if self.accepted is not None:
            self.accepted(now)
