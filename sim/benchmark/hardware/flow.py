"""Synthesis, and place and route, of a unit alone. What they make is kept by its content."""

import json
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth.back import rtlil

from sim.boards.nextpnr import overfull, parse
from sim.boards.tools import find_tool
from sim.errors import Unavailable
from sim.toolchain.cache import name_of
from sim.toolchain.compiler import Compiler, kept

from .path import CriticalPath, critical_path
from .targets import Target


__all__ = ["Flow", "Placement"]


WHO = "bench hardware"

#: What Yosys writes of all that it does.
YOSYS_LOG = "yosys.log"

#: Key of our own in what is kept of a design that does not fit.
UNFIT = "dragoncage_unfit"


@dataclass(frozen=True)
class Placement:
    """A design that was placed and routed with one seed.

    Attributes
    ----------
    seed : :class:`int`
        The seed.
    fmax_hz : :class:`float`
        The highest clock.
    path : :class:`.path.CriticalPath`
        What limits it.
    """

    seed:    int
    fmax_hz: float
    path:    CriticalPath


class Flow:
    """Programs that bring a unit to one target.

    Raises :class:`sim.errors.Unavailable` if one is not installed, and so do the methods if one
    fails.

    Parameters
    ----------
    target : :class:`.targets.Target`
        The FPGA.
    announce : callable
        Called several times a second with what is being done.

    Attributes
    ----------
    tools : sequence of :class:`str`
        Names and versions of the programs.
    """

    def __init__(self, target: Target, *, announce: Callable[[str], None]):
        self._target   = target
        self._announce = announce
        self._yosys, self._router = find_tool("yosys"), find_tool(target.router)
        said = [_version(self._yosys, "-V"), _version(self._router, "--version")]
        self._versions = said
        self.tools     = [_short(name, text)
                          for name, text in zip(("Yosys", target.router), said, strict=True)]

    def cells(self, unit: Any) -> dict[str, int]:
        """Count the cells that synthesis makes of a unit, without anything around it."""
        text   = rtlil.convert(unit, name="unit", emit_src=False)
        script = f"{self._target.synthesis} -top unit; tee -o made.json stat -json"
        found  = json.loads(self._synthesised(text, script).read_text(encoding="utf-8"))
        try:
            return self._target.count(found["design"]["num_cells_by_type"])
        except (KeyError, TypeError) as error:
            raise Unavailable(f"{WHO}: the statistics of Yosys make no sense: {error!r}") from error

    def placements(self, unit: Any, seeds: Sequence[int]) -> list[Placement] | str:
        """Place and route a unit in the target's wrapper; or return why it does not fit."""
        text    = rtlil.convert(self._target.wrapper(unit), name="top", emit_src=False)
        netlist = self._synthesised(text, f"{self._target.synthesis} -top top -json made.json")
        found   = []
        for seed in seeds:
            report = self._routed(netlist, seed)
            if UNFIT in report:
                return str(report[UNFIT])
            found.append(_placement(report, seed))
        return found

    def _synthesised(self, text: str, script: str) -> Path:
        """The file ``made.json`` of a script that goes on from a design in RTLIL."""
        def make(compiler: Compiler) -> Path:
            compiler.write("design.il", text)
            self._run_yosys(compiler, f"read_rtlil design.il; {script}")
            return compiler.folder / "made.json"

        return kept(name_of(text, script, self._versions[0]), make, who=WHO,
                    waiting=lambda: self._announce("synthesis"))

    def _run_yosys(self, compiler: Compiler, script: str) -> None:
        """Run a script. If it fails, the reason is the error in the log that Yosys itself keeps.

        YoWASP's Yosys 0.70 prints nothing once it has run ABC, not even its error.
        """
        try:
            compiler.run([self._yosys, "-q", "-l", YOSYS_LOG, "-p", script], called="Yosys")
        except Unavailable as failure:
            log    = compiler.folder / YOSYS_LOG
            lines  = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
            errors = [line for line in lines if line.startswith("ERROR: ")]
            if not errors:
                raise
            raise Unavailable(f"{WHO}: Yosys failed: {errors[0]}") from failure

    def _routed(self, netlist: Path, seed: int) -> Mapping[str, Any]:
        """The report of nextpnr; of a design that does not fit, one of our own."""
        options = [*self._target.options, "--seed", str(seed), "--timing-allow-fail"]

        def make(compiler: Compiler) -> Path:
            made    = compiler.folder / "made.json"
            # A program of YoWASP sees files in its folder alone.
            compiler.write("netlist.json", netlist_text)
            command = [self._router, *options, "--json", "netlist.json", "--report", made.name]
            try:
                compiler.run(command, called=self._target.router)
            except Unavailable:
                full = overfull((compiler.folder / "log").read_text(encoding="utf-8",
                                                                    errors="replace"))
                if not full:
                    raise
                compiler.write(made.name, json.dumps({UNFIT: ", ".join(full)}))
            return made

        netlist_text = netlist.read_text(encoding="utf-8")
        name = name_of(netlist_text, self._target.router, *options, self._versions[1])
        made = kept(name, make, who=WHO,
                    waiting=lambda: self._announce(f"place and route, seed {seed}"))
        report: Mapping[str, Any] = json.loads(made.read_text(encoding="utf-8"))
        return report


def _placement(report: Mapping[str, Any], seed: int) -> Placement:
    try:
        [clock] = parse(json.dumps(report)).clocks
        path    = critical_path(report, clock.name)
        if path is None:
            raise ValueError("it has no path between flip-flops")
    except (KeyError, TypeError, ValueError) as error:
        raise Unavailable(f"{WHO}: the report of nextpnr makes no sense: {error}") from error
    return Placement(seed, clock.achieved_hz, path)


def _version(program: str, option: str) -> str:
    """All that a program prints of its version."""
    done = subprocess.run([program, option], capture_output=True, encoding="utf-8",
                          errors="replace")
    return done.stdout + done.stderr


def _short(name: str, text: str) -> str:
    """A program's name, and its version in what it has printed."""
    found = re.search(r"\d+\.\d[\w.+-]*", text)
    return f"{name} {found[0] if found else 'of unknown version'}"
