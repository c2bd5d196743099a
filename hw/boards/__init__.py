"""Boards that the demonstration system can be built for, a module each.

A module with a ``BOARD`` is one: to add a board is to add a file here. docs/boards.md shows how.

=======================  =======================================================
:mod:`hw.boards.board`   description of a board
:mod:`hw.boards.top`     the demonstration system on a board's pins
:mod:`hw.boards.pll`     a clock of another frequency than the board's
others                   boards
=======================  =======================================================
"""

from importlib import import_module
from pkgutil import iter_modules


__all__ = ["BOARDS"]


def _discover():
    """All boards, by name."""
    modules = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
    boards  = [module.BOARD for module in modules if hasattr(module, "BOARD")]
    return {board.name: board for board in sorted(boards, key=lambda board: board.name)}


BOARDS = _discover()
