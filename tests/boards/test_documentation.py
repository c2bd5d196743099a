"""docs/boards.md says of the boards what they say themselves, and shows a board that is one."""

import re
import shlex
from pathlib import Path

import pytest

from hw import boards
from hw.boards import BOARDS
from hw.boards.board import Board
from hw.boards.top import LIGHTS, Top
from sim.boards.report import built_as_text
from sim.cli.main import parser


PAGE = (Path(__file__).parents[2] / "docs" / "boards.md").read_text()

#: A board comes into the page when it has been built.
BUILT = {name: board for name, board in BOARDS.items() if board.built}


def label_of(pad):
    return pad.label if pad else "-"


def test_the_table_of_boards_is_that_of_the_files():
    rows = {row[0]: row[1:] for line in PAGE.splitlines()
            if (row := [cell.strip(" `") for cell in line.strip("|").split("|")])[0] in BOARDS
            and line.startswith("|")}
    assert rows == {name: [
        board.fpga, board.preset, f"{board.ram_kib} KiB", f"{board.clock_hz // 1_000_000} MHz",
        ", ".join(label_of(getattr(board, role)) for role in LIGHTS),
        label_of(board.button)] for name, board in BUILT.items()}


def test_what_was_built_is_as_the_files_say():
    assert built_as_text(list(BUILT.values())) in PAGE


@pytest.mark.parametrize("name", BUILT)
def test_the_line_of_each_board_is_named(name):
    [item] = re.findall(rf"^- \*\*{BOARDS[name].title.split(' ')[0]}\*\*.*?(?=^- |^#)", PAGE,
                        re.DOTALL | re.MULTILINE)
    assert f"`{BOARDS[name].port}`" in item


@pytest.mark.parametrize("command", re.findall(r"^dragoncage (.*?)(?:   .*)?$", PAGE, re.MULTILINE))
def test_commands_are_as_the_command_line_has_them(command):
    parser().parse_args(shlex.split(command))


@pytest.mark.slow
def test_the_board_that_is_shown_is_found_by_its_file(tmp_path, monkeypatch):
    [shown] = re.findall(r"`hw/boards/(\w+)\.py`:\n\n```python\n(.*?)```", PAGE, re.DOTALL)
    name, text = shown
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setattr(boards, "__path__", [*boards.__path__, str(tmp_path)])
    monkeypatch.delitem("sys.modules", f"hw.boards.{name}", raising=False)
    found = boards._discover()
    assert set(found) == {*BOARDS, name}
    board = found[name]
    assert isinstance(board, Board)
    plan = board.platform().prepare(Top(board), name, **board.overrides)
    assert f"{name}.lpf" in plan.files
