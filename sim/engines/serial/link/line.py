"""Serial-port transport to a board."""

import errno
import os
import termios
import time
from collections.abc import Mapping
from typing import Protocol

from hw.demo.system import BAUD
from sim.errors import MachineLost, Unavailable


__all__ = ["Line", "opened"]


#: Seconds in which a port must take what is written.
PATIENCE = 5.0


class Line(Protocol):
    """Bytes out and in. Some may get lost, or come wrong or twice."""

    def write(self, data: bytes) -> None:
        """Send data."""

    def read(self, seconds: float) -> bytes:
        """Bytes that have come, one or more; none if none come within ``seconds``."""

    def now(self) -> float:
        """Seconds on the line's clock, by which ``read`` waits."""

    def close(self) -> None:
        """Give the line up."""


class _SerialPort:
    """A :class:`Line` through a port of pyserial."""

    def __init__(self, port: str):
        import serial

        self._port   = port
        self._errors = (serial.SerialException, OSError, termios.error)
        self._full   = serial.SerialTimeoutException
        try:
            self._serial = serial.Serial(port, BAUD, exclusive=True, write_timeout=PATIENCE)
            self._serial.reset_input_buffer()
        except (*self._errors, ValueError) as error:
            raise Unavailable(f"cannot open the serial port {port}: {_reason(error)}") from error

    def write(self, data: bytes) -> None:
        """Send data. Raises :class:`sim.errors.MachineLost`, like ``read``."""
        try:
            self._serial.write(data)
        except self._full as error:
            raise MachineLost(f"the serial port {self._port} takes nothing: is there a board "
                              "behind it?") from error
        except self._errors as error:
            raise self._lost() from error

    def read(self, seconds: float) -> bytes:
        """Bytes that have come; see :class:`Line`."""
        try:
            self._serial.timeout = seconds
            first: bytes = self._serial.read(1)
            return first + self._serial.read(self._serial.in_waiting) if first else b""
        except self._errors as error:
            raise self._lost() from error

    def now(self) -> float:
        """The time; see :class:`Line`."""
        return time.monotonic()

    def close(self) -> None:
        """Give the port up."""
        self._serial.close()

    def _lost(self) -> MachineLost:
        return MachineLost(f"the serial port {self._port} is gone: was the board unplugged?")


def opened(port: str) -> Line:
    """Open a serial port, named as the operating system does.

    Raises :class:`sim.errors.Unavailable` without pyserial, or if the port cannot be opened.
    """
    try:
        return _SerialPort(port)
    except ModuleNotFoundError as error:
        raise Unavailable("the engine serial needs pyserial: "
                          "pip install -e '.[serial]'") from error


#: Reasons in our own words, where the operating system's words are of no help.
_REASONS: Mapping[int, str] = {
    errno.EAGAIN: "another program uses it",
    errno.EBUSY:  "another program uses it",
    errno.ENOTTY: "it is no serial port",
}


def _reason(error: Exception) -> str:
    """Reason of an error, without the words that pyserial puts around that of the system."""
    match (error.__context__ or error).args:
        case (int(number), *_):
            return _REASONS.get(number) or os.strerror(number)
    return str(error)
