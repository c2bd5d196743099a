"""Plays on the compiled machine, for tests that look at its page tables."""

from dataclasses import replace

from sim.scenario import Verdict
from sim.scenarios import SCENARIOS


__all__ = ["played"]


def played(look, mode="4level", era="5.x", **choice):
    """Play ``look(stage, found)`` in an act; return the dictionary ``found`` that it fills."""
    found = {}

    async def play(stage):
        async with stage.act("One act"):
            await look(stage, found)
            stage.claim("a claim", Verdict(True, stage.cycle, ""))

    run = replace(SCENARIOS["article"], play=play).perform(engine="cxxrtl", era=era, mode=mode,
                                                           **choice)
    assert run.holds, run.failure or run.mistake
    return found
