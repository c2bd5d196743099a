"""The page on Perfetto: its commands work, and it lists the rows that there are."""

import re
import shlex
from pathlib import Path

import pytest

from sim.cli.main import main
from tests.perfetto.perfetto_support import rows


pytestmark = pytest.mark.slow


PAGE = (Path(__file__).parents[2] / "docs" / "perfetto.md").read_text(encoding="utf-8")

COMMANDS, *_ = re.findall(r"^```\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_the_commands_write_the_rows_of_the_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    listed = [name for cell in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
              for name in re.findall("`(.+?)`", cell)]
    found = set()
    for command in COMMANDS.splitlines():
        program, *arguments = shlex.split(command)
        assert program == "dragoncage"
        assert main([*arguments, "--engine", "cxxrtl"]) == 0
        _, *titles = rows(Path(arguments[-1]).read_bytes())
        titles = [*dict.fromkeys(re.sub(r"CPU \d: ", "", title) for title in titles)]
        assert titles == [name for name in listed if name in titles]
        found |= {*titles}
    assert found == {*listed}
    assert "trace: article.perfetto-trace; open it at https://ui" in capsys.readouterr().err
