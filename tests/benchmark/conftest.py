"""Fixtures of the tests of measurement."""

import pytest

from hw.updater import Updater
from sim.benchmark.hardware import measure
from tests.boards.build_support import Programs

from .hardware_support import fake_tools


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Programs that pretend to synthesise and to place, and a cache that is empty.

    What they are given is a small part of the unit: they do not look at it.
    """
    monkeypatch.setattr(measure, "Mmu", Updater)
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    programs = Programs(folder, monkeypatch)
    fake_tools(programs, mhz=(38.0, 42.0, 40.0))
    return programs
