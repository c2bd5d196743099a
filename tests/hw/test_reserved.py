# amaranth: UnusedElaboratable=no
"""The short way to tell an entry that references a table says what the whole rules say."""

import random

import pytest
from amaranth.hdl import Signal
from hw_support import simulate

from hw.config import MmuConfig
from hw.layout import Entry, Level
from hw.mmu import Mmu
from hw.presets import PRESETS
from hw.reserved import is_leaf, references_table, reserved


CONFIG = MmuConfig(maxphyaddr=40)

PRESENT, PAGE_SIZE = 1 << 0, 1 << 7


@pytest.mark.parametrize("long_mode, levels", [(1, Level), (0, [Level.PD, Level.PT])],
                         ids=["4-level", "32-bit"])
def test_an_entry_references_a_table_if_it_is_present_well_formed_and_no_leaf(long_mode, levels):
    async def check(ctx):
        chance, found = random.Random(9), set()
        for _ in range(2000):
            # Few bits: with half of them set a reserved one always is.
            bits = PRESENT * chance.randrange(2) | sum(
                1 << chance.randrange(64 if long_mode else 32) for _ in range(chance.randrange(4)))
            ctx.set(entry.as_value(), bits)
            ctx.set(level, chance.choice(list(levels)))
            ctx.set(nxe, chance.randrange(2))
            short = ctx.get(references_table(entry, level, nxe=nxe, maxphyaddr=40))
            rules = ctx.get(entry.present
                            & ~reserved(entry, level, long_mode=long_mode, pse=1, nxe=nxe,
                                        maxphyaddr=40, config=CONFIG)
                            & ~is_leaf(entry, level, long_mode=long_mode, pse=1))
            assert short == (rules and not bits & PAGE_SIZE), hex(bits)
            found.add(short)
        assert found == {0, 1}

    entry, level, nxe = Signal(Entry), Signal(Level), Signal()
    simulate(Mmu(PRESETS["tiny"]), check)
