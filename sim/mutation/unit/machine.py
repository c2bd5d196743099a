# amaranth: UnusedElaboratable=no
"""The compiled unit with its mutants: one library for all of them."""

import ctypes
import re
from array import array
from collections.abc import Callable
from functools import cache, partial

from amaranth.lib.wiring import Component

from hw.mmu import Mmu
import sim.engines.cxxrtl
from sim.engines.cxxrtl import pins, ports
from sim.engines.cxxrtl.library import Sources, library, package_files
from sim.engines.cxxrtl.native import Address, Handle
from sim.engines.cxxrtl.pins import Pins, pins_header, pins_table
from sim.engines.cxxrtl.ports import mangled
from sim.engines.cxxrtl.simulator import Simulator
from sim.engines.cxxrtl.structures import Number, Word
from sim.engines.testbench import Testbench
from sim.mutation.mutant import Draw
from sim.record.signals import SIGNALS
from sim.toolchain.compiler import Prototype

from .mutants import CONFIG, design


__all__ = ["Machine"]


#: Files of the engine as they are.
FILES = ("lone_unit.h", "memory.h", "port.h", "sequences.h", "simulator.cc", "target.h",
         "unit_driver.h", "vector_unit.h", "vectors.h")

FUNCTIONS: tuple[Prototype, ...] = (
    *pins.FUNCTIONS,
    ("choose_mutant", None,   [Word]),
    ("hold_reset",    None,   [Handle, Word]),
    ("traced_reset",    None, [Handle]),
    ("traced_settle",   None, [Handle]),
    ("traced_evaluate", None, [Handle]),
    ("traced_advance",  None, [Handle]),
    ("trace_begin",     None, []),
    ("trace_end",       Word, []),
    ("trace_differs",   Word, [Word]),
    ("vectors_new",   Handle, []),
    ("vectors_run",   Number, [Handle, Address, Number, Address]),
    ("sequences_new", Handle, []),
    ("sequences_run", Number, [Handle, Address, Number, Address]),
)

#: Ports of the unit by the names that the engine has for them, beside those of a sample.
PORTS = {"response_ready": "access.response.ready", "controlled_ready": "control.response.ready",
         "maxphyaddr": "maxphyaddr"}


class Machine:
    """A compiled unit of which one mutant is active.

    Raises :class:`sim.errors.Unavailable` without what compiles it.

    Parameters
    ----------
    draw : :class:`sim.mutation.mutant.Draw`
        The mutants.

    Attributes
    ----------
    vectors, sequences : :class:`sim.vectors.engines.compiled_sequences.Rows`
        The unit for access vectors of either version.
    pins : type
        The unit and its ports, with a function ``hold_reset`` of its reset's level.
    simulator : type
        The stand-in for Amaranth's simulator on this unit, whatever unit it is given.
    begin_trace, end_trace : callable
        Begin to note what testbenches do in that simulator, and see; end it: the trace's number.
    differs : callable
        Tells whether the testbenches of a trace, by its number, might see something else with the
        mutant that is active. If not, they would do the same and end as they did.
    """

    def __init__(self, draw: Draw):
        calls = _compiled(draw)
        self._choose   = calls.choose_mutant
        self.vectors   = _Rows(calls.vectors_new, calls.vectors_run)
        self.sequences = _Rows(calls.sequences_new, calls.sequences_run)

        self.begin_trace: Callable[[], None] = calls.trace_begin
        self.end_trace: Callable[[], int]    = calls.trace_end
        self.differs: Callable[[int], int]   = calls.trace_differs

        class MutantPins(Pins):
            def __init__(self, component: Component):
                super().__init__(component)
                self.hold_reset = partial(calls.hold_reset, self._handle)

            def _library(self, component: Component) -> ctypes.CDLL:
                return calls

        class TracedPins(MutantPins):
            def __init__(self, component: Component):
                super().__init__(component)
                self._reset   = partial(calls.traced_reset, self._handle)
                self.settle   = partial(calls.traced_settle, self._handle)
                self.evaluate = partial(calls.traced_evaluate, self._handle)
                self.advance  = partial(calls.traced_advance, self._handle)

        class MutantSimulator(Simulator):
            PINS = TracedPins

        self.pins      = MutantPins
        self.simulator = MutantSimulator

    def choose(self, number: int) -> None:
        """Have this mutant active from each unit's next reset on; 0 is none."""
        self._choose(number)


class _Rows:
    """A unit for rows of numbers."""

    def __init__(self, new: Callable[[], int], run: Callable[..., int]):
        self._handle = Handle(new())
        self._run    = run

    def run(self, rows: "array[int]", count: int, size: int) -> list[int]:
        """Carry out ``count`` rows; return their outcomes, ``size`` numbers together."""
        outcomes = array("Q", bytes(8 * size))
        self._run(self._handle, rows.buffer_info()[0], count, outcomes.buffer_info()[0])
        return outcomes.tolist()


@cache
def _compiled(draw: Draw) -> ctypes.CDLL:
    """The library."""
    def made() -> Sources:
        engine = package_files(sim.engines.cxxrtl.__name__, "clock.h", *FILES)
        return Sources({"design": design(draw)}, {
            **engine, **package_files(__package__, "clock.h", "mutants.cc", "traces.h"),
            "plain_clock.h": engine["clock.h"], "pins.h": pins_header(Mmu(CONFIG)),
            "ports.h": _ports_header(), "traced.h": _traced_header(),
        }, main="mutants.cc")

    return library(made, FUNCTIONS)


def _traced_header() -> str:
    """Words of each port, and whether it is an input."""
    words, driven = zip(*pins_table(Mmu(CONFIG)), strict=True)
    return (f"#pragma once\n#include <cstddef>\nconstexpr std::size_t port_count = {len(words)};\n"
            f"constexpr std::size_t port_words[] = {{{', '.join(map(str, words))}}};\n"
            f"constexpr bool port_driven[] = {{{', '.join(str(int(each)) for each in driven)}}};\n")


def _ports_header() -> str:
    """The engine's header, with the names that the ports of a unit by itself have.

    Ports that such a unit lacks are named in it, and never used.
    """
    bench = Testbench(CONFIG, view=False)
    paths = {name: signal.path.removeprefix("unit.") for name, signal in SIGNALS.items()} | PORTS
    names = {mangled(f"{direction}_{number}{name}"): mangled(path.replace(".", "__"))
             for name, path in paths.items() for direction in ("in", "out")
             for number in ("", "0_")}
    return re.sub(r"(?<=top\.)p_\w+", lambda found: names.get(found[0], found[0]),
                  ports.header(bench, None))
