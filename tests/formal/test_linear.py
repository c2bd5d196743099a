"""Proofs: canonical addresses, and where the entry of an address is, for every address."""

import pytest
from amaranth.hdl import Const, Mux, Signal

from hw.config import MmuConfig
from hw.layout import Level
from hw.linear import canonical, entry_offset, last_below_gap, page_of
from hw.presets import PRESETS

from . import manual_linear as manual
from .proof_support import Disproved, Sentence, Subject, prove, under


pytestmark = [pytest.mark.formal, pytest.mark.synthesis]

LINEAR    = Signal(64, name="linear")
LEVEL     = Signal(Level, name="level")
LONG_MODE = Signal(name="long_mode")
PAE       = Signal(name="pae")
LA57      = Signal(name="la57")

FIELDS = {"linear address": LINEAR, "level": (LEVEL, Level), "IA32_EFER.LMA": LONG_MODE,
          "PAE paging": PAE}

#: PAE paging without IA-32e mode.
WITH_PAE = MmuConfig(long_mode=False, gigabyte_pages=False, pcid=False, pae=True)


def prove_canonical(function):
    """Prove that a function tells canonical addresses, of 48 or 57 bits, from others."""
    result = function(LINEAR, la57=LA57)
    prove(Subject(inputs=[LINEAR, LA57], fields={
        "linear address": LINEAR, "CR4.LA57": LA57, "result": result}),
          under(~LA57, manual.canonical(result, LINEAR, width=48))
          + under(LA57, manual.canonical(result, LINEAR, width=57)), complete=True)


def prove_last_below_gap(function):
    """Prove that a function tells the pages behind which addresses are not canonical any more."""
    result = function(LINEAR, la57=LA57)
    prove(Subject(inputs=[LINEAR, LA57], given=canonical(LINEAR, la57=LA57), fields={
        "linear address": LINEAR, "CR4.LA57": LA57, "result": result}),
          [Sentence("hw.linear", "the page after one that is not the last below the gap has "
                    "canonical addresses, too, and that after the last has none", Const(1),
                    result == ~canonical((LINEAR + 0x1000)[:64], la57=LA57))])


def prove_entry_offset(config, level):
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


def test_an_address_is_canonical_where_the_manual_says_so():
    prove_canonical(canonical)


def test_an_access_leaves_the_canonical_addresses_behind_one_page():
    prove_last_below_gap(last_below_gap)


@pytest.mark.parametrize("bit", [12, 46, 47])
def test_a_last_page_by_too_few_bits_is_found(bit):
    with pytest.raises(Disproved, match=r"^hw\.linear: the page after"):
        prove_last_below_gap(lambda linear, la57: last_below_gap(
            linear ^ Mux(linear[13], 1 << bit, 0), la57=la57))


@pytest.mark.parametrize("config", [*PRESETS.values(), WITH_PAE], ids=[*PRESETS, "with pae"])
def test_an_entry_is_where_the_manual_has_it(config):
    prove_entry_offset(config, LEVEL)


@pytest.mark.parametrize("bit", [47, 55, 63])
def test_a_bit_of_an_address_that_is_not_looked_at_is_found(bit):
    def flawed(linear, la57):
        return canonical(Mux(linear[46], linear | 1 << bit, linear & ~(1 << bit)), la57=la57)

    with pytest.raises(Disproved, match=r"^SDM Vol\. 1, 3\.3\.7\.1(.|\n)*  linear address = 0x"):
        prove_canonical(flawed)


def test_an_address_judged_by_four_levels_always_is_found():
    with pytest.raises(Disproved, match=r"^SDM Vol\. 1, 3\.3\.7\.1(.|\n)*  CR4\.LA57 = 1"):
        prove_canonical(lambda linear, la57: canonical(linear, la57=0))


def test_an_entry_of_another_level_is_found():
    with pytest.raises(Disproved, match=r"^SDM 4\.5: bits 11:3 of a PML4E(.|\n)*  level = PML4"):
        prove_entry_offset(PRESETS["default"], Mux(LEVEL == Level.PML4, Level.PDPT, LEVEL))
