"""A testbench with all that is sampled packed into one signal, which is read much faster."""

from itertools import accumulate
from typing import Any

from amaranth import Cat, Elaboratable, Module, Signal

from sim.record.signals import Sample

from .testbench import ProcessorPort, Testbench


__all__ = ["PackedTestbench", "parts"]


def parts(bench: Testbench) -> list[ProcessorPort | Testbench]:
    """All with inputs and outputs: each processor port, and the testbench for the shared ones."""
    return [*bench.processor_ports, bench]


class PackedTestbench(Elaboratable):
    """A testbench with a probe.

    Attributes
    ----------
    bench : :class:`.testbench.Testbench`
        The testbench.
    probe : :class:`Signal`
        The signals of every processor port, then those that are shared.
    """

    def __init__(self, bench: Testbench):
        self.bench    = bench
        self._signals = [signal for part in parts(bench)
                         for signal in part.outputs.values()]
        self.probe    = Signal(sum(map(len, self._signals)))
        ends          = list(accumulate(map(len, self._signals)))
        self._fields  = [(end - len(signal), (1 << len(signal)) - 1)
                         for signal, end in zip(self._signals, ends, strict=True)]

    def elaborate(self, platform: Any) -> Module:
        """Put the parts together."""
        m = Module()
        m.submodules.bench = self.bench
        m.d.comb += self.probe.eq(Cat(self._signals))
        return m

    def taken_apart(self, bits: int) -> tuple[list[Sample], list[int]]:
        """The samples of all processor ports in a value of ``probe``, and the shared signals."""
        values = [bits >> offset & mask for offset, mask in self._fields]
        width  = len(Sample._fields)
        shared = width * len(self.bench.processor_ports)
        samples = [Sample._make(values[start:start + width]) for start in range(0, shared, width)]
        return samples, values[shared:]
