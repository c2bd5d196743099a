"""A button that bounces."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out


__all__ = ["Button"]


class Button(wiring.Component):
    """Tells once when a button is pressed. It must not bounce for longer than a tick.

    Members
    -------
    pin : :py:`In(1)`
        1 while it is held down; asynchronous.
    tick : :py:`In(1)`
        Strobe, some milliseconds apart: look at the pin.
    pressed : :py:`Out(1)`
        Strobe: it was pressed.
    """

    pin:     In(1)
    tick:    In(1)
    pressed: Out(1)

    def elaborate(self, platform):
        m = Module()

        pin  = Signal()
        held = Signal()
        m.submodules.pin = FFSynchronizer(self.pin, pin)
        m.d.comb += self.pressed.eq(self.tick & pin & ~held)
        with m.If(self.tick):
            m.d.sync += held.eq(pin)

        return m
