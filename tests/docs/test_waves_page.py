"""The page on waveforms: its program works, and it lists the groups that there are."""

import re
from pathlib import Path

import pytest

from sim.cli.main import main


pytestmark = pytest.mark.slow


PAGE = (Path(__file__).parents[2] / "docs" / "waves.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders of waveforms: of the article, and of a machine with two processors."""
    folder = tmp_path_factory.mktemp("waves")
    names  = ("article", "shootdown")
    assert main(["run", *names, "--waves", str(folder), "--engine", "cxxrtl"]) == 0
    return [folder / f"{name}-4level-5.x" for name in names]


def test_the_program_prints_cycles_and_kernel_functions(folders, monkeypatch, capsys):
    [program] = re.findall(r"^ +```python\n(.*?)^ +```", PAGE, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(folders[0])
    exec(re.sub("^  ", "", program, flags=re.MULTILINE), {})
    lines  = [line.split() for line in capsys.readouterr().out.splitlines()]
    cycles = [int(cycle) for cycle, _ in lines]
    assert cycles == sorted(cycles)
    assert {"user", "exc_page_fault", "copy_to_user_page"} < {function for _, function in lines}


def test_the_files_of_the_folder_are_those_of_the_table(folders):
    listed = re.findall(r"^\| `(waves\.\w+)` \|", PAGE, re.MULTILINE)
    for folder in folders:
        assert sorted(file.name for file in folder.iterdir()) == sorted(listed)


def test_the_groups_are_those_of_the_tables_and_have_the_signals_that_are_told(folders):
    tables = re.findall(r"^\| group \| signals \|\n.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    told   = [dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)) for table in tables]
    views  = [(folder / "waves.sucl").read_text(encoding="utf-8") for folder in folders]
    one, two = [[name.rpartition(".")[2] for name in re.findall(r"divider_add (\S+)", view)]
                for view in views]
    assert one == [*told[0]]
    assert {*two} == {*told[0], *told[1]}
    signals = set(re.findall(r"variable_add machine\.(?:cpu\d\.)?(\w+\.\w+)", views[1]))
    named   = {f"{group}.{name}" for table in told for group, text in table.items()
               for name in re.findall("`([a-z_0-9]+)`", text)}
    assert named - signals == {"software.user"}  # what it shows while no function executes
    assert len(named) > 30
