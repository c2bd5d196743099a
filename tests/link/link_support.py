"""Boards that are made up, on a line whose time passes only while somebody waits."""

from sim.engines.serial.link.frames import Deframer, Frame, framed


__all__ = ["GREETING", "Board", "response"]


#: Kind and payload of a greeting: version 3, preset 0, 128 KiB, 12000 kHz.
GREETING = 1, b"\x03\x00\x80\x01\xe0\x5d"


def response(number, kind, payload=b""):
    """The frames of a response."""
    parts = [payload[start:start + 64] for start in range(0, len(payload) + 1, 64)]
    return b"".join(framed(Frame(True, number, place, place == len(parts) - 1, kind, part))
                    for place, part in enumerate(parts))


class Board:
    """Answers as it is told: a list of what to do with each frame that comes.

    A kind and a payload response with the request's number; None says nothing; a function makes
    bytes of the frame. The last of the list holds for all that come after it.

    Attributes
    ----------
    requests : list of :class:`sim.engines.serial.link.frames.Frame`
        What has come.
    time : :class:`float`
        Seconds that somebody has waited.
    """

    def __init__(self, *answers):
        self.answers   = list(answers)
        self.requests  = []
        self.time      = 0.0
        self._deframer = Deframer()
        self._out      = b""

    def now(self):
        """The time."""
        return self.time

    def write(self, data):
        """Take bytes, and prepare what there is to say to them."""
        for frame in filter(None, self._deframer.feed(data)):
            self.requests.append(frame)
            todo = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if callable(todo):
                self._out += todo(frame)
            elif todo is not None:
                self._out += response(frame.number, *todo)

    def read(self, seconds):
        """Some bytes, in no time; or none, after all of it."""
        data, self._out = self._out[:5], self._out[5:]
        if not data:
            self.time += seconds
        return data

    def close(self):
        """There is nothing to close."""
