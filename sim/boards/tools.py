"""Finds the programs that make a bitstream, and the one that brings it to a board."""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hw.boards.board import Board
from sim.errors import Unavailable


__all__ = ["LOADER", "loader", "platform_of", "tool"]


INSTALL = "pip install -e '.[boards]'"

#: What brings bitstreams to boards.
LOADER = "openFPGALoader"


def platform_of(board: Board) -> Any:
    """The board's :class:`amaranth.build.Platform`, a new one.

    Raises :class:`sim.errors.Unavailable` if it is of a package that is not installed.
    """
    try:
        return board.platform()
    except ModuleNotFoundError as error:
        raise Unavailable(f"the pins of {board.name} are known to {error.name}, "
                          f"which is not installed: {INSTALL}") from error


def tool(name: str) -> str:
    """The program that does ``name``, such as ``nextpnr-ice40``.

    An environment variable (``NEXTPNR_ICE40``) may name it; else it is that of YoWASP, or one on
    the path. Raises :class:`sim.errors.Unavailable` without any.
    """
    return _found(name, (f"yowasp-{name}", name))


def loader() -> str:
    """The program that brings bitstreams to boards, ``openFPGALoader``.

    An environment variable (``OPENFPGALOADER``) may name it; else it is on the path, or the one in
    the package of this name. Raises :class:`sim.errors.Unavailable` without any.
    """
    return _found(LOADER, (LOADER, *_packaged()))


def _packaged() -> Iterator[str]:
    """The loader that the package brings: its own command is a second process in between."""
    spec = find_spec(LOADER.lower())
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield str(Path(folder) / "bin" / LOADER)


def _found(name: str, programs: tuple[str, ...]) -> str:
    variable = name.upper().replace("-", "_")
    given    = os.environ.get(variable)
    # Whoever calls .venv/bin/dragoncage by its path has what is beside it, though not on the path.
    path     = os.pathsep.join((str(Path(sys.executable).parent),
                                os.environ.get("PATH", os.defpath)))
    for program in (given,) if given else programs:
        if found := shutil.which(program, path=path):
            return found
    if given:
        raise Unavailable(f"{variable} is {given}, and there is no such program; unset it, "
                          "or name one")
    raise Unavailable(f"{programs[0]} is needed, and is not installed: {INSTALL}")
