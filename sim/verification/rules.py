"""Rules of the buses and of the unit's ports, and checkers that tell which of them a cycle breaks.

A checker is a pure function of the cycles that it is given: it knows of no simulator, so that it
can be fed with any sequence of cycles. :class:`.monitors.RuleMonitor` feeds it with those of a
port.

Ref: Wishbone B4, chapters 2.2 and 3; the manual of Amaranth, "Data streams".
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .ports import StreamCycle, WishboneCycle


__all__ = ["MMU_RULES", "MOST_ANSWERS", "STREAM_RULES", "WISHBONE_RULES", "MmuChecker", "MmuCycle",
           "Rule", "StreamChecker", "WishboneChecker", "adjacent"]


class Rule(NamedTuple):
    """A rule: its name, its source, and a function of history and cycle, True if it is kept."""

    name:   str
    source: str
    kept:   Callable[[Any, Any], bool]


def _broken(rules: tuple[Rule, ...], history: Any, now: Any) -> list[Rule]:
    return [rule for rule in rules if not rule.kept(history, now)]


# Wishbone

#: Word address and byte lanes of a transfer.
_Lanes = tuple[int | None, int | None]


@dataclass
class _BusHistory:
    """State of a bus before the present cycle, as its rules need it.

    Attributes
    ----------
    last : :class:`WishboneCycle`
        The cycle before.
    outstanding : :class:`deque`
        Transfers without an acknowledgement, in order: True for a write.
    read : :class:`set`
        Word and byte lanes of all reads in this locked bus cycle.
    written : :class:`bool`
        This locked bus cycle has written.
    most : :class:`int`
        Transfers that may be outstanding.
    """

    last:        WishboneCycle = field(default_factory=WishboneCycle)
    outstanding: deque[bool]   = field(default_factory=deque)
    read:        set[_Lanes]   = field(default_factory=set)
    written:     bool          = False
    most:        int           = 1 << 30


_REQUEST = ("we", "adr", "sel", "dat_w", "lock")


def _known(history: _BusHistory, now: WishboneCycle) -> bool:
    signals = [now.cyc, now.stb, now.ack, now.err, now.stall]
    signals += [getattr(now, name) for name in _REQUEST] if now.cyc and now.stb else []
    if now.acknowledges and not now.err and history.outstanding and not history.outstanding[0]:
        signals.append(now.dat_r)
    return None not in signals


def _held(history: _BusHistory, now: WishboneCycle) -> bool:
    last = history.last
    stalled = last.cyc and last.stb and last.stall and not last.rst
    return not stalled or (bool(now.cyc and now.stb) and all(
        getattr(now, name) == getattr(last, name) for name in _REQUEST))


def _write_follows_read(history: _BusHistory, now: WishboneCycle) -> bool:
    if not (now.lock and now.accepts):
        return True
    if not now.we:
        return not history.written
    return (now.adr, now.sel) in history.read and all(history.outstanding)


def adjacent(sel: int) -> bool:
    """Tell whether the lanes of a transfer are next to each other."""
    # The lowest selected bit, added, carries through a run of ones and clears it; a lane beyond a
    # gap would stay.
    return (sel & -sel) + sel & sel == 0


#: A cycle is named by the edge at its end.
WISHBONE_RULES = (
    Rule("known", "RULE 3.60, RULE 3.65: only what is qualified may be undefined", _known),
    Rule("reset", "RULE 3.20: CYC_O and STB_O are negated at the edge after RST_I",
         lambda history, now: not history.last.rst or not (now.cyc or now.stb)),
    Rule("strobe in cycle", "RULE 3.25: CYC_O is asserted while STB_O is",
         lambda history, now: not now.stb or bool(now.cyc)),
    Rule("held while stalled", "3.1.3.2: while STALL_I is asserted the master waits", _held),
    Rule("cycle until acknowledged", "3.1.3.2: CYC_O ends after the last ACK_I",
         lambda history, now: bool(now.cyc) or not history.outstanding or bool(history.last.rst)),
    Rule("acknowledgement owed", "3.1.3.2: as many ACK_I as transactions",
         lambda history, now: not now.acknowledges or bool(history.outstanding)),
    Rule("one response", "RULE 3.45: no two of ACK_I and ERR_I",
         lambda history, now: not (now.ack and now.err)),
    Rule("lock in cycle", "2.2.3: LOCK_O is about the current bus cycle",
         lambda history, now: not now.lock or bool(now.cyc)),
    Rule("lock until acknowledged", "2.2.3, 3.4: nobody comes between the halves of an RMW cycle",
         lambda history, now: not history.last.lock or bool(now.lock) or not history.outstanding
         or bool(history.last.rst)),
    Rule("write follows read", "3.4: an RMW cycle reads, then writes what it has read",
         _write_follows_read),
    Rule("lanes", "2.2.3: SEL_O says where data is expected: in one lane or more",
         lambda history, now: not now.accepts or now.sel != 0),
    Rule("adjacent lanes", "hw.wishbone: a transfer is of bytes that follow each other",
         lambda history, now: not now.accepts or now.sel is None or adjacent(now.sel)),
    Rule("in flight", "hw.config: no more transfers are outstanding than the unit can keep",
         lambda history, now:
         len(history.outstanding) + now.accepts - now.acknowledges <= history.most),
)


class WishboneChecker:
    """Checker of :data:`WISHBONE_RULES` on one bus.

    Parameters
    ----------
    most : :class:`int`
        Transfers of this initiator that may be outstanding.
    """

    def __init__(self, most: int = 1 << 30):
        self._history = _BusHistory(most=most)

    def step(self, now: WishboneCycle) -> Iterator[Rule]:
        """Rules that the next cycle breaks."""
        history = self._history
        broken  = _broken(WISHBONE_RULES, history, now)
        if not now.cyc or now.rst:
            history.outstanding.clear()
        if now.acknowledges and history.outstanding:
            history.outstanding.popleft()
        if not now.lock or now.rst:
            history.read.clear()
            history.written = False
        if now.accepts:
            history.outstanding.append(bool(now.we))
            if now.lock and now.we:
                history.written = True
            elif now.lock:
                history.read.add((now.adr, now.sel))
        history.last = now
        return iter(broken)


# Streams

def _payload_held(last: StreamCycle, now: StreamCycle) -> bool:
    waits = last.valid and not last.transfers
    return not waits or not now.valid or now.payload == last.payload


#: The history of a stream is the cycle before.
STREAM_RULES = (
    Rule("known", "signals are 0 or 1, and so is a payload that is valid",
         lambda last, now: None not in (now.valid, now.ready)
         and (not now.valid or now.payload is not None)),
    Rule("offer held", "Data streams: valid stays asserted until the transfer",
         lambda last, now: not last.valid or last.transfers or now.valid == 1),
    Rule("payload held", "Data streams: the payload of an offer does not change", _payload_held),
)


class StreamChecker:
    """Checker of :data:`STREAM_RULES` on one stream."""

    def __init__(self) -> None:
        self._last = StreamCycle()

    def step(self, now: StreamCycle) -> Iterator[Rule]:
        """Rules that the next cycle breaks."""
        broken = _broken(STREAM_RULES, self._last, now)
        self._last = now
        return iter(broken)


# The unit

class MmuCycle(NamedTuple):
    """One cycle of all ports of a unit: accesses, control operations, and memory."""

    access_request:   StreamCycle
    access_response:  StreamCycle
    control_request:  StreamCycle
    control_response: StreamCycle
    memory:           WishboneCycle


#: Most responses of memory between two transfers of streams while the unit owes a response. An
#: access to two pages takes up to 34: for each entry of five levels a read and a locked update,
#: twice, and locked reads and stores of two words. Four may be those of accesses before it; and an
#: entry that another processor edits makes the unit walk once more, which is up to 15 again.
MOST_ANSWERS = 64


@dataclass
class _MmuHistory:
    """Accesses, control operations and transfers that are outstanding before the present cycle.

    ``answers`` are the responses of memory since a stream has moved on.
    """

    accesses:   int = 0
    operations: int = 0
    transfers:  int = 0
    answers:    int = 0


#: Rules of the ports of one unit.
MMU_RULES = (
    Rule("response to a request", "hw.bus: each request gets one response",
         lambda history, now: not now.access_response.valid or history.accesses > 0),
    Rule("response to an operation", "hw.bus: each control operation gets one response",
         lambda history, now: not now.control_response.valid or history.operations > 0),
    Rule("operation before access", "hw.bus: an access requested after an operation comes after it",
         lambda history, now: not (now.control_request.valid and now.access_request.transfers)),
    Rule("operation alone", "hw.bus: an operation waits for the accesses before it",
         lambda history, now: not now.control_request.transfers or (
             history.transfers == 0 and not now.memory.cyc)),
    Rule("end of an access", "hw.bus: each request gets a response, after so many transfers",
         lambda history, now: history.answers <= MOST_ANSWERS),
)


class MmuChecker:
    """Checker of :data:`MMU_RULES` on the ports of one unit.

    Attributes
    ----------
    outstanding : :class:`int`
        Requests that the unit has accepted and not responded to.
    """

    def __init__(self) -> None:
        self._history = _MmuHistory()

    @property
    def outstanding(self) -> int:
        return self._history.accesses + self._history.operations

    def step(self, now: MmuCycle) -> Iterator[Rule]:
        """Rules that the next cycle breaks."""
        history, bus = self._history, now.memory
        broken = _broken(MMU_RULES, history, now)
        history.accesses   += now.access_request.transfers - now.access_response.transfers
        history.operations += now.control_request.transfers - now.control_response.transfers
        history.transfers = 0 if not bus.cyc else history.transfers + bus.accepts - bus.acknowledges
        moves = any(stream.transfers for stream in now[:4]) or not self.outstanding
        history.answers = 0 if moves else history.answers + bus.acknowledges
        return iter(broken)
