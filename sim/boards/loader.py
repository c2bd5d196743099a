"""Loader of bitstreams into boards."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from hw.boards.board import Board
from sim.toolchain.process import ProgramFailed, run

from .tools import LOADER, find_loader


__all__ = ["LoadFailed", "load"]


#: Messages of openFPGALoader or the system, in lower case, and what to do about each.
REMEDIES: Mapping[str, str] = {
    "shared libraries": "install its libraries: sudo apt-get install libusb-1.0-0 libftdi1-2",
    "device not found": "is the board connected?",
    "usb_open() failed": "may you use the board? See docs/boards.md",
}


class LoadFailed(Exception):
    """The bitstream was not loaded. The message says why, as far as is known."""


def load(board: Board, bitstream: Path, *, waiting: Callable[[], None]) -> None:
    """Load ``bitstream`` into ``board``.

    ``waiting`` is called several times a second. Raises :class:`LoadFailed`, and
    :class:`sim.errors.Unavailable` without a loader.
    """
    command = [find_loader(), *board.loader, str(bitstream.resolve())]
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(command, log=Path(folder) / "log", waiting=waiting)
        except ProgramFailed as error:
            raise LoadFailed(_reason(error.output, command[0])) from error


def _reason(output: str, path: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if not lines:
        return f"{LOADER} failed without a message"
    reason = f"{LOADER}: {lines[-1].removeprefix(f'{path}: ')}"
    for symptom, remedy in REMEDIES.items():
        if symptom in output.lower():
            return f"{reason}; {remedy}"
    return reason
