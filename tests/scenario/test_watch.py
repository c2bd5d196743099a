"""The watch on a scenario has nothing to do with what lives beside it."""

import builtins
import gc

import pytest

from sim.scenario.scenario import load

from .story_support import FAST, HEAD, HOLDS, PLAY, written


pytestmark = pytest.mark.slow


@pytest.fixture(name="seen")
def _seen(tmp_path):
    gc.unfreeze()  # whatever another test of this process has left

    """A function that plays, and returns how many objects were kept from the collector then."""
    def seen():
        path, _ = written(tmp_path, HEAD + PLAY + "    import builtins, gc\n"
                          "    builtins.kept_objects = gc.get_freeze_count()" + HOLDS)
        assert load(path).perform(engine=FAST, era="6.x").holds
        return builtins.__dict__.pop("kept_objects")

    return seen


def test_what_lives_before_a_play_is_kept_from_the_collector_until_its_end(seen):
    assert gc.get_freeze_count() == 0
    assert seen() > 10_000
    assert gc.get_freeze_count() == 0


def test_what_somebody_else_keeps_from_it_stays_so(seen):
    gc.freeze()
    try:
        seen()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
