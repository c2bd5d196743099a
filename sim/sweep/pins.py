"""The unit as a sweep uses it: one access, memory that responds in the next cycle, no stalls.

What does not change is a constant here, and what nobody looks at is no output, so that no gates are
left of either.
"""

from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Const, Elaboratable, Module, Signal, Value
from amaranth.lib import wiring

from hw.bus import ControlOp
from hw.config import MmuConfig

from .tables import MAXPHYADDR, SIZE


__all__ = ["CONFIG", "Pins", "design"]


#: The smallest unit that can do everything that one access on an empty TLB may depend on.
CONFIG = MmuConfig(maxphyaddr=MAXPHYADDR, pae=True, la57=True, pcid=False, pku=True, pks=True,
                   tlb_entries=2, second_entries=0, outstanding=1)


class Pins(Elaboratable):
    """A unit behind the ports of a sweep.

    Parameters
    ----------
    unit : :class:`hw.mmu.Mmu`, or a component with its ports
        The unit.

    Attributes
    ----------
    ports : list of :class:`Signal`
        The ports.
    """

    def __init__(self, unit: wiring.Component):
        self._unit = unit
        access, control, memory = unit.access, unit.control, unit.memory
        self._in = {
            "access_valid":   access.request.valid,
            "access_kind":    access.request.p.kind,
            "access_linear":  access.request.p.linear,
            "access_user":    access.request.p.user,
            "access_implicit": access.request.p.implicit,
            "control_valid":    control.request.valid,
            "control_register": control.request.p.register,
            "control_value":    control.request.p.value,
            "memory_ack":     memory.ack,
            "memory_dat_r":   memory.dat_r,
        }
        self._fixed = [
            (access.request.p.size, SIZE.bit_length() - 1),
            (access.response.ready, 1),
            (control.request.p.op, ControlOp.WRITE),
            (control.response.ready, 1),
        ]
        self._out = {
            "access_ready":   access.request.ready,
            "access_done":    access.response.valid,
            "access_fault":   access.response.p.fault,
            "access_error":   access.response.p.error,
            "access_physical": access.response.p.physical,
            "access_cr2":     control.state.cr2,
            "control_ready":   control.request.ready,
            "control_done":    control.response.valid,
            "control_refused": control.response.p.fault,
            "memory_cyc":     memory.cyc,
            "memory_stb":     memory.stb,
            "memory_we":      memory.we,
            "memory_adr":     memory.adr,
            "memory_sel":     memory.sel,
            "memory_dat_w":   memory.dat_w,
        }
        self._signals = {name: Signal(len(Value.cast(value)), name=name)
                         for name, value in (self._in | self._out).items()}
        self.ports = [*self._signals.values()]

    def elaborate(self, platform: Any) -> Module:
        """Connect the ports."""
        m = Module()
        m.submodules.unit = self._unit
        m.d.comb += [Value.cast(value).eq(self._signals[name])
                     for name, value in self._in.items()]
        m.d.comb += [Value.cast(port).eq(Const(getattr(value, "value", value)))
                     for port, value in self._fixed]
        m.d.comb += [self._signals[name].eq(Value.cast(value))
                     for name, value in self._out.items()]
        return m


def design(unit: wiring.Component) -> str:
    """The unit behind these ports in RTLIL. Equal texts are equal units."""
    pins = Pins(unit)
    text: str = rtlil.convert(pins, name="top", ports=pins.ports, emit_src=False)
    return text
