"""On the host: a component as Verilog, built for a simulator, and cocotb tests run on it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.toolchain.compiler import Compiler
from sim.toolchain.process import ProgramFailed, run
from sim.toolchain.simulators import SIMULATORS, Simulator
from sim.verilog import verilog
from sim.verilog.ports import port_names

from .runs import RESULT, SETTINGS, RunResult, RunSettings


__all__ = ["BuiltDesign", "SimulationFailed", "build"]


WHO = "verification under cocotb"

#: Name of the module in Verilog.
TOP = "dut"

#: Verilog has no times of its own: cocotb's clocks and timers need a unit and a precision.
TIMESCALE = "`timescale 1ns / 1ps\n"


class SimulationFailed(Exception):
    """A simulator came to an end without a result. The message has the end of its log."""


@dataclass(frozen=True)
class BuiltDesign:
    """A design that is ready to be simulated.

    Attributes
    ----------
    simulator : :class:`sim.toolchain.simulators.Simulator`
        Its simulator.
    file : :class:`Path`
        The file that the simulator runs.
    """

    simulator: Simulator
    file:      Path

    def test(self, module: str, folder: Path, *, seed: int = 0, settings: str = "",
             waiting: Callable[[], None] = lambda: None) -> bool:
        """Run the cocotb tests of a Python ``module``; return True if they all passed.

        The module is found where this process finds its own. The simulator runs in ``folder``,
        which gets the log and whatever the tests write. Meanwhile ``waiting`` is called from time
        to time. Raises :class:`SimulationFailed`, and :class:`sim.errors.Unavailable`.
        """
        from cocotb_tools.check_results import get_results

        folder = folder.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        results, log = folder / "results.xml", folder / "cocotb.log"
        for old in (results, log):
            old.unlink(missing_ok=True)
        environment = self.simulator.environment(module) | {
            "COCOTB_RESULTS_FILE": str(results), "COCOTB_RANDOM_SEED": str(seed),
            SETTINGS: settings}
        with suppress(ProgramFailed):
            run(self.simulator.command(self.file), log=log, waiting=waiting,
                environment=environment)
        try:
            tests, failures = get_results(results)
        except RuntimeError:
            raise SimulationFailed(f"the simulator ended early:\n{_tail(log)}") from None
        return tests > 0 and not failures

    def play(self, module: str, settings: RunSettings, folder: Path, *,
             waiting: Callable[[], None] = lambda: None) -> RunResult:
        """Have the cocotb tests of ``module`` play rounds; return their result.

        ``folder`` gets the log, the coverage and the result. Raises as :meth:`test` does, also if
        there is no result, or if it has no failure although one of the tests failed.
        """
        file = folder / RESULT
        file.unlink(missing_ok=True)
        passed = self.test(module, folder, seed=settings.seed, settings=str(settings),
                           waiting=waiting)
        result = RunResult.load(file) if file.exists() else None
        if result is None or not passed and result.failure is None:
            raise SimulationFailed(f"{module} ended early:\n{_tail(folder / 'cocotb.log')}")
        return result


def build(component: Any, simulator: str = "verilator") -> BuiltDesign:
    """Build ``component``, an Amaranth component, for "verilator" or "icarus".

    What is built is kept in the user's cache. Raises :class:`sim.errors.Unavailable` if something
    is missing, or fails.
    """
    tool  = SIMULATORS[simulator](TOP, who=WHO)
    text  = TIMESCALE + verilog(component, name=TOP)
    ports = ["clk", "rst", *port_names(component).values()]

    def write(compiling: Compiler) -> Path:
        compiling.write(f"{TOP}.v", text)
        return compiling.folder / f"{TOP}.v"

    return BuiltDesign(tool, tool.kept(write, ports, text))


def _tail(log: Path) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-30:])
