"""What tests of builds start from."""

import pytest

from sim.boards import build as building

from .build_support import GOOD, Blinker, Programs


@pytest.fixture
def blinker(monkeypatch):
    """Builds have the blinker in them, and not the system."""
    monkeypatch.setattr(building, "Top", Blinker)


@pytest.fixture
def programs(tmp_path, monkeypatch, blinker):
    """Programs for the board ulx3s, which succeed."""
    folder = tmp_path / "programs"
    folder.mkdir()
    programs = Programs(folder, monkeypatch)
    programs.put("yosys", 'echo "Executing the passes."\n')
    programs.report(GOOD)
    programs.put("ecppack", 'while [ $# -gt 0 ]; do [ "$1" = --bit ] && bit=$2; shift; done\n'
                            'printf bits > "$bit"\n')
    programs.put("openFPGALoader", 'echo "Loading: 100%"\n')
    return programs


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    """A new folder, in which the command runs."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


