"""The lesson: every answer of it is true."""

import re
import shlex
from pathlib import Path

import pytest

from sim.cli.main import main


pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "lesson.md").read_text(encoding="utf-8")

EXERCISES, ANSWERS = PAGE.split("\n## Answers\n")

#: Commands of the answers, each with the lines that it prints among others, in their order.
SHOWN = re.findall(r"^```console\n\$ dragoncage (.*)\n((?:.*\n)*?)```$", ANSWERS, re.MULTILINE)

#: Files that the answers have, by their names.
FILES = dict(re.findall(r"`(\w+\.\w+)`:\n\n```\w+\n((?:.*\n)*?)```$", ANSWERS, re.MULTILINE))


def test_every_exercise_has_an_answer_with_a_command():
    exercises = re.findall(r"^(\d)\. \*\*(.*?)[.?]\*\*", EXERCISES, re.MULTILINE)
    answers = re.findall(r"^### (\d)\. (.*?)\??\n((?:(?!###).*\n?)*)", ANSWERS, re.MULTILINE)
    assert exercises == [(number, title) for number, title, _ in answers]
    assert [number for number, _, text in answers if "$ dragoncage" not in text] == []


@pytest.mark.parametrize("command, lines", SHOWN, ids=[command for command, _ in SHOWN])
def test_a_command_shows_what_the_answer_says(command, lines, tmp_path, monkeypatch, capsys):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    status = main([*shlex.split(command), "--engine", "cxxrtl"])
    assert status == ("FAILED" in lines)
    # What is longer than a line goes on in the next one.
    said, place = " ".join(capsys.readouterr().out.split()), 0
    for line in lines.splitlines():
        found = said.find(" ".join(line.split()), place)
        assert found >= 0, f"{line!r} is not in {said[place:]}"
        place = found + 1
