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
from hw.translation import PagingMode


CONFIG = MmuConfig(maxphyaddr=40, pae=True, la57=True)

PRESENT, PAGE_SIZE = 1 << 0, 1 << 7


LONG = [Level.PT, Level.PD, Level.PDPT, Level.PML4]

IN_EACH_MODE = pytest.mark.parametrize("bits, levels", [
    ({"long_mode": 1, "five_levels": 1}, [*LONG, Level.PML5]), ({"long_mode": 1}, LONG),
    ({"pae": 1}, LONG[:2]), ({}, LONG[:2]),
], ids=["5-level", "4-level", "PAE", "32-bit"])


@pytest.mark.slow
@IN_EACH_MODE
def test_an_entry_references_a_table_if_it_is_present_well_formed_and_no_leaf(bits, levels):
    async def check(ctx):
        chance, found = random.Random(9), set()
        ctx.set(mode, {"pse": 1, **bits})
        for _ in range(2000):
            # Few bits: with half of them set a reserved one always is.
            value = PRESENT * chance.randrange(2) | sum(
                1 << chance.randrange(64 if bits else 32) for _ in range(chance.randrange(4)))
            ctx.set(entry.as_value(), value)
            ctx.set(level, chance.choice(levels))
            ctx.set(nxe, chance.randrange(2))
            short = ctx.get(references_table(entry, level, mode=mode, nxe=nxe, maxphyaddr=40))
            rules = ctx.get(entry.present
                            & ~reserved(entry, level, mode=mode, nxe=nxe, maxphyaddr=40,
                                        config=CONFIG)
                            & ~is_leaf(entry, level, mode=mode))
            assert short == (rules and not value & PAGE_SIZE), hex(value)
            found.add(short)
        assert found == {0, 1}

    entry, level, nxe, mode = Signal(Entry), Signal(Level), Signal(), Signal(PagingMode)
    simulate(Mmu(PRESETS["tiny"]), check)
