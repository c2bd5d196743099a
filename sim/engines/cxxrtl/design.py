"""The design as CXXRTL takes it: a clock, and a port for each signal that is driven or sampled."""

from collections.abc import Iterator, Mapping
from typing import Any

from amaranth import Elaboratable, Module, Signal, Value
from amaranth.back import rtlil
from amaranth.lib import data

from hw.bus import (
    AccessRequest, AccessResponse, ControlOp, ControlRequest, ControlResponse, ControlState,
)
from hw.layout import AccessKind, Fault
from sim.engines.bench import Bench
from sim.yosys import yosys
from sw.pieces import CHUNK


__all__ = ["code", "header", "text"]


#: Without names for debuggers: they would take as long to compile as the design.
SCRIPT = "read_rtlil <<rtlil\n{}\nrtlil\nwrite_cxxrtl -g0\n"

#: Packed ports of a socket, and what is in them.
LAYOUTS = {
    "request": AccessRequest, "response": AccessResponse, "control": ControlRequest,
    "controlled": ControlResponse, "state": ControlState,
}


class Top(Elaboratable):
    """A bench, and ports with names that C++ can use.

    They are not packed: to put a wide signal together takes longer than the unit itself.

    Attributes
    ----------
    ports : :class:`list` of :class:`Signal`
        Its ports.
    """

    def __init__(self, bench: Bench):
        self._bench = bench
        self._in    = [(Signal(len(value), name=f"in_{name}"), value)
                       for name, value in _all(bench, "inputs").items()]
        self._out   = [(Signal(len(value), name=f"out_{name}"), value)
                       for name, value in _all(bench, "outputs").items()]
        self.ports  = [bench.clock.clk, *(port for port, _ in (*self._in, *self._out))]
        if bench.shown:
            self.ports.append(bench.view)

    def elaborate(self, platform: Any) -> Module:
        """Connect the ports."""
        m = Module()
        m.submodules.bench = self._bench
        m.d.comb += [value.eq(port) for port, value in self._in]
        m.d.comb += [port.eq(value) for port, value in self._out]
        return m


def text(bench: Bench) -> str:
    """The design in RTLIL: equal texts are equal designs."""
    top = Top(bench)
    return rtlil.convert(top, ports=top.ports)


def code(rtlil_text: str) -> str:
    """The design in C++. Raises :class:`sim.engine.Unavailable` if Yosys cannot make it."""
    return yosys(SCRIPT.format(rtlil_text), who="the engine cxxrtl")


def header(bench: Bench) -> str:
    """A C++ header that names the ports, their widths, and the fields of packed ones."""
    lines = ["#pragma once"]
    for number, socket in enumerate(bench.sockets):
        lines += [f"struct Cpu{number} {{",
                  *_ports("in", socket.inputs, f"in_{number}_"),
                  *_ports("out", socket.outputs, f"out_{number}_"),
                  "};"]
    lines += ["struct Shared {", *_ports("in", bench.inputs, "in_"),
              *_ports("out", bench.outputs, "out_"), "};"]
    lines += [line for name, layout in LAYOUTS.items() for line in _fields(name, layout)]
    view    = "(top).p_view" if bench.shown else "cxxrtl_yosys::value<1>{}"
    names   = " ".join(f"X({name})" for name in bench.sockets[0].outputs)
    sockets = ", ".join(f"Socket<Cpu{number}>" for number in range(len(bench.sockets)))
    return "\n".join([
        *lines,
        f"using Sockets = std::tuple<{sockets}>;",
        f"constexpr uint64_t fault_none = {Fault.NONE.value}, "
        f"fault_skipped = {Fault.SKIPPED.value};",
        f"constexpr uint64_t kind_read = {AccessKind.READ.value}, "
        f"kind_write = {AccessKind.WRITE.value}, op_write = {ControlOp.WRITE.value};",
        f"#define SAMPLED(X) {names}",
        f"constexpr size_t string_bytes = {CHUNK};",
        f"constexpr size_t view_width = {len(bench.view) or 1};",
        f"#define VIEW(top) {view}",
        "",
    ])


def _all(bench: Bench, direction: str) -> dict[str, Value]:
    """Inputs or outputs of a bench: those of sockets by number and name, shared ones by name."""
    found = {f"{number}_{name}": value for number, socket in enumerate(bench.sockets)
             for name, value in getattr(socket, direction).items()}
    return found | getattr(bench, direction)


def _ports(direction: str, ports: Mapping[str, Value], prefix: str) -> Iterator[str]:
    yield f"struct {direction} {{"
    for name, value in ports.items():
        mangled = f"p_{(prefix + name).replace('_', '__')}"
        yield (f"struct {name} {{ static constexpr size_t width = {len(value)}; "
               f"template<class Top> static auto &of(Top &top) {{ return top.{mangled}; }} }};")
    yield "};"


def _fields(name: str, layout: Any) -> Iterator[str]:
    yield f"namespace {name}_fields {{"
    for field, place in data.Layout.cast(layout):
        escape = "_" if field == "register" else ""  # a word of C++
        yield f"constexpr Field {field}{escape}{{{place.offset}, {place.width}}};"
    yield "}"
