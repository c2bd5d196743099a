"""The example in the documentation is what the command says."""

import json
import re
from pathlib import Path

from sim.cli.main import main


PAGE = Path(__file__).parents[2] / "docs" / "access-vectors.md"


def test_the_example_has_the_outcome_that_is_shown(tmp_path, capsys):
    vector, outcome = (json.loads(block) for block
                       in re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL))
    path = tmp_path / "punch.jsonl"
    path.write_text(json.dumps(vector))
    assert main(["access", str(path)]) == 0
    assert capsys.readouterr().out == json.dumps(outcome) + "\n"
