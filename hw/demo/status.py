"""Status of the system: the greeting, and the counters."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .protocol import ResponseKind, ResponseSignature


__all__ = ["StatusReporter"]


class StatusReporter(wiring.Component):
    """Sends the numbers of a greeting, or of the counters.

    Parameters
    ----------
    greeting : sequence of :class:`int`
        Numbers of the greeting.
    counters : :class:`int`
        How many counters there are.

    Members
    -------
    request : :py:`In(ResponseSignature)`
        Kind of the numbers to send. Accepted when they have been sent.
    counts : :py:`In(32).array(counters)`
        The counters.
    numbers : :py:`Out(stream.Signature(64))`
        The numbers.
    """

    def __init__(self, greeting, *, counters):
        self._greeting = tuple(greeting)
        super().__init__({
            "request": In(ResponseSignature),
            "counts":  In(32).array(counters),
            "numbers": Out(stream.Signature(64)),
        })

    def elaborate(self, platform):
        m = Module()

        index = Signal(range(max(len(self._greeting), len(self.counts)) + 1))
        done  = Signal()
        with m.If(self.request.payload == ResponseKind.GREETING):
            self._show(m, index, self._greeting, done)
        with m.Else():
            self._show(m, index, list(self.counts), done)

        m.d.comb += [
            self.numbers.valid.eq(self.request.valid & ~done),
            self.request.ready.eq(done),
        ]
        with m.If(self.request.valid & done):
            m.d.sync += index.eq(0)
        with m.Elif(self.numbers.valid & self.numbers.ready):
            m.d.sync += index.eq(index + 1)

        return m

    def _show(self, m, index, numbers, done):
        """Offer the number at ``index``."""
        with m.Switch(index):
            for case, number in enumerate(numbers):
                with m.Case(case):
                    m.d.comb += self.numbers.payload.eq(number)
            with m.Default():
                m.d.comb += done.eq(1)
