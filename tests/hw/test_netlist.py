"""Names in the netlist of a unit, which programs for synthesis read things into."""

import re

import pytest
from amaranth.back import rtlil

from hw.mmu import Mmu
from hw.presets import PRESETS


@pytest.mark.slow
def test_no_signal_has_the_name_of_a_bit_of_another():
    # Yosys 0.70 joins ``a[1]`` and bit 1 of ``a`` where it maps look-up tables for an ECP5.
    modules = rtlil.convert(Mmu(PRESETS["full"]), name="unit", emit_src=False).split("\nmodule ")
    assert len(modules) > 10
    for module in modules:
        names = set(re.findall(r"^ +wire .*\\(\S+)$", module, re.MULTILINE))
        assert not [name for name in names if re.sub(r"\[\d+\]$", "", name) in names - {name}]
