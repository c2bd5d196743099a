"""Proof: the control registers say in which cycle another PCID becomes the current one."""

from typing import Any

from amaranth.hdl import Elaboratable, Module, Signal

from hw.bus import ControlOp, Register
from hw.config import MmuConfig
from hw.control import Control

from .design import inputs_of
from .proof import Sentence, Subject, prove_for_ever
from .property import Method, Property


__all__ = ["CONFIG", "PROPERTIES", "prove_moves"]


CONFIG = MmuConfig(pcid=True)

#: From reset through the writes that turn on long mode and PCIDs, to another PCID.
CYCLES = 8


class Watch(Elaboratable):
    """Control registers; ``other`` is high where the PCID is not that of the cycle before."""

    def __init__(self, control: Any):
        self.control = control
        self.other   = Signal()

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.control = control = self.control
        before = Signal.like(control.mode.pcid)
        m.d.sync += before.eq(control.mode.pcid)
        m.d.comb += self.other.eq(control.mode.pcid != before)
        return m


def prove_moves(control: Any) -> None:
    """Prove that ``control`` says in each cycle whether the PCID is another one."""
    watch   = Watch(control)
    request = control.control.request
    prove_for_ever(
        Subject(inputs=inputs_of(control), part=watch, fields={
            "operation": (request.p.op, ControlOp),
            "register":  (request.p.register, Register),
            "value":     request.p.value,
            "PCID":      control.mode.pcid,
            "moved":     control.moved,
        }), [
            Sentence("hw.control", "another PCID is said to be current", watch.other,
                     control.moved),
            Sentence("hw.control", "the same one is not", ~watch.other, ~control.moved),
        ], cycles=CYCLES, depth=1)


PROPERTIES = [Property(
    name="current-pcid", block="hw.control", source="hw.tlb.tlb",
    says="the TLB is told that another PCID is current in the cycle in which it is, and in no "
         "other",
    method=Method.INDUCTION, units=("default",),
    prove=lambda unit, depth: prove_moves(Control(CONFIG)))]
