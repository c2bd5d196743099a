"""Brings a bitstream to a board."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from hw.boards.board import Board
from sim.toolchain.process import ProgramFailed, run

from .tools import LOADER, loader


__all__ = ["ProgrammingFailed", "program"]


#: What openFPGALoader or the system says, in lower case, and what to do about it.
REMEDIES: Mapping[str, str] = {
    "shared libraries": "install its libraries: sudo apt-get install libusb-1.0-0 libftdi1-2",
    "device not found": "is the board connected?",
    "usb_open() failed": "may you use the board? See docs/boards.md",
}


class ProgrammingFailed(Exception):
    """The board did not take the bitstream. The message says why, as far as is known."""


def program(board: Board, bitstream: Path, *, waiting: Callable[[], None]) -> None:
    """Bring ``bitstream`` to ``board``.

    ``waiting`` is called several times a second. Raises :class:`ProgrammingFailed`, and
    :class:`sim.errors.Unavailable` without a loader.
    """
    command = [loader(), *board.loader, str(bitstream.resolve())]
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(command, log=Path(folder) / "log", waiting=waiting)
        except ProgramFailed as error:
            raise ProgrammingFailed(_reason(error.said, command[0])) from error


def _reason(said: str, loader: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if not lines:
        return f"{LOADER} failed without a word"
    reason = f"{LOADER}: {lines[-1].removeprefix(f'{loader}: ')}"
    for symptom, remedy in REMEDIES.items():
        if symptom in said.lower():
            return f"{reason}; {remedy}"
    return reason
