"""Programs that make a bitstream, and the one that loads it into a board."""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hw.boards.board import Board
from sim.errors import Unavailable


__all__ = ["LOADER", "find_loader", "find_tool", "platform_of"]


INSTALL = "pip install -e '.[boards]'"

#: Name of the program that loads bitstreams into boards.
LOADER = "openFPGALoader"


def platform_of(board: Board) -> Any:
    """Return a new :class:`amaranth.build.Platform` of the board.

    Raises :class:`sim.errors.Unavailable` if it is of a package that is not installed.
    """
    try:
        return board.platform()
    except ModuleNotFoundError as error:
        raise Unavailable(f"the pins of {board.name} are known to {error.name}, "
                          f"which is not installed: {INSTALL}") from error


def find_tool(name: str) -> str:
    """Return the path of the program ``name``, such as ``nextpnr-ice40``.

    An environment variable (``NEXTPNR_ICE40``) may name it; else it is that of YoWASP, or one on
    the path. Raises :class:`sim.errors.Unavailable` without any.
    """
    return _found(name, (f"yowasp-{name}", name))


def find_loader() -> str:
    """Return the path of the program that loads bitstreams, ``openFPGALoader``.

    An environment variable (``OPENFPGALOADER``) may name it; else it is on the path, or the one in
    the package of this name. Raises :class:`sim.errors.Unavailable` without any.
    """
    return _found(LOADER, (LOADER, *_packaged()))


def _packaged() -> Iterator[str]:
    """The loader in the package, whose own command would be a second process in between."""
    spec = find_spec(LOADER.lower())
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield str(Path(folder) / "bin" / LOADER)


def _found(name: str, programs: tuple[str, ...]) -> str:
    variable = name.upper().replace("-", "_")
    given    = os.environ.get(variable)
    # Programs beside Python may not be on the path, as when .venv/bin/dragoncage is called by path.
    path     = os.pathsep.join((str(Path(sys.executable).parent),
                                os.environ.get("PATH", os.defpath)))
    for program in (given,) if given else programs:
        if found := shutil.which(program, path=path):
            return found
    if given:
        raise Unavailable(f"{variable} is {given}, and there is no such program; unset it, "
                          "or name one")
    raise Unavailable(f"{programs[0]} is needed, and is not installed: {INSTALL}")
