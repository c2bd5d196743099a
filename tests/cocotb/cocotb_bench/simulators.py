"""On the host: a component as Verilog, built for a simulator, and cocotb run in it."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from sim.toolchain.compiler import Compiler, kept, tool
from sim.toolchain.verilator import verilator
from sim.verilog import verilog

from .reports import Report


__all__ = ["SIMULATORS", "Built", "Orders", "build"]


ORDERS  = "BENCH_ORDERS"    # environment variable
RESULT  = "result.json"
MODULE  = "mmu"
TIMES   = ("1ns", "1ps")

#: Icarus knows X, and compiles at once; Verilator runs faster.
SIMULATORS = ("verilator", "icarus")

WHO     = "the cocotb regression"

#: In one piece, since the package cannot make precompiled headers. cocotb makes all signals
#: visible, which costs time in building and in running.
VERILATOR = ("-Wno-fatal", "-Wno-lint", "--output-split", "0", "--no-public-flat-rw")

#: Models are small, and run at Python's speed: g++ need not do its best.
MAKE = "OPT_FAST=-O1 OPT_GLOBAL=-O1 OPT_SLOW=-O0"


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What the simulator's side is to do.

    Attributes
    ----------
    preset : :class:`str`
        Configuration of the unit.
    first, least : :class:`int`
        Number of the first round, and how many to play at least.
    most : :class:`int`
        How many to play at most while the coverage has holes.
    """

    preset: str
    first:  int = 0
    least:  int = 1
    most:   int = 0

    @classmethod
    def received(cls) -> "Orders":
        """Those that this process was given."""
        return cls(**json.loads(os.environ[ORDERS]))


@dataclass(frozen=True)
class Built:
    """A design that is ready to be simulated.

    Attributes
    ----------
    simulator : :class:`str`
        "verilator" or "icarus".
    folder : :class:`Path`
        Where everything of it is.
    """

    simulator: str
    folder:    Path

    def simulate(self, module: str, folder: Path, *, seed: int = 0, orders: str = "") -> bool:
        """Run the cocotb tests of ``module``; return whether they all passed.

        ``folder`` gets the log, and what the tests write. Raises :class:`RuntimeError` with the
        end of the log if the simulator came to an end without a result.
        """
        folder.mkdir(parents=True, exist_ok=True)
        results, log = folder / "results.xml", folder / "cocotb.log"
        # What fails in the simulator makes cocotb end this process too.
        with _environment({}), suppress(RuntimeError, SystemExit):
            get_runner(self.simulator).test(
                test_module=module, hdl_toplevel=MODULE, hdl_toplevel_lang="verilog",
                build_dir=self.folder, test_dir=folder, timescale=TIMES, seed=seed, log_file=log,
                results_xml=str(results), extra_env={ORDERS: orders})
        try:
            tests, failures = get_results(results)
        except RuntimeError:
            raise RuntimeError(f"{self.simulator} ended early:\n{_tail(log)}") from None
        return tests > 0 and not failures

    def run(self, module: str, orders: Orders, *, seed: int, folder: Path) -> Report:
        """Have the cocotb tests of ``module`` follow ``orders``; return what they report.

        ``folder`` gets the log, the coverage and the report. Raises :class:`RuntimeError` with the
        end of the log if there is no report, or if it knows of no failure although one of the
        tests failed.
        """
        report = folder / RESULT
        report.unlink(missing_ok=True)
        passed = self.simulate(module, folder, seed=seed, orders=json.dumps(asdict(orders)))
        said   = Report(**json.loads(report.read_text())) if report.exists() else None
        if said is None or not passed and said.failure is None:
            raise RuntimeError(f"{module} ended early:\n{_tail(folder / 'cocotb.log')}")
        return said


def build(component: Any, simulator: str, folder: Path) -> Built:
    """Build ``component``, an Amaranth component, for ``simulator`` in ``folder``.

    What Verilator makes is kept in the user's cache. Raises :class:`RuntimeError` with the end of
    the log if a build fails, and :class:`sim.errors.Unavailable` if something is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = verilog(component, name=MODULE)
    if simulator == "icarus":
        tool("iverilog", who=WHO, what="Icarus Verilog")
        _compile("icarus", text, folder)
    else:
        visible = _visible(component)
        program, environment = verilator(who=WHO)
        # cocotb looks for the script of that name, which is beside the program.
        path = f"{Path(program).parent}{os.pathsep}{environment['PATH']}"

        def make(compiling: Compiler) -> Path:
            _compile("verilator", text, compiling.folder, visible,
                     {**environment, "PATH": path,
                      "MAKEFLAGS": f"{environment['MAKEFLAGS']} {MAKE}"})
            return compiling.folder / MODULE

        name = f"{_key(text, visible, *VERILATOR, MAKE)}-regression"
        place = folder / MODULE
        place.unlink(missing_ok=True)
        place.symlink_to(kept(name, make, who=WHO))
    return Built(simulator, folder)


def _compile(simulator: str, text: str, folder: Path, visible: str = "",
             environment: Mapping[str, str] = MappingProxyType({})) -> None:
    """Have cocotb build the Verilog ``text`` in ``folder``."""
    source, log = folder / f"{MODULE}.v", folder / "build.log"
    source.write_text(text)
    sources, arguments = [source], []
    if visible:
        (folder / "visible.vlt").write_text(visible)
        sources.insert(0, folder / "visible.vlt")
        arguments = list(VERILATOR)
    with _environment(environment):
        try:
            get_runner(simulator).build(
                sources=sources, hdl_toplevel=MODULE, build_dir=folder, build_args=arguments,
                timescale=TIMES, log_file=log)
        except (RuntimeError, SystemExit) as failure:
            raise RuntimeError(f"{simulator} cannot build: {failure}\n{_tail(log)}") from None


def _visible(component: Any) -> str:
    """What Verilator is to make visible: the ports."""
    names = ["clk", "rst"] + ["__".join(map(str, place)) for place, _, _
                              in component.signature.flatten(component)]
    return "\n".join(["`verilator_config"] + [
        f'public_flat_rw -module "{MODULE}" -var "{name}"' for name in names]) + "\n"


def _key(*parts: str) -> str:
    """A name for what is made of ``parts`` by the tools that are installed."""
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True).stdout
    tools    = (version("verilator"), version("cocotb"), compiler, sys.prefix)
    return hashlib.sha256("\0".join([*parts, *tools]).encode()).hexdigest()[:32]


@contextmanager
def _environment(more: Mapping[str, str]) -> Iterator[None]:
    """Have ``more`` in the environment, and restore it afterwards."""
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-30:]) if log.exists() else ""
