"""Requests to a board, and its responses: repeated until they get through.

Ref: docs/serial-link.md, "Who repeats".
"""

import secrets
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sim.errors import MachineLost, Unavailable

from . import version1
from .diagnosis import no_response, no_board, too_bad
from .exchange import Exchange
from .frames import Deframer, Frame, framed
from .line import Line
from .numbers import Numbers
from .traffic import Traffic


__all__ = ["CONNECT_PATIENCE", "LONGEST_SILENCE", "PATIENCE", "QUIET", "SILENCE", "VERSION",
           "Client", "Counters", "Greeting"]


#: Version of the link.
VERSION = 3

_CONNECT, _CONTINUE, _COUNTERS = b"\x01", b"\x02", b"\x03"

#: Seconds without a frame after which part of a request is repeated: twice as many each time that
#: nothing new has come, as the board may be a simulated one that is slow, up to a limit.
SILENCE, LONGEST_SILENCE = 0.5, 2.0

#: Seconds without a byte after a broken frame, after which it is. A USB adapter may keep bytes for
#: 16 ms.
QUIET = 0.05

#: Seconds in which nothing new comes, after which a board is given up; and one that is not there.
PATIENCE, CONNECT_PATIENCE = 10.0, 5.0

#: Waits for a frame by which a line is judged, and how many of them may be in vain. Measured: at
#: most 6 of 200 on a line that spoils one byte in 1,000, and 30 to 70 at one in 100.
JUDGED, BEARABLE = 200, 20

#: Bytes of what is heard that are kept while no board has responded.
_KEPT = 4096

#: Kinds of responses.
_GREETING, _ROWS, _MORE, _COUNTED, _NONSENSE = 1, 2, 3, 4, 5


class Greeting(NamedTuple):
    """Greeting of a board. ``preset`` is an index into :data:`hw.presets.PRESETS`."""

    version:   int
    preset:    int
    ram_kib:   int
    clock_khz: int


class Counters(NamedTuple):
    """Counters of a board since its reset, each modulo 2**32."""

    cycles:      int
    hits:        int
    misses:      int
    walks:       int
    page_faults: int


class _NoResponse(MachineLost):
    """Nothing new has come for too long."""


class Client:
    """The computer's end of the link. One request at a time.

    Parameters
    ----------
    line : :class:`.line.Line`
        What the bytes go through.

    Attributes
    ----------
    traffic : :class:`.traffic.Traffic`
        Counts of what went over it.
    """

    def __init__(self, line: Line):
        self.traffic   = Traffic()
        self._line     = line
        self._deframer = Deframer()
        # The frames that have come and were not looked at, and the last bytes before a board has
        # responded.
        self._frames: deque[Frame | None] = deque()
        self._heard    = b""
        # True for each of the last waits that was in vain.
        self._waits: deque[bool] = deque(maxlen=JUDGED)
        # A number of an earlier connection must not be taken for one of ours.
        self._number   = secrets.randbelow(256)

    def connect(self) -> Greeting:
        """Reset the machine on the board. Raises :class:`sim.errors.Unavailable`.

        That is also what a board of another version of the link ends in.
        """
        begun = self._line.now()
        try:
            kind, payload = self._request(_CONNECT, CONNECT_PATIENCE)
            return _greeting(kind, payload)
        except _NoResponse as lost:
            seconds = self._line.now() - begun
            if self._has_version_1():
                raise _other_version(1) from lost
            raise Unavailable(no_board(self._heard, echoed=self.traffic.echoed,
                                       seconds=seconds)) from lost
        except MachineLost as lost:
            raise Unavailable(str(lost)) from lost

    def counters(self) -> Counters:
        """Read the counters."""
        kind, payload = self._request(_COUNTERS)
        if kind != _COUNTED:
            raise MachineLost(f"the board answers {kind} when it is asked for its counters")
        return Counters(*_numbers(payload, len(Counters._fields)))

    def do(self, request: bytes) -> Iterator[bytes]:
        """Have operations done; yield bytes of the rows, in several parts if there are many."""
        kind, payload = self._request(request)
        while kind == _MORE:
            yield payload
            kind, payload = self._request(_CONTINUE)
        if kind == _NONSENSE:
            raise MachineLost("the board makes no sense of a request, though it has the same "
                              "version of the link")
        if kind != _ROWS:
            raise MachineLost(f"the board answers {kind} when it is asked for operations")
        yield payload

    def close(self) -> None:
        """Give the line up."""
        self._line.close()

    def _request(self, request: bytes, patience: float = PATIENCE) -> tuple[int, bytes]:
        """Send a request until a response has come; return its kind, and its payload.

        Raises :class:`sim.errors.MachineLost` if nothing new comes for ``patience`` seconds, or if
        the line is so bad that it would take very long.
        """
        self._number = (self._number + 1) % 256
        self.traffic.requests += 1
        exchange = Exchange(self._number, request, self.traffic)
        news, broken, sent, since = 0, self.traffic.broken, 0, self._line.now()
        todo, silence = exchange.begin(), SILENCE
        while not exchange.complete:
            sent += len(todo)
            self._send(todo)
            frame = self._await(silence)
            self._judge(in_vain=frame is None)
            todo  = exchange.repeat() if frame is None else exchange.take(frame)
            if exchange.news != news:
                news, broken, sent, since = (exchange.news, self.traffic.broken, 0,
                                             self._line.now())
                silence = SILENCE
            elif (seconds := self._line.now() - since) >= patience:
                raise _NoResponse(no_response(broken=self.traffic.broken - broken, sent=sent,
                                              seconds=seconds))
            elif frame is None:
                silence = min(2 * silence, LONGEST_SILENCE)
        return exchange.kind, exchange.payload

    def _send(self, frames: Sequence[Frame]) -> None:
        if frames:
            self._line.write(b"".join(map(framed, frames)))

    def _await(self, silence: float) -> Frame | None:
        """The next frame from the board.

        None after ``silence`` seconds, and when the line has become quiet after a broken frame.
        """
        until, spoilt = self._line.now() + silence, False
        while True:
            while self._frames:
                frame = self._frames.popleft()
                if frame is None:
                    self.traffic.broken += 1
                    spoilt = True
                elif not frame.response:
                    self.traffic.echoed += 1
                else:
                    self.traffic.frames += 1
                    return frame
            left = until - self._line.now()
            if left <= 0:
                return None
            data = self._line.read(min(left, QUIET) if spoilt else left)
            if spoilt and not data:
                return None
            self._listen(data)

    def _judge(self, *, in_vain: bool) -> None:
        """Give up a line on which frames get through, but too few."""
        self._waits.append(in_vain)
        if len(self._waits) == JUDGED and sum(self._waits) > BEARABLE:
            raise MachineLost(too_bad(broken=self.traffic.broken, whole=self.traffic.frames))

    def _listen(self, data: bytes) -> None:
        """Look for frames in what has come."""
        self._frames.extend(self._deframer.feed(data))
        if not self.traffic.frames:
            self._heard = (self._heard + data)[-_KEPT:]

    def _has_version_1(self) -> bool:
        """True if the board, which has not responded, does so in version 1 of the link."""
        for _ in range(2):
            heard, until = b"", self._line.now() + SILENCE
            self._line.write(version1.CONNECT)
            while (left := until - self._line.now()) > 0:
                heard = (heard + self._line.read(left))[-_KEPT:]
                if version1.greets(heard):
                    return True
        return False


def _greeting(kind: int, payload: bytes) -> Greeting:
    """The greeting of a board of this version. Raises :class:`sim.errors.Unavailable`."""
    if kind != _GREETING:
        raise Unavailable("what answers at this port is not a board of dragoncage")
    version = _numbers(payload, 1)[0]
    if version != VERSION:
        raise _other_version(version)
    return Greeting(*_numbers(payload, len(Greeting._fields)))


def _other_version(version: int) -> Unavailable:
    return Unavailable(f"the board speaks version {version} of the link, and this program version "
                       f"{VERSION}: build and program it anew")


def _numbers(data: bytes, count: int) -> list[int]:
    numbers = Numbers()
    numbers.feed(data)
    try:
        return [numbers.next() for _ in range(count)]
    except EOFError as error:
        raise MachineLost(f"the board's response has not the {count} numbers that "
                          "it must") from error
