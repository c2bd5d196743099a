"""Control registers that do not say when another PCID is current are disproved."""

import pytest
from amaranth.hdl import Signal

from hw.control import Control
from sim.proofs.current_pcid import CONFIG, prove_moves
from sim.proofs.proof import Disproved

from .flaw_support import Flawed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


def is_told_by_any_number(m, ports, sound):
    """An odd PCID that stays counts as another one."""
    m.d.comb += ports.moved.eq(sound.moved | sound.mode.pcid[0])


def is_told_a_cycle_late(m, ports, sound):
    moved = Signal()
    m.d.sync += moved.eq(sound.moved)
    m.d.comb += ports.moved.eq(moved)


def is_never_told(m, ports, sound):
    m.d.comb += ports.moved.eq(0)


@pytest.mark.slow
@pytest.mark.parametrize("flaw, untrue", [
    (is_told_by_any_number, "the same one is not"),
    (is_told_a_cycle_late, "another PCID is said to be current"),
    (is_never_told, "another PCID is said to be current"),
])
def test_control_registers_that_do_not_are_disproved(flaw, untrue):
    with pytest.raises(Disproved, match=untrue):
        prove_moves(Flawed(Control, CONFIG, flaw))
