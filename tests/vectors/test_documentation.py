"""The examples in the documentation are what the command says."""

import json
import re
from pathlib import Path

import pytest

from sim.cli.main import main


PAGE = Path(__file__).parents[2] / "docs" / "access-vectors.md"


EXAMPLES = [json.loads(block) for block
            in re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)]


@pytest.mark.slow
@pytest.mark.parametrize("vector, outcome, arguments", [
    (*EXAMPLES[:2], []),
    (*EXAMPLES[2:], ["--engine", "golden", "--allowed"]),
], ids=["version 1", "version 2"])
def test_the_examples_have_the_outcomes_that_are_shown(
        tmp_path, capsys, vector, outcome, arguments):
    path = tmp_path / "example.jsonl"
    path.write_text(json.dumps(vector))
    assert main(["access", str(path), *arguments]) == 0
    assert capsys.readouterr().out == json.dumps(outcome) + "\n"
