"""Rules of the buses, and checkers that say in which cycle one is broken.

A checker is a pure function of the cycles that it is given: it knows of no simulator, so that it
can be fed with any sequence of cycles. :class:`.monitors.Watch` feeds it with those of ports.

Ref: Wishbone B4, chapters 2.2 and 3; the manual of Amaranth, "Data streams".
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .ports import StreamCycle, WishboneCycle


__all__ = ["EXCHANGE_RULES", "STREAM_RULES", "WISHBONE_RULES", "Exchange",
           "ExchangeChecker", "Rule", "StreamChecker", "WishboneChecker"]


class Rule(NamedTuple):
    """A rule: its name, where it is from, and whether a cycle keeps it, given those before."""

    name:   str
    source: str
    kept:   Callable[[Any, Any], bool]


def _broken(rules: tuple[Rule, ...], before: Any, now: Any) -> Iterator[Rule]:
    return (rule for rule in rules if not rule.kept(before, now))


# Wishbone

class _Asked(NamedTuple):
    """A transfer that is not answered yet."""

    write: bool
    lanes: tuple[int | None, int | None]  # word and byte lanes


@dataclass
class _BusPast:
    """What the rules of a bus have to know of the cycles before the present one."""

    last:    WishboneCycle = field(default_factory=WishboneCycle)
    waiting: deque[_Asked] = field(default_factory=deque)
    read:    set[tuple[int | None, int | None]] = field(default_factory=set)  # in this locked cycle
    written: bool          = False                                  # ... and whether it writes
    most:    int           = 1 << 30


_REQUEST = ("we", "adr", "sel", "dat_w", "lock")


def _known(past: _BusPast, now: WishboneCycle) -> bool:
    wires = [now.cyc, now.stb, now.ack, now.stall]
    wires += [getattr(now, name) for name in _REQUEST] if now.cyc and now.stb else []
    if now.answers and past.waiting and not past.waiting[0].write:
        wires.append(now.dat_r)
    return None not in wires


def _held(past: _BusPast, now: WishboneCycle) -> bool:
    last = past.last
    stalled = last.cyc and last.stb and last.stall and not last.rst
    return not stalled or (bool(now.cyc and now.stb) and all(
        getattr(now, name) == getattr(last, name) for name in _REQUEST))


def _write_follows_read(past: _BusPast, now: WishboneCycle) -> bool:
    if not (now.lock and now.asks):
        return True
    if not now.we:
        return not past.written
    return (now.adr, now.sel) in past.read and all(asked.write for asked in past.waiting)


#: A cycle is named by the edge at its end; "one that waits" is a transfer without an answer.
WISHBONE_RULES = (
    Rule("known", "RULE 3.60, RULE 3.65: only what is qualified may be undefined", _known),
    Rule("reset", "RULE 3.20: CYC_O and STB_O are negated at the edge after RST_I",
         lambda past, now: not past.last.rst or not (now.cyc or now.stb)),
    Rule("strobe in cycle", "RULE 3.25: CYC_O is asserted while STB_O is",
         lambda past, now: not now.stb or bool(now.cyc)),
    Rule("held while stalled", "3.1.3.2: while STALL_I is asserted the master waits", _held),
    Rule("cycle until answered", "3.1.3.2: CYC_O ends after the last ACK_I",
         lambda past, now: bool(now.cyc) or not past.waiting or bool(past.last.rst)),
    Rule("answer owed", "3.1.3.2: as many ACK_I as transactions",
         lambda past, now: not now.answers or bool(past.waiting)),
    Rule("lock in cycle", "2.2.3: LOCK_O is about the current bus cycle",
         lambda past, now: not now.lock or bool(now.cyc)),
    Rule("lock until answered", "2.2.3, 3.4: nobody comes between the halves of an RMW cycle",
         lambda past, now: not past.last.lock or bool(now.lock) or not past.waiting
         or bool(past.last.rst)),
    Rule("write follows read", "3.4: an RMW cycle reads, then writes what it has read",
         _write_follows_read),
    Rule("lanes", "2.2.3: SEL_O says where data is expected: somewhere",
         lambda past, now: not now.asks or now.sel != 0),
    Rule("in flight", "hw.config: no more transfers wait than the unit can keep",
         lambda past, now: len(past.waiting) + now.asks - now.answers <= past.most),
)


class WishboneChecker:
    """Follows a bus cycle by cycle.

    Parameters
    ----------
    most : :class:`int`
        Transfers of this initiator that may wait for an answer.
    """

    def __init__(self, most: int = 1 << 30):
        self._past = _BusPast(most=most)

    def step(self, now: WishboneCycle) -> Iterator[Rule]:
        """Rules that the next cycle breaks."""
        past   = self._past
        broken = list(_broken(WISHBONE_RULES, past, now))
        if not now.cyc or now.rst:
            past.waiting.clear()
        if now.answers and past.waiting:
            past.waiting.popleft()
        if not now.lock or now.rst:
            past.read.clear()
            past.written = False
        if now.asks:
            lanes = (now.adr, now.sel)
            past.waiting.append(_Asked(bool(now.we), lanes))
            if now.lock and now.we:
                past.written = True
            elif now.lock:
                past.read.add(lanes)
        past.last = now
        return iter(broken)


# Streams

def _payload_held(last: StreamCycle, now: StreamCycle) -> bool:
    waits = last.valid and not last.transfers
    return not waits or not now.valid or now.payload == last.payload


STREAM_RULES = (
    Rule("known", "signals are 0 or 1, and so is a payload that is valid",
         lambda last, now: None not in (now.valid, now.ready)
         and (not now.valid or now.payload is not None)),
    Rule("offer held", "Data streams: valid stays asserted until the transfer",
         lambda last, now: not last.valid or last.transfers or now.valid == 1),
    Rule("payload held", "Data streams: the payload of an offer does not change", _payload_held),
)


class StreamChecker:
    """Follows a stream cycle by cycle."""

    def __init__(self) -> None:
        self._last = StreamCycle()

    def step(self, now: StreamCycle) -> Iterator[Rule]:
        """Rules that the next cycle breaks."""
        broken = list(_broken(STREAM_RULES, self._last, now))
        self._last = now
        return iter(broken)


# Streams that answer each other

class Exchange(NamedTuple):
    """One cycle of the unit's ports: requests and responses of both kinds, and its memory."""

    access:     StreamCycle
    answer:     StreamCycle
    control:    StreamCycle
    controlled: StreamCycle
    bus:        WishboneCycle


@dataclass
class _ExchangePast:
    accesses: int = 0   # without an answer
    controls: int = 0
    waiting:  int = 0   # transfers of memory


EXCHANGE_RULES = (
    Rule("answer to a request", "hw.bus: each request is answered once",
         lambda past, now: not now.answer.valid or past.accesses > 0),
    Rule("answer to an operation", "hw.bus: each control operation is answered once",
         lambda past, now: not now.controlled.valid or past.controls > 0),
    Rule("operation before access", "hw.bus: what is asked after an operation comes after it",
         lambda past, now: not (now.control.valid and now.access.transfers)),
    Rule("operation alone", "hw.bus: an operation waits for the accesses before it",
         lambda past, now: not now.control.transfers or (past.waiting == 0 and not now.bus.cyc)),
)


class ExchangeChecker:
    """Follows the ports of the unit cycle by cycle.

    Attributes
    ----------
    owed : :class:`int`
        Answers that it owes.
    """

    def __init__(self) -> None:
        self._past = _ExchangePast()

    @property
    def owed(self) -> int:
        return self._past.accesses + self._past.controls

    def step(self, now: Exchange) -> Iterator[Rule]:
        """Rules that the next cycle breaks."""
        past   = self._past
        broken = list(_broken(EXCHANGE_RULES, past, now))
        past.accesses += now.access.transfers - now.answer.transfers
        past.controls += now.control.transfers - now.controlled.transfers
        past.waiting   = 0 if not now.bus.cyc else past.waiting + now.bus.asks - now.bus.answers
        return iter(broken)
