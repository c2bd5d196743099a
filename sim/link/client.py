"""Requests to a board, and its answers: repeated until they get through.

Ref: docs/serial-link.md, "Frames" and "Answers".
"""

import secrets
import time
from collections.abc import Iterator
from typing import NamedTuple

from sim.engine import MachineLost, Unavailable

from .frames import CAPACITY, Deframer, framed
from .line import Line
from .numbers import Numbers


__all__ = ["PATIENCE", "VERSION", "Client", "Counters", "Greeting"]


#: Version of the link.
VERSION = 1

_CONNECT, _CONTINUE, _COUNTERS = b"\x01", b"\x02", b"\x03"

#: Octets that come before an answer, at most; a board says nothing that it is not asked for.
_MOST = 8 * CAPACITY

#: Seconds of silence after which a request is repeated.
PATIENCE = 2.0

#: First octets of answers.
_GREETING, _ROWS, _MORE, _COUNTED, _NONSENSE = 1, 2, 3, 4, 5


class Greeting(NamedTuple):
    """What a board says of itself. ``preset`` is a place in :data:`hw.presets.PRESETS`."""

    version:   int
    preset:    int
    ram_kib:   int
    clock_khz: int


class Counters(NamedTuple):
    """What a board has counted since it was reset, each modulo 2**32."""

    cycles:      int
    hits:        int
    misses:      int
    walks:       int
    page_faults: int


class Client:
    """The computer's end of the link. One request at a time.

    Parameters
    ----------
    line : :class:`.line.Line`
        What the octets go through.
    patience : :class:`float`
        Seconds of silence after which a request is repeated. A simulated board may need two for
        its longest answer.
    attempts : :class:`int`
        How often a request is sent before the board is given up; at first, when it may not be
        there at all, half as often.

    Attributes
    ----------
    asked, repeated : :class:`int`
        Requests so far, and how often one was sent once more.
    """

    def __init__(self, line: Line, *, patience: float = PATIENCE, attempts: int = 8):
        self.asked     = 0
        self.repeated  = 0
        self._line     = line
        self._patience = patience
        self._attempts = attempts
        self._deframer = Deframer()
        # A number of an earlier connection must not be taken for one of ours.
        self._number   = secrets.randbelow(256)

    def connect(self) -> Greeting:
        """Reset the machine on the board. Raises :class:`sim.engine.Unavailable`.

        That is also what a board of another version of the link ends in.
        """
        try:
            kind, octets = self._ask(_CONNECT, self._attempts // 2)
        except MachineLost as lost:
            raise Unavailable(f"{lost}; is the board programmed (dragoncage program), and is this "
                              "its port?") from lost
        if kind != _GREETING:
            raise Unavailable("what answers at this port is not a board of dragoncage")
        version = _numbers(octets, 1)[0]
        if version != VERSION:
            raise Unavailable(f"the board speaks version {version} of the link, and this program "
                              f"version {VERSION}: build and program it anew")
        return Greeting(*_numbers(octets, len(Greeting._fields)))

    def counters(self) -> Counters:
        """Read the counters."""
        kind, octets = self._ask(_COUNTERS)
        if kind != _COUNTED:
            raise MachineLost(f"the board answers {kind} when it is asked for its counters")
        return Counters(*_numbers(octets, len(Counters._fields)))

    def do(self, request: bytes) -> Iterator[bytes]:
        """Have operations done; yield octets of the rows, in several parts if there are many."""
        kind, octets = self._ask(request)
        while kind == _MORE:
            yield octets
            kind, octets = self._ask(_CONTINUE)
        if kind == _NONSENSE:
            raise MachineLost("the board makes no sense of a request, though it has the same "
                              "version of the link")
        if kind != _ROWS:
            raise MachineLost(f"the board answers {kind} when it is asked for operations")
        yield octets

    def close(self) -> None:
        """Give the line up."""
        self._line.close()

    def _ask(self, request: bytes, attempts: int | None = None) -> tuple[int, bytes]:
        """Send a request until it is answered; return the first octet, and the others.

        Raises :class:`sim.engine.MachineLost` if it never is.
        """
        attempts = self._attempts if attempts is None else attempts
        self._number = (self._number + 1) % 256
        self.asked  += 1
        self._heard  = False
        frame, since = framed(self._number, request), time.monotonic()
        for attempt in range(attempts):
            self.repeated += attempt > 0
            self._line.write(frame)
            answer = self._await()
            if answer:
                return answer[0], answer[1:]
        raise MachineLost(("what comes from the board is no answer to any of " if self._heard else
                           "no answer from the board to any of ")
                          + f"{attempts} requests in {time.monotonic() - since:.1f} s")

    def _await(self) -> bytes | None:
        """The answer to the request; None if the line is silent, or spoils what may be it."""
        until, left = time.monotonic() + self._patience, _MOST
        while (seconds := until - time.monotonic()) > 0 and left > 0:
            octets = self._line.read(seconds)
            if octets:
                self._heard = True
                until = time.monotonic() + self._patience
                left -= len(octets)
            frames = list(self._deframer.feed(octets))
            for frame in frames:
                if frame and frame.number == self._number and frame.payload:
                    return frame.payload
            if None in frames:
                return None
        return None


def _numbers(octets: bytes, count: int) -> list[int]:
    numbers = Numbers()
    numbers.feed(octets)
    try:
        return [numbers.next() for _ in range(count)]
    except EOFError as error:
        raise MachineLost(f"the board's answer has not the {count} numbers that it must") from error
