"""The races: each bad outcome is found within a bound, and not where it was mended."""

import pytest

from sim.explore.plan import parse
from sim.explore.races import RACES, race_called
from sim.explore.search import Exhaustive
from sim.explore.unit import Setting
from sw.era import ERAS

from .explore_support import LONG, explored, in_worker, played


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RACES if name not in LONG])
def test_a_bad_outcome_is_found_with_so_many_preemptions_and_not_with_fewer(name):
    most   = race_called(name).PREEMPTIONS
    result = explored(Exhaustive(most), Setting(name))
    *fewer, last = [entry.bad for entry in result.rounds]
    assert last > 0 and not any(fewer)
    assert result.first.ending.preemptions == most
    assert "kernel stops" not in result.first.ending.bad


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RACES if name not in LONG])
def test_it_is_in_no_schedule_within_the_same_bound_where_it_was_mended(name):
    result = explored(Exhaustive(race_called(name).PREEMPTIONS), Setting(name, sound=True))
    assert result.first is None and result.complete
    assert result.played > 1


@pytest.mark.parametrize("name", RACES)
def test_a_race_has_two_variants_that_differ_in_one_thing(name):
    module = race_called(name)
    assert module.__doc__.splitlines()[0]
    assert module.FLAWED.era in ERAS and module.SOUND.era in ERAS
    assert not module.SOUND.flaw
    assert bool(module.FLAWED.flaw) == (module.FLAWED.era == module.SOUND.era)


@pytest.mark.slow
@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize("name", LONG)
def test_a_schedule_that_took_long_to_find_is_bad_before_it_was_mended_and_not_after(name, sound):
    ending = in_worker(played, Setting(name, sound=sound), parse(LONG[name]))
    assert bool(ending.bad) == (not sound)
    assert ending.preemptions == race_called(name).PREEMPTIONS


@pytest.mark.slow
@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize("name", LONG)
def test_with_fewer_preemptions_it_is_in_no_schedule(name, sound):
    """The whole bound is searched by ``python -m tests.explore``."""
    result = explored(Exhaustive(race_called(name).PREEMPTIONS - 1), Setting(name, sound=sound))
    assert result.first is None and result.complete
    assert result.played > 1


@pytest.mark.slow
def test_what_takes_three_processors_is_found_by_a_search():
    result = explored(Exhaustive(1), Setting("nested-flush"), schedules=100)
    assert result.processors == 3 and result.first.ending.preemptions == 1
    assert "knows that the page was dropped" in result.first.ending.bad
