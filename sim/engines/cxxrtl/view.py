"""Signals of a waveform, as a design of their own.

It computes the view from ports of the machine, and only while there is a waveform. So a machine
with one is the same machine as without.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from amaranth import Cat, Elaboratable, Module, Signal, Value
from amaranth.back import rtlil

from sim.engines.testbench import Testbench


__all__ = ["View", "view_rows"]


class View(Elaboratable):
    """The view of a testbench, which is combinational.

    Parameters
    ----------
    bench : :class:`sim.engines.testbench.Testbench`
        A testbench with a view.
    ports : mapping of :class:`str` to :class:`Value`
        Signals of the testbench that are ports already, by the names of these.

    Attributes
    ----------
    further : :class:`dict` of :class:`Value`
        Signals that must become ports of the machine, by names for them.
    inputs : :class:`dict` of :class:`str`
        The port of the machine for each input, by their names.
    """

    def __init__(self, bench: Testbench, ports: Mapping[str, Value]):
        self._value = Cat(bench.views)
        self._view  = Signal(len(bench.view), name="view")
        known       = {id(value): name for name, value in ports.items()}
        # The signals of an expression: what would be its sensitivity list.
        signals     = list(self._value._rhs_signals())
        self.further: dict[str, Value] = {}
        for signal in signals:
            if id(signal) not in known:
                name = f"out_view_{len(self.further)}"
                self.further[name] = signal
                known[id(signal)]  = name
        self._inputs = [(Signal(len(signal), name=f"in_{number}"), signal)
                        for number, signal in enumerate(signals)]
        self.inputs  = {port.name: known[id(signal)] for port, signal in self._inputs}

    def elaborate(self, platform: Any) -> Module:
        """Put the view together."""
        m = Module()
        m.d.comb += [signal.eq(port) for port, signal in self._inputs]
        m.d.comb += self._view.eq(self._value)
        return m

    def text(self) -> str:
        """The design in RTLIL."""
        found: str = rtlil.convert(self, ports=[*(port for port, _ in self._inputs), self._view],
                                   emit_src=False)
        return found


def view_rows(words: memoryview, width: int) -> Iterator[tuple[int, int]]:
    """The cycles in a log of views that are ``width`` bits wide, and the view in each."""
    stride = 2 + -(-width // 32)
    for start in range(0, len(words), stride):
        row = int.from_bytes(words[start:start + stride], "little")
        yield row & (1 << 64) - 1, row >> 64
