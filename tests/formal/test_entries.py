"""Proofs: entries are malformed, or map a page, where the manual says so, for every entry."""

import pytest
from amaranth.hdl import Const, Mux, Signal

from hw.config import MmuConfig
from hw.layout import Entry, Level, Pdpte
from hw.presets import PRESETS
from hw.reserved import (
    is_leaf, large_frame_32bit, malformed_pdpte, references_table, reserved,
)
from hw.translation import PagingMode

from . import manual_entries as manual
from .flaw_support import changed
from .proof_support import Disproved, Sentence, Subject, prove, under


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]

ENTRY = Signal(Entry, name="entry")
BITS  = ENTRY.as_value()
LEVEL = Signal(Level, name="level")
WIDTH = Signal(6, name="maxphyaddr")

MODE, NXE = Signal(PagingMode, name="mode"), Signal(name="nxe")

LONG_MODE, PAE, PSE = MODE.long_mode, MODE.pae, MODE.pse

FIELDS = {
    "IA32_EFER.LMA": LONG_MODE,
    "PAE paging":    PAE,
    "CR4.PSE":       PSE,
    "IA32_EFER.NXE": NXE,
    "MAXPHYADDR":    WIDTH,
    "level":         (LEVEL, Level),
    "entry":         BITS,
}

#: In 32-bit paging, entries have 32 bits, and there are two levels of them. PAE paging has two,
#: too, below the PDPTE registers.
GIVEN = ENTRY.present & (WIDTH >= 32) & (WIDTH <= 52) & ~(LONG_MODE & PAE) & (
    (LONG_MODE & (LEVEL <= Level.PML5))
    | (~LONG_MODE & (PAE | ~BITS[32:].any()) & (LEVEL <= Level.PD)))

#: Units with different features, and widths on both sides of every bound.
UNITS = {
    **PRESETS,
    "without gigabyte pages": MmuConfig(gigabyte_pages=False),
    "of any width":           MmuConfig(maxphyaddr=52, variable_maxphyaddr=True, pae=True),
    "with pae alone":         MmuConfig(long_mode=False, gigabyte_pages=False, pcid=False,
                                        pae=True),
    **{f"of {width} bits": MmuConfig(maxphyaddr=width) for width in (39, 41, 52)},
}


def units(*names):
    """Have a test run once for each of these units."""
    return pytest.mark.parametrize("config", [UNITS[name] for name in names], ids=names)


def width_of(config):
    """MAXPHYADDR of a unit, as its functions get it."""
    return WIDTH if config.variable_maxphyaddr else config.maxphyaddr


def modes(config, *, of_4_levels, of_pae, of_32_bits):
    """Sentences about the modes of a unit."""
    return (under(LONG_MODE, of_4_levels if config.long_mode else [])
            + under(PAE, of_pae if config.pae else [])
            + under(~LONG_MODE & ~PAE, of_32_bits))


def malformed(config, result):
    """The manual's sentences about the reserved bits of an entry."""
    return modes(
        config,
        of_4_levels=manual.reserved_bits_4level(
            result, BITS, LEVEL, m=width_of(config), nxe=NXE,
            gigabyte_pages=config.gigabyte_pages, five_levels=config.la57),
        of_pae=manual.reserved_bits_pae(result, BITS, LEVEL, m=width_of(config), nxe=NXE),
        of_32_bits=manual.reserved_bits_32bit(
            result, BITS, LEVEL, m=width_of(config), pse=PSE if config.pse else None))


def prove_of_entries(config, result, sentences, *, given=1):
    """Prove sentences about a function of an entry, in the modes that a unit has."""
    given = GIVEN & given
    if not config.variable_maxphyaddr:
        given &= WIDTH == config.maxphyaddr
    if not config.long_mode:
        given &= ~LONG_MODE
    if not config.la57:
        given &= LEVEL <= Level.PML4
    if not config.pae:
        given &= ~PAE
    if not config.pse:
        given &= ~PSE
    prove(Subject(inputs=[MODE, NXE, LEVEL, BITS, WIDTH], given=given,
                  fields={**FIELDS, "result": result}),
          sentences, complete=True)


def reserved_of(unit, entry=ENTRY, **flaw):
    """The word of a unit on reserved bits, with some of the inputs replaced."""
    return reserved(entry, **{
        "level": LEVEL, "mode": MODE, "nxe": NXE,
        "maxphyaddr": width_of(unit), "config": unit, **flaw})


@units(*UNITS)
def test_the_reserved_bits_are_those_of_the_manual(config):
    result = reserved_of(config)
    prove_of_entries(config, result, malformed(config, result))


def test_a_well_formed_entry_maps_a_page_where_the_manual_says_so():
    config = UNITS["full"]
    result = is_leaf(ENTRY, LEVEL, mode=MODE)
    prove_of_entries(config, result, given=~reserved_of(config), sentences=modes(
        config,
        of_4_levels=manual.maps_a_page_4level(result, BITS, LEVEL),
        of_pae=manual.maps_a_page_pae(result, BITS, LEVEL),
        of_32_bits=manual.maps_a_page_32bit(result, BITS, LEVEL, pse=PSE)))


@units("default", "full", "tiny", "without gigabyte pages", "of any width")
def test_an_entry_that_is_taken_for_a_table_s_at_once_is_one(config):
    result = references_table(ENTRY, LEVEL, mode=MODE, nxe=NXE, maxphyaddr=width_of(config))
    whole  = ENTRY.present & ~reserved_of(config) & ~is_leaf(
        ENTRY, LEVEL, mode=MODE)
    prove_of_entries(config, result, [
        Sentence("hw.reserved", "an entry of a table, but for one with PS = 1", Const(1),
                 result == (whole & ~ENTRY.page_size))])


def test_a_page_of_4_mbytes_is_where_the_manual_has_it():
    frame = large_frame_32bit(ENTRY)
    prove_of_entries(PRESETS["default"], frame, manual.large_frame_32bit(frame, BITS))


def prove_of_pdptes(malformed, width):
    """Prove what PDPTEs PAE paging refuses to load."""
    pdpte  = Signal(Pdpte, name="pdpte")
    result = malformed(pdpte, maxphyaddr=width)
    prove(Subject(inputs=[pdpte, WIDTH], given=(WIDTH >= 32) & (WIDTH <= 52),
                  fields={"MAXPHYADDR": WIDTH, "PDPTE": pdpte.as_value(), "result": result}),
          manual.reserved_bits_pdpte(result, pdpte.as_value(), m=width), complete=True)


@pytest.mark.parametrize("width", [32, 40, 52, WIDTH], ids=["32", "40", "52", "any"])
def test_a_pdpte_is_malformed_where_the_manual_says_so(width):
    prove_of_pdptes(malformed_pdpte, width)


def test_a_pdpte_judged_by_another_width_is_found():
    with pytest.raises(Disproved, match=r"^SDM 4\.4\.1: bits 63:M(.|\n)*  PDPTE = 0x"):
        prove_of_pdptes(lambda pdpte, maxphyaddr: malformed_pdpte(pdpte, maxphyaddr=41), 40)


def mode_with(**fields):
    """The mode, with some of its fields replaced."""
    mode = changed(MODE, **fields)
    mode.wide = mode.long_mode | mode.pae
    return mode


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


def test_a_bit_that_is_not_looked_at_is_named():
    flawed = changed(ENTRY)
    flawed.as_value = lambda: BITS & ~(1 << 29)
    result = reserved_of(UNITS["default"], flawed)
    with pytest.raises(Disproved, match="^SDM 4.5: bits 29:13 of a PDPTE(.|\n)*  level = PDPT"):
        prove_of_entries(UNITS["default"], result, malformed(UNITS["default"], result))
