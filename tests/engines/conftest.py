"""A simulated board, and what it is compared with."""

import pytest
from board_support import board_named, worked

from hw.presets import PRESETS
from sim.engines.cxxrtl import CxxrtlEngine


@pytest.fixture(scope="session")
def icebreaker():
    return board_named("icebreaker")


@pytest.fixture(scope="module")
def compiled_one():
    """The same unit, compiled, and the outcomes of the same work."""
    engine = CxxrtlEngine(PRESETS["tiny"])
    return engine, worked(engine)
