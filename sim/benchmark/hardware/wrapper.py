"""Wrappers that put every port of a unit behind a flip-flop, so that only its own paths count."""

from collections.abc import Iterator
from typing import Any

from amaranth import Cat, Module, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


__all__ = ["Registered", "Scanned", "ports"]


#: Outputs that are folded into one flip-flop of the chain that leads out: with the one before it,
#: they are the inputs of a look-up table.
FOLDED = 3


def ports(unit: Any) -> Iterator[tuple[str, bool, Any]]:
    """Yield name, direction (true: an input) and value of each port of a component."""
    for path, member, value in unit.signature.flatten(unit):
        yield "__".join(map(str, path)), member.flow is In, Value.cast(value)


class Registered(wiring.Component):
    """A unit with a flip-flop at each bit of its ports, and as many ports.

    For place and route out of context, where a port needs no pin.
    """

    def __init__(self, unit: Any):
        self._unit = unit
        super().__init__({name: (In if is_input else Out)(Shape.cast(value.shape()))
                          for name, is_input, value in ports(unit)})

    def elaborate(self, platform: Any) -> Module:
        """Put the flip-flops between the unit and its surroundings."""
        m = Module()
        m.submodules.unit = self._unit
        for name, is_input, value in ports(self._unit):
            port = getattr(self, name)
            m.d.sync += value.eq(port) if is_input else port.eq(value)
        return m


class Scanned(wiring.Component):
    """A unit whose inputs are a shift register, and whose outputs are folded into another.

    For an FPGA whose pins are too few. An output ends at a flip-flop of its own.

    Members
    -------
    scan_in : :py:`In(1)`
        What is shifted into the inputs.
    scan_out : :py:`Out(1)`
        What depends on each output.
    """

    def __init__(self, unit: Any):
        self._unit = unit
        super().__init__({"scan_in": In(1), "scan_out": Out(1)})

    def elaborate(self, platform: Any) -> Module:
        """Put the two chains around the unit."""
        m = Module()
        m.submodules.unit = self._unit
        last: Any = self.scan_in
        outputs: list[Any] = []
        for name, is_input, value in ports(self._unit):
            register = Signal(len(value), name=name)
            if is_input:
                m.d.comb += value.eq(register)
                m.d.sync += register.eq(Cat(last, register))
                last = register[-1]
            else:
                m.d.sync += register.eq(value)
                outputs.extend(register)
        for first in range(0, len(outputs), FOLDED):
            link = Signal(name="folded")
            for output in outputs[first:first + FOLDED]:
                last = last ^ output
            m.d.sync += link.eq(last)
            last = link
        m.d.comb += self.scan_out.eq(last)
        return m

