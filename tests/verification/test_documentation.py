"""The examples in the documentation run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hw.config import MmuConfig
from hw.updater import Updater
from sim import verification
from sim.verification import build
from sim.verification.rules import MMU_RULES, STREAM_RULES, WISHBONE_RULES


ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "cocotb.md").read_text(encoding="utf-8")

#: A testbench of a unit, and one of another design.
FILE, TESTS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("fact, mistake, status", [
    ("0x7\n", "0x7\n", 0),
    ("0x7\n", "0x6\n", 1),
], ids=["right", "mistaken"])
def test_the_testbench_of_a_unit_passes_and_can_fail(fact, mistake, status, tmp_path):
    assert fact in FILE
    (tmp_path / "my_testbench.py").write_text(FILE.replace(fact, mistake))
    done = subprocess.run([sys.executable, "my_testbench.py"], cwd=tmp_path, check=False,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == status
    assert (tmp_path / "out" / "coverage.txt").exists() is (status == 0)


@pytest.mark.slow
def test_the_testbench_of_another_design_passes_and_can_fail(tmp_path, monkeypatch):
    assert "== 0x27" in TESTS
    (tmp_path / "documented.py").write_text(TESTS)
    (tmp_path / "mistaken.py").write_text(TESTS.replace("== 0x27", "== 0x7"))
    monkeypatch.syspath_prepend(tmp_path)
    built = build(Updater(MmuConfig()), "icarus")
    assert built.test("documented", tmp_path / "right")
    assert not built.test("mistaken", tmp_path / "wrong")


def test_all_parts_in_the_tables_can_be_imported_and_all_names_are_on_the_page():
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", TEXT, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) <= set(verification.__all__)
    assert set(verification.__all__) <= set(re.findall(r"`(\w+)`", TEXT))


def test_all_rules_are_listed():
    rows   = re.findall(r"^\| [\w ,]+ \| (known.*|response .*) \|$", TEXT, re.MULTILINE)
    listed = [row.split("; ") for row in rows]
    assert listed == [[rule.name for rule in rules]
                      for rules in (WISHBONE_RULES, STREAM_RULES, MMU_RULES)]
