"""One request and its response, in segments: which frames to send when, without a line or a clock.

Ref: docs/serial-link.md, "Who repeats".
"""

from collections.abc import Iterable

from .frames import SEGMENT, SEGMENTS, Frame
from .traffic import Traffic


__all__ = ["CAPACITY", "Exchange"]


#: Bytes of the longest request.
CAPACITY = SEGMENTS * SEGMENT

#: Kind of a response that is none: segments of the request are missing.
_MISSING = 6


class Exchange:
    """A request under way.

    Parameters
    ----------
    number : :class:`int`
        The request's sequence number.
    request : :class:`bytes`
        Its payload.
    traffic : :class:`.traffic.Traffic`
        Where repetitions are counted.

    Attributes
    ----------
    kind : :class:`int`
        What the response is, once a segment of it has come.
    news : :class:`int`
        How often something came that was not known before.
    """

    def __init__(self, number: int, request: bytes, traffic: Traffic):
        self.kind      = 0
        self.news      = 0
        self._number   = number
        self._request  = [request[start:start + SEGMENT]
                          for start in range(0, max(len(request), 1), SEGMENT)]
        self._arrived  = 0                       # segments of the request that the board has
        self._response: dict[int, bytes] = {}
        self._count: int | None = None           # segments that the response has, once it is known
        self._final    = SEGMENTS - 1            # the last segment that was requested
        self._traffic  = traffic
        if len(request) > CAPACITY:
            raise ValueError(f"a request has {CAPACITY} bytes at most, not {len(request)!r}")

    @property
    def complete(self) -> bool:
        """True once the response is all there."""
        return len(self._response) == self._count

    @property
    def payload(self) -> bytes:
        """The response."""
        return b"".join(self._response[index] for index in range(len(self._response)))

    def begin(self) -> list[Frame]:
        """The whole request."""
        return self._frames(range(len(self._request)))

    def repeat(self) -> list[Frame]:
        """The last segment of the request once more: it requests whatever has not come."""
        self._traffic.repeated += 1
        return self._frames([len(self._request) - 1])

    def take(self, frame: Frame) -> list[Frame]:
        """Take a frame from the board; return those to send at once."""
        if frame.about == _MISSING:
            return self._send_missing(frame)
        known = frame.segment in self._response or self._count is not None and \
            frame.segment >= self._count
        if frame.number != self._number or known:
            self._traffic.unwanted += 1
            return []
        self.news += 1
        self.kind  = frame.about
        self._response[frame.segment] = frame.payload
        if frame.last:
            self._count = frame.segment + 1
        # The last of what was requested: if anything before it is missing, it got lost.
        burst_ended = frame.last or frame.segment == self._final
        return self.repeat() if burst_ended and not self.complete else []

    def _send_missing(self, frame: Frame) -> list[Frame]:
        """The segments of the request from that on which the board misses."""
        if (frame.number + 1) % 256 != self._number or self._response \
                or frame.segment >= len(self._request):
            self._traffic.unwanted += 1
            return []
        if frame.segment > self._arrived:
            self._arrived = frame.segment
            self.news    += 1
        self._traffic.repeated += len(self._request) - frame.segment
        return self._frames(range(frame.segment, len(self._request)))

    def _frames(self, indices: Iterable[int]) -> list[Frame]:
        """Segments of the request, which name the segments of the response that are missing."""
        count   = SEGMENTS if self._count is None else self._count
        missing = [index for index in range(count) if index not in self._response]
        self._final = missing[-1]
        return [Frame(False, self._number, index, index == len(self._request) - 1,
                      missing[0] | missing[-1] << 4, self._request[index]) for index in indices]
