"""Interrupts that processors send each other.

Ref: Intel SDM Vol. 3A, section 10.6 "Issuing Interprocessor Interrupts", section 10.8.3
"Interrupt, Task, and Processor Priority".
"""

from functools import reduce
from operator import or_

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out


__all__ = ["FIRST_VECTOR", "InterruptSignature", "Interrupts", "interrupt_layout"]


#: The lowest vector of priority class 15.
FIRST_VECTOR = 0xF0


def interrupt_layout(processors):
    """An interrupt of priority class 15, and who is to get it."""
    return data.StructLayout({
        "target": range(max(2, processors)),  #: A bit at least: ports without one are trouble.
        "vector": 4,                  #: Low bits; the high ones are the class.
    })


class InterruptSignature(wiring.Signature):
    """Interrupts of priority class 15, vectors 0xF0 to 0xFF, seen from a processor.

    Parameters
    ----------
    processors : :class:`int`
        How many there are.

    Members
    -------
    send : :py:`Out(stream.Signature(interrupt_layout(processors), always_ready=True))`
        Interrupts for any processor, this one too.
    pending : :py:`In(16)`
        Requests that wait: bits 0xF0 to 0xFF of the interrupt request register (IRR).
    take : :py:`Out(1)`
        The processor accepts ``vector``: the request waits no more.
    vector : :py:`Out(4)`
        Low bits of a vector.
    """

    def __init__(self, *, processors):
        self.processors = processors
        super().__init__({
            "send":    Out(stream.Signature(interrupt_layout(processors), always_ready=True)),
            "pending": In(16),
            "take":    Out(1),
            "vector":  Out(4),
        })

    def __eq__(self, other):
        return type(other) is type(self) and self.processors == other.processors

    def __repr__(self):
        return f"InterruptSignature(processors={self.processors!r})"


class Interrupts(wiring.Component):
    """Keeps, for each processor, the interrupts that wait for it.

    A request that is already waiting is not counted twice, so two senders of one vector may cause
    one interrupt. One that is sent in the cycle in which the same vector is accepted waits again. A
    request for a processor that does not exist is dropped.

    Parameters
    ----------
    processors : :class:`int`
        How many.

    Latency
    -------
    A request that is sent, and one that is accepted, count from the next cycle.

    Members
    -------
    processors : :py:`In(InterruptSignature(processors=processors)).array(processors)`
        The processors.
    """

    def __init__(self, *, processors):
        if not isinstance(processors, int) or processors < 1:
            raise ValueError(f"processors must be 1 or more, not {processors!r}")
        super().__init__({
            "processors": In(InterruptSignature(processors=processors)).array(processors),
        })

    def elaborate(self, platform):
        m = Module()

        for number, processor in enumerate(self.processors):
            waiting  = Signal(16, name=f"waiting_{number}")
            accepted = Mux(processor.take, 1 << processor.vector, 0)
            m.d.sync += waiting.eq(waiting & ~accepted | self._sent(to=number))
            m.d.comb += processor.pending.eq(waiting)

        return m

    def _sent(self, *, to):
        """Vectors that are sent to processor number ``to`` in this cycle, a bit each."""
        return reduce(or_, (
            Mux(sender.send.valid & (sender.send.p.target == to), 1 << sender.send.p.vector, 0)
            for sender in self.processors))
