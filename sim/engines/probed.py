"""A bench, and all that is sampled of it packed into one signal: it is read much faster."""

from itertools import accumulate
from typing import Any

from amaranth import Cat, Elaboratable, Module, Signal

from sim.record.recorder import Sample

from .bench import Bench, Socket


__all__ = ["Probed", "parts"]


def parts(bench: Bench) -> list[Socket | Bench]:
    """What has inputs and outputs: every socket, and the bench, for those that are shared."""
    return [*bench.sockets, bench]


class Probed(Elaboratable):
    """A bench with a probe.

    Attributes
    ----------
    bench : :class:`.bench.Bench`
        The bench.
    probe : :class:`Signal`
        The signals of every socket, then those that are shared.
    """

    def __init__(self, bench: Bench):
        self.bench    = bench
        self._signals = [signal for part in parts(bench)
                         for signal in part.outputs.values()]
        self.probe    = Signal(sum(map(len, self._signals)))
        ends          = list(accumulate(map(len, self._signals)))
        self._places  = [(end - len(signal), (1 << len(signal)) - 1)
                         for signal, end in zip(self._signals, ends, strict=True)]

    def elaborate(self, platform: Any) -> Module:
        """Put the parts together."""
        m = Module()
        m.submodules.bench = self.bench
        m.d.comb += self.probe.eq(Cat(self._signals))
        return m

    def taken_apart(self, bits: int) -> tuple[list[Sample], list[int]]:
        """The samples of all sockets in a value of ``probe``, and the shared signals."""
        values = [bits >> offset & mask for offset, mask in self._places]
        width  = len(Sample._fields)
        shared = width * len(self.bench.sockets)
        samples = [Sample._make(values[start:start + width]) for start in range(0, shared, width)]
        return samples, values[shared:]
