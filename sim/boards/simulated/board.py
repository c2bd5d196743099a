"""A simulated board, compiled, and driven byte by byte."""

import ctypes

from hw.boards.board import Board
from hw.boards.top import LIGHTS
from sim.engines import cxxrtl
from sim.engines.cxxrtl.library import Sources, library, package_files
from sim.engines.cxxrtl.structures import Number, Word, declaration

from . import system


__all__ = ["FUNCTIONS", "SimulatedBoard", "compiled", "status_header"]


#: Bytes that are received in one run, at most.
CAPACITY = 4096

Handle = ctypes.c_void_p

#: Functions of a compiled board.
FUNCTIONS = (
    ("board_new",    Handle, [Word]),
    ("board_delete", None,   [Handle]),
    ("board_status", Handle, [Handle]),
    ("board_run",    None,   [Handle, ctypes.c_char_p, Number, ctypes.c_char_p, Number, Number]),
)


class Status(ctypes.Structure):
    """Status of a board, which C++ has too.

    ``sent`` and ``received`` are bytes, in the last run; ``lights`` are fault, bypass, WP and busy,
    from bit 0 on.
    """

    _fields_ = (("cycles", Number), ("sent", Number), ("received", Number),
                ("button", Word), ("lights", Word))


class SimulatedBoard:
    """Simulated board, at its power-up.

    Parameters
    ----------
    calls : :class:`ctypes.CDLL`
        The compiled library, with :data:`FUNCTIONS`.
    """

    def __init__(self, calls: ctypes.CDLL):
        self._calls  = calls
        self._handle = Handle(calls.board_new(system.DIVISOR))
        self._status = Status.from_address(calls.board_status(self._handle))
        self._in     = ctypes.create_string_buffer(CAPACITY)
        self._out    = b""

    @property
    def cycles(self) -> int:
        """Cycles since power-up."""
        cycles: int = self._status.cycles
        return cycles

    @property
    def busy(self) -> bool:
        """True if there are bytes that have not been sent to the board."""
        return bool(self._out)

    def send(self, data: bytes) -> None:
        """Queue bytes for the board."""
        self._out += data

    def press(self, pressed: bool) -> None:
        """Hold the button, or let it go."""
        self._status.button = pressed

    def lit(self) -> tuple[str, ...]:
        """The lights that are on."""
        return tuple(name for bit, name in enumerate(LIGHTS) if self._status.lights >> bit & 1)

    def run(self, cycles: int) -> bytes:
        """Let cycles pass; return the bytes that the board has sent. It may stop early."""
        self._calls.board_run(self._handle, self._out, len(self._out), self._in, CAPACITY, cycles)
        self._out = self._out[self._status.sent:]
        return self._in.raw[:self._status.received]

    def close(self) -> None:
        """Free the board, which cannot be used any more."""
        self._calls.board_delete(self._handle)


def status_header() -> str:
    """Text of ``status.h``."""
    return declaration(Status)


def compiled(board: Board) -> SimulatedBoard:
    """A board whose system is compiled through CXXRTL, once. Raises ``Unavailable``."""
    def made() -> Sources:
        found = package_files(__package__, "board.cc", "compiled.h")
        return Sources({"design": system.text(board, models=True)}, {
            "board.cc": found["board.cc"], "top.h": found["compiled.h"],
            "status.h": status_header(), **package_files(cxxrtl.__name__, "clock.h"),
        }, main="board.cc")

    return SimulatedBoard(library(made, FUNCTIONS))
