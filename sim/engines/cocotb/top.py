"""The testbench for a simulator of Verilog: ports with plain names, and sampled registers."""

from typing import Any

from amaranth import ClockDomain, Elaboratable, Module, Signal
from amaranth.back import rtlil

from sim.engines.packed import PackedTestbench, parts
from sim.engines.testbench import Testbench


__all__ = ["TOP", "inputs", "text"]


#: Name of the module, which has the ports ``clk``, :func:`inputs`, ``probe`` and ``view``.
TOP = "machine"


def inputs(bench: Testbench) -> list[dict[str, str]]:
    """Names of the module's inputs, by those of the testbench, for each of its parts."""
    return [{name: f"in_{number}_{name}" for name in part.inputs}
            for number, part in enumerate(parts(bench))]


class Top(Elaboratable):
    """A testbench, whose probe and view are kept at each clock edge until the next.

    So Python finds there what was sampled, whichever of an edge's events it wakes up by.
    """

    def __init__(self, bench: Testbench):
        self._packed = PackedTestbench(bench)
        self._inputs = [(Signal(len(part.inputs[name]), name=port), part.inputs[name])
                        for part, names in zip(parts(bench), inputs(bench), strict=True)
                        for name, port in names.items()]
        self._probe  = Signal(len(self._packed.probe), name="probe")
        self._view   = Signal(len(bench.view), name="view")
        self.ports   = [bench.clock.clk, *(port for port, _ in self._inputs),
                        self._probe, self._view]

    def elaborate(self, platform: Any) -> Module:
        """Connect the ports."""
        m = Module()
        m.domains.probe = clock = ClockDomain(reset_less=True)
        m.submodules.packed = self._packed
        m.d.comb += [value.eq(port) for port, value in self._inputs]
        m.d.comb += clock.clk.eq(self._packed.bench.clock.clk)
        m.d.probe += [self._probe.eq(self._packed.probe), self._view.eq(self._packed.bench.view)]
        return m


def text(bench: Testbench) -> str:
    """The design in RTLIL: equal texts are equal designs."""
    top = Top(bench)
    design: str = rtlil.convert(top, name=TOP, ports=top.ports, emit_src=False)
    return design
