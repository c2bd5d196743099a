"""Proofs: entries are malformed, or map a page, where the manual says so, for every entry."""

from typing import Any

from amaranth.hdl import Const, Signal

from hw.config import MmuConfig
from hw.layout import Entry, Level, Pdpte
from hw.presets import PRESETS
from hw.reserved import (
    is_leaf, large_frame_32bit, malformed_pdpte, references_table, reserved,
)
from hw.translation import PagingMode

from .manual import entries as manual
from .proof import Sentence, Subject, prove, under
from .property import Method, Property


__all__ = [
    "BITS", "ENTRY", "LEVEL", "LONG_MODE", "MODE", "PAE", "PROPERTIES", "UNITS", "malformed",
    "prove_of_entries", "prove_of_pdptes", "reserved_of",
]


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


def width_of(config: Any) -> Any:
    """MAXPHYADDR of a unit, as its functions get it."""
    return WIDTH if config.variable_maxphyaddr else config.maxphyaddr


def modes(config: Any, *, of_4_levels: Any, of_pae: Any, of_32_bits: Any) -> Any:
    """Sentences about the modes of a unit."""
    return (under(LONG_MODE, of_4_levels if config.long_mode else [])
            + under(PAE, of_pae if config.pae else [])
            + under(~LONG_MODE & ~PAE, of_32_bits))


def malformed(config: Any, result: Any) -> Any:
    """The manual's sentences about the reserved bits of an entry."""
    return modes(
        config,
        of_4_levels=manual.reserved_bits_4level(
            result, BITS, LEVEL, m=width_of(config), nxe=NXE,
            gigabyte_pages=config.gigabyte_pages, five_levels=config.la57),
        of_pae=manual.reserved_bits_pae(result, BITS, LEVEL, m=width_of(config), nxe=NXE),
        of_32_bits=manual.reserved_bits_32bit(
            result, BITS, LEVEL, m=width_of(config), pse=PSE if config.pse else None))


def prove_of_entries(config: Any, result: Any, sentences: Any, *, given: Any = 1) -> None:
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


def reserved_of(unit: Any, entry: Any = None, **flaw: Any) -> Any:
    """The word of a unit on reserved bits, with some of the inputs replaced."""
    return reserved(ENTRY if entry is None else entry, **{
        "level": LEVEL, "mode": MODE, "nxe": NXE,
        "maxphyaddr": width_of(unit), "config": unit, **flaw})


def prove_of_pdptes(malformed: Any, width: Any) -> None:
    """Prove what PDPTEs PAE paging refuses to load."""
    pdpte  = Signal(Pdpte, name="pdpte")
    result = malformed(pdpte, maxphyaddr=width)
    prove(Subject(inputs=[pdpte, WIDTH], given=(WIDTH >= 32) & (WIDTH <= 52),
                  fields={"MAXPHYADDR": WIDTH, "PDPTE": pdpte.as_value(), "result": result}),
          manual.reserved_bits_pdpte(result, pdpte.as_value(), m=width), complete=True)


def prove_reserved_bits(unit: str) -> None:
    """Prove that a unit's word on reserved bits is the manual's."""
    config = UNITS[unit]
    result = reserved_of(config)
    prove_of_entries(config, result, malformed(config, result))


def prove_leaves(unit: str) -> None:
    """Prove that a well-formed entry is taken for one of a page where the manual says so."""
    config = UNITS[unit]
    result = is_leaf(ENTRY, LEVEL, mode=MODE)
    prove_of_entries(config, result, given=~reserved_of(config), sentences=modes(
        config,
        of_4_levels=manual.maps_a_page_4level(result, BITS, LEVEL),
        of_pae=manual.maps_a_page_pae(result, BITS, LEVEL),
        of_32_bits=manual.maps_a_page_32bit(result, BITS, LEVEL, pse=PSE)))


def prove_references(unit: str) -> None:
    """Prove that the short way to tell an entry of a table agrees with the rules."""
    config = UNITS[unit]
    result = references_table(ENTRY, LEVEL, mode=MODE, nxe=NXE, maxphyaddr=width_of(config))
    whole  = ENTRY.present & ~reserved_of(config) & ~is_leaf(ENTRY, LEVEL, mode=MODE)
    prove_of_entries(config, result, [
        Sentence("hw.reserved", "an entry of a table, but for one with PS = 1", Const(1),
                 result == (whole & ~ENTRY.page_size))])


def prove_large_frames(unit: str) -> None:
    """Prove where a page of 4 MBytes is."""
    frame = large_frame_32bit(ENTRY)
    prove_of_entries(UNITS[unit], frame, manual.large_frame_32bit(frame, BITS))


PROPERTIES = [
    Property(
        name="reserved-bits", block="hw.reserved", source="SDM 4.3, 4.4.2, 4.5",
        says="the reserved bits of an entry are those of the manual",
        method=Method.ALL_CASES, units=tuple(UNITS),
        prove=lambda unit, depth: prove_reserved_bits(unit)),
    Property(
        name="leaves", block="hw.reserved", source="SDM 4.3, 4.4.2, 4.5",
        says="a well-formed entry maps a page where the manual says so",
        method=Method.ALL_CASES, units=("full",), prove=lambda unit, depth: prove_leaves(unit)),
    Property(
        name="table-entries", block="hw.reserved", source="hw.reserved",
        says="an entry that is taken for that of a table at once is one",
        method=Method.ALL_CASES,
        units=("default", "full", "tiny", "without gigabyte pages", "of any width"),
        prove=lambda unit, depth: prove_references(unit)),
    Property(
        name="large-frames", block="hw.reserved", source="SDM 4.3",
        says="a page of 4 MBytes is where the manual has it",
        method=Method.ALL_CASES, units=("default",),
        prove=lambda unit, depth: prove_large_frames(unit)),
    Property(
        name="pdptes", block="hw.reserved", source="SDM 4.4.1",
        says="a PDPTE is malformed where the manual says so",
        method=Method.ALL_CASES, units=("32 bits", "40 bits", "52 bits", "any width"),
        prove=lambda unit, depth: prove_of_pdptes(
            malformed_pdpte, WIDTH if unit == "any width" else int(unit.split()[0]))),
]
