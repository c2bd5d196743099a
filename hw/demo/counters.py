"""Counters of cycles and events."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.bus import Events


__all__ = ["Counters"]


class Counters(wiring.Component):
    """Counts cycles of the machine, and events. Each is 32 bits wide, and wraps.

    Members
    -------
    enable : :py:`In(1)`
        The machine runs a cycle.
    events : :py:`In(Events)`
        What happens in it.
    counts : :py:`Out(32).array(5)`
        Cycles, hits, misses, walks, page faults.
    """

    enable: In(1)
    events: In(Events)
    counts: Out(32).array(5)

    def elaborate(self, platform):
        m = Module()

        events  = self.events
        strobes = (C(1), events.hit, events.missed, events.walk_begun, events.page_fault)
        for count, strobe in zip(self.counts, strobes, strict=True):
            with m.If(self.enable & strobe):
                m.d.sync += count.eq(count + 1)

        return m
