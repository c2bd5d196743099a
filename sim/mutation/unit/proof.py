"""Proofs that a mutant does what the unit does, cycle by cycle: then no check can notice it.

Yosys proves it of the module in which the mutant is, whatever comes in; registers of the same name
have the same value in both, by induction. If it finds no proof, nothing is known.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from sim.errors import Unavailable
from sim.mutation.forked import forked
from sim.toolchain.process import run
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

#: Seconds of the processor after which a proof is given up.
PATIENCE = 300.0

#: What a proof says that has been found, and not the reason why there is none.
PROVEN = "proven"


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
        except OSError as error:
            raise Unavailable(f"a proof has no place for its files: {error}") from error
        proven = forked(lambda: _ended_well(folder), PATIENCE) == PROVEN
    return f"{mutant.module} is the same in every cycle" if proven else ""


def _ended_well(folder: Path) -> str:
    """Run the script. A process that works for it has no more time than this one."""
    run(newer("-q", "script.ys"), log=folder / "log", waiting=lambda: None)
    return PROVEN
