"""The design as CXXRTL takes it: a clock, and a port for each signal that is driven or sampled."""

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from amaranth import Elaboratable, Module, Signal
from amaranth.back import cxxrtl, rtlil

from sim.engines.bench import Bench


__all__ = ["code", "header", "text"]


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
        self._in    = [Signal(len(value), name=f"in_{name}")
                       for name, value in bench.inputs.items()]
        self._out   = [Signal(width, name=f"out_{name}")
                       for name, (_, width) in bench.places.items()]
        self.ports  = [bench.clock.clk, *self._in, *self._out]
        if bench.shown:
            self.ports.append(bench.view)

    def elaborate(self, platform: Any) -> Module:
        """Connect the ports."""
        m = Module()
        m.submodules.bench = self._bench
        m.d.comb += [value.eq(port) for value, port
                     in zip(self._bench.inputs.values(), self._in, strict=True)]
        m.d.comb += [port.eq(self._bench.probe[offset:offset + width]) for port, (offset, width)
                     in zip(self._out, self._bench.places.values(), strict=True)]
        return m


def text(bench: Bench) -> str:
    """The design in RTLIL: equal texts are equal designs."""
    top = Top(bench)
    return rtlil.convert(top, ports=top.ports)


def code(bench: Bench) -> str:
    """The design in C++. ``bench`` must not have been converted before."""
    top = Top(bench)
    with warnings.catch_warnings():
        # Ports that depend on ports of the same unit: CXXRTL then evaluates until all is stable.
        warnings.filterwarnings("ignore", message="Design contains feedback wires")
        return cxxrtl.convert(top, ports=top.ports)


def header(bench: Bench) -> str:
    """A C++ header that names the ports and their widths."""
    inputs  = {name: len(value) for name, value in bench.inputs.items()}
    outputs = {name: width for name, (_, width) in bench.places.items()}
    view    = "(top).p_view" if bench.shown else "cxxrtl_yosys::value<1>{}"
    return "\n".join([
        "#pragma once",
        *_namespace("in", inputs),
        *_namespace("out", outputs),
        f"#define SAMPLED(X) {' '.join(f'X({name})' for name in outputs)}",
        f"constexpr size_t view_width = {len(bench.view) or 1};",
        f"#define VIEW(top) {view}",
        "",
    ])


def _namespace(direction: str, ports: Mapping[str, int]) -> Iterable[str]:
    yield f"namespace {direction} {{"
    for name, width in ports.items():
        mangled = f"p_{direction}_{name}".replace("_", "__").replace("p__", "p_", 1)
        yield (f"struct {name} {{ static constexpr size_t width = {width}; template<class Top> "
               f"static auto &of(Top &top) {{ return top.{mangled}; }} }};")
    yield "}"
