"""A simulated board, compiled, and driven octet by octet."""

import ctypes

from hw.boards.board import Board
from hw.boards.top import LIGHTS
from sim.engines import cxxrtl
from sim.engines.cxxrtl.library import Sources, library, package_files

from . import system


__all__ = ["FUNCTIONS", "SimulatedBoard", "compiled"]


#: Octets that are received in one run, at most.
ROOM = 4096

Number = ctypes.c_uint64
Word   = ctypes.c_uint32
Handle = ctypes.c_void_p

#: What a compiled board has.
FUNCTIONS = (
    ("board_new",    Handle, [Word]),
    ("board_delete", None,   [Handle]),
    ("board_status", Handle, [Handle]),
    ("board_run",    None,   [Handle, ctypes.c_char_p, Number, ctypes.c_char_p, Number, Number]),
)


class _Status(ctypes.Structure):
    """What the board and Python tell each other: see board.cc."""

    _fields_ = (("cycles", Number), ("sent", Number), ("received", Number),
                ("button", Word), ("lights", Word))


class SimulatedBoard:
    """A board at its power-up.

    Parameters
    ----------
    calls : :class:`ctypes.CDLL`
        What it was compiled to, with :data:`FUNCTIONS`.
    """

    def __init__(self, calls: ctypes.CDLL):
        self._calls  = calls
        self._handle = Handle(calls.board_new(system.DIVISOR))
        self._status = _Status.from_address(calls.board_status(self._handle))
        self._in     = ctypes.create_string_buffer(ROOM)
        self._out    = b""

    @property
    def cycles(self) -> int:
        """Cycles since power-up."""
        return self._status.cycles

    @property
    def busy(self) -> bool:
        """Whether there are octets that have not been sent to the board."""
        return bool(self._out)

    def send(self, octets: bytes) -> None:
        """Queue octets for the board."""
        self._out += octets

    def press(self, pressed: bool) -> None:
        """Hold the button, or let it go."""
        self._status.button = pressed

    def lit(self) -> tuple[str, ...]:
        """The lights that are on."""
        return tuple(name for bit, name in enumerate(LIGHTS) if self._status.lights >> bit & 1)

    def run(self, cycles: int) -> bytes:
        """Let cycles pass; return the octets that the board has sent. It may stop early."""
        self._calls.board_run(self._handle, self._out, len(self._out), self._in, ROOM, cycles)
        self._out = self._out[self._status.sent:]
        return self._in.raw[:self._status.received]

    def close(self) -> None:
        """Free it. It cannot be used any more."""
        self._calls.board_delete(self._handle)


def compiled(board: Board) -> SimulatedBoard:
    """A board whose system is compiled through CXXRTL, once. Raises ``Unavailable``."""
    def made() -> Sources:
        found = package_files(__package__, "board.cc", "compiled.h")
        return Sources({"design": system.text(board, models=True)}, {
            "board.cc": found["board.cc"], "top.h": found["compiled.h"],
            **package_files(cxxrtl.__name__, "clock.h"),
        }, main="board.cc")

    return SimulatedBoard(library(made, FUNCTIONS))
