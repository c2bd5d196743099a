"""A simulated board, and what it is compared with."""

import pytest
from board_support import board_named, worked

from hw.boards import BOARDS
from hw.presets import PRESETS
from sim.engines.cxxrtl import CxxrtlEngine
from sim.memory import PhysicalMemory


@pytest.fixture(scope="session")
def icebreaker():
    return board_named("icebreaker")


@pytest.fixture(scope="module")
def compiled_one():
    """The same unit, compiled, before as much memory, and the outcomes of the same work."""
    memory = PhysicalMemory(size=BOARDS["icebreaker"].ram_kib << 10)
    engine = CxxrtlEngine(PRESETS["tiny"], memory=memory)
    return engine, worked(engine)
