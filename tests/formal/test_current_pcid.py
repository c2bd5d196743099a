"""Proof: the control registers say in which cycle another PCID becomes the current one."""

import pytest
from amaranth.hdl import Elaboratable, Module, Signal

from hw.bus import ControlOp, Register
from hw.config import MmuConfig
from hw.control import Control

from .flaw_support import Flawed
from .proof_support import Disproved, Sentence, Subject, prove_for_ever
from .solver_support import inputs_of


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]

CONFIG = MmuConfig(pcid=True)

#: From reset through the writes that turn on long mode and PCIDs, to another PCID.
CYCLES = 8


class Watch(Elaboratable):
    """Control registers; ``other`` is high where the PCID is not that of the cycle before."""

    def __init__(self, control):
        self.control = control
        self.other   = Signal()

    def elaborate(self, platform):
        m = Module()
        m.submodules.control = control = self.control
        before = Signal.like(control.mode.pcid)
        m.d.sync += before.eq(control.mode.pcid)
        m.d.comb += self.other.eq(control.mode.pcid != before)
        return m


def prove_moves(control):
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


def test_a_pcid_that_becomes_current_is_told_and_no_other():
    prove_moves(Control(CONFIG))


def is_told_by_any_number(m, ports, sound):
    """An odd PCID that stays counts as another one."""
    m.d.comb += ports.moved.eq(sound.moved | sound.mode.pcid[0])


def is_told_a_cycle_late(m, ports, sound):
    moved = Signal()
    m.d.sync += moved.eq(sound.moved)
    m.d.comb += ports.moved.eq(moved)


def is_never_told(m, ports, sound):
    m.d.comb += ports.moved.eq(0)


@pytest.mark.parametrize("flaw, untrue", [
    (is_told_by_any_number, "the same one is not"),
    (is_told_a_cycle_late, "another PCID is said to be current"),
    (is_never_told, "another PCID is said to be current"),
])
def test_control_registers_that_do_not_are_disproved(flaw, untrue):
    with pytest.raises(Disproved, match=untrue):
        prove_moves(Flawed(Control, CONFIG, flaw))
