"""The example in the documentation runs."""

import re
from pathlib import Path

from hw.config import MmuConfig
from hw.updater import Updater
from sim.verification.simulation import build


PAGE = Path(__file__).parents[2] / "docs" / "cocotb.md"


def test_the_example_passes_and_can_fail(tmp_path, monkeypatch):
    text, = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "documented.py").write_text(text)
    (tmp_path / "mistaken.py").write_text(text.replace("== 0x27", "== 0x7"))
    monkeypatch.syspath_prepend(tmp_path)
    built = build(Updater(MmuConfig()), "icarus")
    assert built.test("documented", tmp_path / "right")
    assert not built.test("mistaken", tmp_path / "wrong")
