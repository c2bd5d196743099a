"""Flaws in what is malformed, and what maps a page, are found."""

import pytest
from amaranth.hdl import Const, Mux

from hw.config import MmuConfig
from hw.layout import Level
from hw.reserved import is_leaf, large_frame_32bit, malformed_pdpte, references_table
import sim.proofs.entries
from sim.proofs.entries import (
    BITS, ENTRY, LEVEL, LONG_MODE, MODE, PAE, UNITS, malformed, prove_large_frames, prove_leaves,
    prove_of_entries, prove_of_pdptes, prove_references, reserved_of,
)
from sim.proofs.proof import Disproved

from .flaw_support import changed


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]


@pytest.mark.slow
def test_a_pdpte_judged_by_another_width_is_found():
    with pytest.raises(Disproved, match=r"^SDM 4\.4\.1: bits 63:M(.|\n)*  PDPTE = 0x"):
        prove_of_pdptes(lambda pdpte, maxphyaddr: malformed_pdpte(pdpte, maxphyaddr=41), 40)


def mode_with(**fields):
    """The mode, with some of its fields replaced."""
    mode = changed(MODE, **fields)
    mode.wide = mode.long_mode | mode.pae
    return mode


@pytest.mark.slow
@pytest.mark.parametrize("unit, flaw, says", [
    ("default", {"nxe": Const(1)}, "SDM 4.5: XD is reserved if NXE = 0"),
    ("default", {"maxphyaddr": 41}, "SDM 4.5: bits 51:M are reserved"),
    ("default", {"mode": mode_with(pse=Const(1))}, "SDM 4.3: no other bit is reserved"),
    ("default", {"mode": mode_with(long_mode=Const(1))}, "SDM 4.3: "),
    ("default", {"level": Mux(LEVEL == Level.PML4, Level.PDPT, LEVEL)},
     "SDM 4.5: PS of a PML4E is reserved"),
    ("full", {"mode": mode_with(pae=LONG_MODE | PAE)}, "SDM 4.5: no other bit is reserved"),
    ("full", {"mode": mode_with(pae=Const(0))}, "SDM 4.4.2: "),
    ("full", {"level": Mux(LEVEL == Level.PML5, Level.PDPT, LEVEL)},
     "SDM 4.5: PS of a PML5E is reserved"),
    ("tiny", {"maxphyaddr": 33}, "SDM 4.3: bits 21:\\(M-19\\) of a PDE"),
    ("without gigabyte pages", {"config": MmuConfig()}, "SDM 4.5: PS of a PDPTE is reserved"),
])
def test_a_check_that_takes_an_input_for_a_constant_is_disproved(unit, flaw, says):
    result = reserved_of(UNITS[unit], **flaw)
    with pytest.raises(Disproved, match=f"^{says}(.|\n)*  entry = 0x"):
        prove_of_entries(UNITS[unit], result, malformed(UNITS[unit], result))


@pytest.mark.slow
def test_a_bit_that_is_not_looked_at_is_named():
    flawed = changed(ENTRY)
    flawed.as_value = lambda: BITS & ~(1 << 29)
    result = reserved_of(UNITS["default"], flawed)
    with pytest.raises(Disproved, match="^SDM 4.5: bits 29:13 of a PDPTE(.|\n)*  level = PDPT"):
        prove_of_entries(UNITS["default"], result, malformed(UNITS["default"], result))


def large_without_pse(entry, level, *, mode):
    return is_leaf(entry, level, mode=mode_with(pse=Const(1)))


def small_at_any_level(entry, level, *, mode):
    return level == Level.PT


def table_of_any_nxe(entry, level, *, nxe, **form):
    return references_table(entry, level, nxe=Const(1), **form)


def frame_below_4_gib(entry):
    return large_frame_32bit(entry)[:20]


@pytest.mark.slow
@pytest.mark.parametrize("function, flaw, prove, says", [
    ("is_leaf", large_without_pse, prove_leaves, "SDM 4.3: a PDE with PS = 0 references a page t"),
    ("is_leaf", small_at_any_level, prove_leaves, "SDM 4.*: a .*E with PS = 1 maps a "),
    ("references_table", table_of_any_nxe, prove_references, "hw.reserved: an entry of a table"),
    ("large_frame_32bit", frame_below_4_gib, prove_large_frames,
     "SDM 4.3: bits 39:32 of the address of a 4-MByte page"),
])
def test_an_entry_that_is_taken_for_another_is_found(monkeypatch, function, flaw, prove, says):
    monkeypatch.setattr(sim.proofs.entries, function, flaw)
    with pytest.raises(Disproved, match=f"^{says}(.|\n)*  entry = 0x"):
        prove("full")
