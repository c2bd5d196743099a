"""Proofs: canonical addresses, and where the entry of an address is, for every address."""

from typing import Any

from amaranth.hdl import Const, Mux, Signal

from hw.config import MmuConfig
from hw.layout import Level
from hw.linear import canonical, entry_offset, last_below_gap, page_of
from hw.presets import PRESETS

from .manual import linear as manual
from .proof import Sentence, Subject, prove, under
from .property import Method, Property


__all__ = ["LEVEL", "PROPERTIES", "prove_canonical", "prove_entry_offset", "prove_last_below_gap"]


LINEAR    = Signal(64, name="linear")
LEVEL     = Signal(Level, name="level")
LONG_MODE = Signal(name="long_mode")
PAE       = Signal(name="pae")
LA57      = Signal(name="la57")

FIELDS = {"linear address": LINEAR, "level": (LEVEL, Level), "IA32_EFER.LMA": LONG_MODE,
          "PAE paging": PAE}

#: Presets, and PAE paging without IA-32e mode.
UNITS = {
    **PRESETS,
    "with pae alone": MmuConfig(long_mode=False, gigabyte_pages=False, pcid=False, pae=True),
}


def prove_canonical(function: Any) -> None:
    """Prove that a function tells canonical addresses, of 48 or 57 bits, from others."""
    result = function(LINEAR, la57=LA57)
    prove(Subject(inputs=[LINEAR, LA57], fields={
        "linear address": LINEAR, "CR4.LA57": LA57, "result": result}),
          under(~LA57, manual.canonical(result, LINEAR, width=48))
          + under(LA57, manual.canonical(result, LINEAR, width=57)), complete=True)


def prove_last_below_gap(function: Any) -> None:
    """Prove that a function tells the pages behind which addresses are not canonical any more."""
    result = function(LINEAR, la57=LA57)
    prove(Subject(inputs=[LINEAR, LA57], given=canonical(LINEAR, la57=LA57), fields={
        "linear address": LINEAR, "CR4.LA57": LA57, "result": result}),
          [Sentence("hw.linear", "the page after one that is not the last below the gap has "
                    "canonical addresses, too, and that after the last has none", Const(1),
                    result == ~canonical((LINEAR + 0x1000)[:64], la57=LA57))])


def prove_entry_offset(config: Any, level: Any) -> None:
    """Prove that an entry is where the manual has it, with ``level`` as the function's input."""
    offset = entry_offset(
        page_of(LINEAR, config=config), level, wide=LONG_MODE | PAE, config=config)
    sentences = under(~LONG_MODE & ~PAE, manual.entry_offset_32bit(offset, LINEAR, LEVEL))
    if config.pae:
        sentences += under(PAE, manual.entry_offset_pae(offset, LINEAR, LEVEL))
    if config.long_mode:
        sentences += under(LONG_MODE, manual.entry_offset_4level(
            offset, LINEAR, LEVEL, levels=5 if config.la57 else 4))
    modes = ((~LONG_MODE | Const(config.long_mode)) & (~PAE | Const(config.pae))
             & ~(LONG_MODE & PAE))
    prove(Subject(inputs=[LINEAR, LEVEL, LONG_MODE, PAE], fields={**FIELDS, "offset": offset},
                  given=modes & (LEVEL <= Mux(LONG_MODE, config.top_level, Level.PD))),
          sentences, complete=True)


PROPERTIES = [
    Property(
        name="canonical", block="hw.linear", source="SDM Vol. 1, 3.3.7.1",
        says="an address is canonical where the manual says so",
        method=Method.ALL_CASES, units=("any",),
        prove=lambda unit, depth: prove_canonical(canonical)),
    Property(
        name="last-page", block="hw.linear", source="SDM Vol. 1, 3.3.7.1",
        says="an access leaves the canonical addresses behind one page, and that one is known",
        method=Method.ALL_CASES, units=("any",),
        prove=lambda unit, depth: prove_last_below_gap(last_below_gap)),
    Property(
        name="entry-offsets", block="hw.linear", source="SDM 4.3, 4.4.2, 4.5",
        says="the entry of an address is where the manual has it, at each level",
        method=Method.ALL_CASES, units=tuple(UNITS),
        prove=lambda unit, depth: prove_entry_offset(UNITS[unit], LEVEL)),
]
