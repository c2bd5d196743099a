"""Proofs that a mutant does what the unit does, cycle by cycle: then no check can notice it.

Yosys proves it of the module in which the mutant is, whatever comes in; registers of the same name
have the same value in both, by induction. If it finds no proof, nothing is known.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.errors import Unavailable
from sim.toolchain.process import ProgramFailed, run
from sim.toolchain.yosys import newer

from .mutants import INPUT, UnitMutant, original


__all__ = ["why_equivalent"]


SCRIPT = """
read_rtlil unit.il
hierarchy -top top
proc
opt_clean
design -save whole

hierarchy -top {module}
flatten
memory
opt_clean
rename {module} gold
design -stash gold

design -load whole
{change}
hierarchy -top {module}
flatten
memory
opt_clean
rename {module} gate
design -stash gate

design -reset
design -copy-from gold -as gold gold
design -copy-from gate -as gate gate
equiv_make gold gate equiv
hierarchy -top equiv
opt_clean
equiv_simple -short
equiv_induct -seq 2
equiv_status -assert
"""

#: Seconds after which a proof is given up.
PATIENCE = 300.0


class _Deadline:
    """Ends what takes too long."""

    class Passed(Exception):
        """It does."""

    def __init__(self, seconds: float):
        self._end = time.monotonic() + seconds

    def __call__(self) -> None:
        if time.monotonic() > self._end:
            raise self.Passed


def why_equivalent(mutant: UnitMutant) -> str:
    """Return what is proven of a mutant; nothing if it is not, or not in time.

    Raises :class:`sim.errors.Unavailable` if there is no place for files.
    """
    change = mutant.command.split()
    place  = change.index("-ctrl")
    assert change[place + 1] == INPUT
    del change[place:place + 4]
    with TemporaryDirectory() as name:
        folder = Path(name)
        try:
            (folder / "unit.il").write_text(original(), encoding="utf-8")
            (folder / "script.ys").write_text(SCRIPT.format(
                module=mutant.module, change=" ".join(change)), encoding="utf-8")
            run(newer("-q", "script.ys"), log=folder / "log",
                waiting=_Deadline(PATIENCE))
        except (ProgramFailed, _Deadline.Passed):
            return ""
        except OSError as error:
            raise Unavailable(f"a proof has no place for its files: {error}") from error
    return f"{mutant.module} is the same in every cycle"
