"""Pseudo-terminal of a simulated board, which is opened as a serial port is."""

import os
import select
import tty
from collections.abc import Callable
from typing import IO

from .board import SimulatedBoard


__all__ = ["Terminal"]


#: Cycles between two looks at what comes from the computer.
SLICE = 2_000

#: Slices without a byte after which the board has nothing more to send.
QUIET = 100

#: Seconds that the button is held.
HELD = 0.05


class Terminal:
    """Pseudo-terminal that a board's UART is connected to.

    Parameters
    ----------
    board : :class:`.board.SimulatedBoard`
        The board.
    clock_hz : :class:`int`
        Cycles in a second of the board's time.

    Attributes
    ----------
    device : :class:`str`
        Path of the device that a program opens.
    """

    def __init__(self, board: SimulatedBoard, *, clock_hz: int):
        self._board    = board
        self._held     = round(HELD * clock_hz)
        self._computer, self._slave = os.openpty()
        # Kept open: the line is there whether or not somebody has opened it.
        tty.setraw(self._slave)
        os.set_blocking(self._computer, False)
        self.device    = os.ttyname(self._slave)
        self._out      = b""
        self._released = 0       # cycle in which the button is let go
        self._quiet    = QUIET

    def serve(self, *, keys: IO[str] | None = None,
              shown: Callable[[tuple[str, ...]], None] = lambda lit: None) -> None:
        """Let the board run for ever, or to the end of ``keys``.

        It stands still while there is nothing to do. A line from ``keys`` presses the button;
        ``shown`` is called with the lights that are lit, whenever they change.
        """
        lit: tuple[str, ...] = ()
        shown(lit)
        while self._wait(keys):
            self._step()
            if self._board.lit() != lit:
                lit = self._board.lit()
                shown(lit)

    def close(self) -> None:
        """Remove the pseudo-terminal."""
        os.close(self._computer)
        os.close(self._slave)

    def _wait(self, keys: IO[str] | None) -> bool:
        """Wait until there is something to do, and take it; return False at the end of keys."""
        sources: list[int | IO[str]] = [self._computer, *([keys] if keys else [])]
        ready, _, _ = select.select(sources, [], [], 0 if self._active() else None)
        if self._computer in ready:
            self._board.send(os.read(self._computer, 4096))
            self._quiet = 0
        if keys is not None and keys in ready:
            if not keys.readline():
                return False
            self._board.press(True)
            self._released = self._board.cycles + self._held
        return True

    def _active(self) -> bool:
        """True while the board has something to do, or a light to put out."""
        return (self._quiet < QUIET or bool(self._out) or self._board.busy
                or self._board.cycles < self._released
                or bool(set(self._board.lit()) - {"wp"}))

    def _step(self) -> None:
        data = self._board.run(SLICE)
        self._quiet = 0 if data or self._board.busy else self._quiet + 1
        if self._board.cycles >= self._released:
            self._board.press(False)
        self._out += data
        if self._out:
            try:
                self._out = self._out[os.write(self._computer, self._out):]
            except BlockingIOError:
                pass  # Nobody reads, and a cable would lose these bytes.
