"""The design as CXXRTL takes it: a clock, and a port for each signal that is driven or sampled."""

from collections.abc import Iterator, Mapping
from typing import Any

from amaranth import Elaboratable, Module, Signal, Value
from amaranth.back import rtlil
from amaranth.lib import data

from hw.bus import ControlOp
from hw.layout import AccessKind, Fault
from sim.engines.testbench import Testbench
from sim.record.decoding import TLB_STROBES
from sim.record.signals import SIGNALS

from .view import View


__all__ = ["designs", "header", "mangled"]


class Top(Elaboratable):
    """A testbench, and ports with names that C++ can use.

    They are not packed: to put a wide signal together takes longer than the unit itself.

    Attributes
    ----------
    ports : :class:`list` of :class:`Signal`
        Its ports.
    """

    def __init__(self, bench: Testbench):
        self._bench = bench
        self._in    = _named({f"in_{name}": value for name, value in _all(bench, "inputs").items()})
        outputs     = {f"out_{name}": value for name, value in _all(bench, "outputs").items()}
        self.view   = View(bench, outputs) if bench.shown else None
        if self.view is not None:
            outputs |= self.view.further
        self._out   = _named(outputs)
        self.ports  = [bench.clock.clk, *(port for port, _ in (*self._in, *self._out))]

    def elaborate(self, platform: Any) -> Module:
        """Connect the ports."""
        m = Module()
        m.submodules.bench = self._bench
        m.d.comb += [value.eq(port) for port, value in self._in]
        m.d.comb += [port.eq(value) for port, value in self._out]
        return m


def designs(bench: Testbench) -> tuple[dict[str, str], View | None]:
    """The designs in RTLIL, and the one that is called ``view`` if the testbench has any.

    Equal texts are equal designs, wherever they come from.
    """
    top   = Top(bench)
    found = {"design": rtlil.convert(top, ports=top.ports, emit_src=False)}
    if top.view is not None:
        found["view"] = top.view.text()
    return found, top.view


def header(bench: Testbench, view: View | None) -> str:
    """A C++ header that names the ports, their widths, and the fields of packed ones."""
    lines = ["#pragma once", '#include "port.h"', "#include <cstddef>", "#include <cstdint>",
             "#include <tuple>"]
    for number, processor_port in enumerate(bench.processor_ports):
        lines += [f"struct Cpu{number} {{",
                  *_ports("in", processor_port.inputs, f"in_{number}_"),
                  *_ports("out", processor_port.outputs, f"out_{number}_"),
                  "};"]
    lines += ["struct Shared {", *_ports("in", bench.inputs, "in_"),
              *_ports("out", bench.outputs, "out_"), "};"]
    lines += [line for name, signal in SIGNALS.items()
              if signal.layout is not None for line in _fields(name, signal.layout)]
    each    = ", ".join(f"Port<Cpu{number}>" for number in range(len(bench.processor_ports)))
    return "\n".join([
        *lines,
        f"template<template<class> class Port> using EachCpu = std::tuple<{each}>;",
        f"constexpr uint64_t fault_none = {Fault.NONE.value}, "
        f"fault_page_fault = {Fault.PAGE_FAULT.value};",
        f"constexpr uint32_t tlb_strobes = {TLB_STROBES};",
        f"constexpr uint64_t kind_read = {AccessKind.READ.value}, "
        f"kind_write = {AccessKind.WRITE.value}, op_write = {ControlOp.WRITE.value};",
        *_viewing(bench, view),
        "",
    ])


def mangled(port: str) -> str:
    """The name of a port in C++."""
    return f"p_{port.replace('_', '__')}"


def _all(bench: Testbench, direction: str) -> dict[str, Value]:
    """Inputs or outputs of a testbench: of processor ports by number and name, others by name."""
    found = {f"{number}_{name}": value for number, port in enumerate(bench.processor_ports)
             for name, value in getattr(port, direction).items()}
    shared: dict[str, Value] = getattr(bench, direction)
    return found | shared


def _named(values: Mapping[str, Value]) -> list[tuple[Signal, Value]]:
    """A port for each value."""
    return [(Signal(len(value), name=name), value) for name, value in values.items()]


def _viewing(bench: Testbench, view: View | None) -> Iterator[str]:
    """Lines of C++ that bring the ports of the machine to those of the view."""
    if view is None:
        return
    yield f"constexpr size_t view_width = {len(bench.view)};"
    yield "template<class Top, class View> void show(const Top &top, View &view) {"
    for name, port in view.inputs.items():
        yield f"view.{mangled(name)} = read(top.{mangled(port)});"
    yield "}"


def _ports(direction: str, ports: Mapping[str, Value], prefix: str) -> Iterator[str]:
    yield f"struct {direction} {{"
    for name, value in ports.items():
        yield (f"struct {name} {{ static constexpr size_t width = {len(value)}; "
               f"template<class Top> static auto &of(Top &top) "
               f"{{ return top.{mangled(prefix + name)}; }} }};")
    yield "};"


def _fields(name: str, layout: Any) -> Iterator[str]:
    yield f"namespace {name}_fields {{"
    for name_of_field, field in data.Layout.cast(layout):
        escape = "_" if name_of_field == "register" else ""  # a word of C++
        yield f"constexpr Field {name_of_field}{escape}{{{field.offset}, {field.width}}};"
    yield "}"
