"""Searches: what they play, what they leave out, and that they find what is there."""

from concurrent.futures import BrokenExecutor

import pytest

from sim.errors import Unavailable
from sim.explore.plan import Switch, render
from sim.explore.search import Exhaustive, Sampled
from sim.explore.state import State
from sim.explore.unit import Setting

from .explore_support import COW, Here, drawn_ending, explored, in_worker, outcomes


SOUND = Setting("dirty-cow", sound=True)


class Played(State):
    """A state that remembers the plans that were played."""

    def __init__(self):
        super().__init__(COW)
        self.plans = []

    def add(self, unit, results):
        self.plans += [played.ending.plan for played in results]


@pytest.mark.slow
def test_dirty_cow_is_found_with_one_preemption_and_not_without():
    result = explored(Exhaustive(1))
    without, one = result.rounds
    assert (without.bad, without.played) == (0, 2)
    assert one.bad > 0
    assert result.first.ending.preemptions == 1
    assert "read-only" in result.first.ending.bad
    assert result.complete


@pytest.mark.slow
def test_the_era_that_mended_it_has_it_in_no_schedule_within_the_same_bound():
    result = explored(Exhaustive(1), SOUND)
    assert [entry.bad for entry in result.rounds] == [0, 0]
    assert result.first is None and result.complete


@pytest.mark.slow
def test_what_is_left_out_is_equal_to_what_is_played():
    """All schedules with one preemption, played one by one, have no end that the search lacks."""
    starts = [(), (Switch(0, 1),)]
    every  = [*starts, *(
        (*start, switch) for start, (*_, switches) in zip(
            starts, in_worker(outcomes, starts), strict=True)
        for switch in switches if switch.step)]
    state  = Played()
    result = explored(Exhaustive(1), state=state)
    one_by_one, searched = ({(bad, memory) for bad, memory, _ in in_worker(outcomes, plans)}
                            for plans in (every, state.plans))
    assert searched == one_by_one and len(one_by_one) > 2
    assert result.played < len(every) / 2
    assert sum(entry.bad for entry in result.rounds) == sum(
        bool(bad) for bad, *_ in in_worker(outcomes, every))


@pytest.mark.slow
@pytest.mark.parametrize("strategy, schedules", [(Sampled(2), 8), (Sampled(0), 5)])
def test_what_is_drawn_depends_on_the_seed_alone(strategy, schedules):
    def plans(seed):
        state = Played()
        explored(strategy, schedules=schedules, seed=seed, state=state)
        return [render(plan) for plan in state.plans]

    assert plans(1) == plans(1)
    assert plans(1) != plans(2)


def test_a_schedule_that_is_drawn_again_is_counted_and_not_played():
    """Without a change of priorities, the processors can but go in one of two orders."""
    state  = Played()
    result = explored(Sampled(1), schedules=20, state=state)
    drawn  = [result.sampling.draw(number) for number in range(20)]
    assert (result.played, result.tried) == (2, 20) and len(set(drawn)) == 2
    assert len(state.plans) == 2 + len(set(drawn))  # the first two have told k


@pytest.mark.slow
def test_pct_finds_dirty_cow_more_often_than_its_bound():
    result = explored(Sampled(2), schedules=60)
    assert result.first.ending == in_worker(drawn_ending, result.sampling, result.number - 1)
    assert result.rounds[0].bad / result.tried > 1 / result.sampling.bound
    assert result.sampling.bound == 2 * result.steps


@pytest.mark.slow
def test_a_search_stops_at_a_number_of_schedules_and_says_so():
    result = explored(Exhaustive(1), schedules=5)
    assert (result.played, result.complete) == (5, False)


@pytest.mark.slow
def test_a_search_goes_on_where_it_was(tmp_path):
    file = tmp_path / "state"
    whole = explored(Exhaustive(1))
    with_file = State(COW, file)
    explored(Exhaustive(1), state=with_file)
    with_file.close()
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[:3]) + lines[3][:40], encoding="utf-8")
    again = State(COW, file)
    assert explored(Exhaustive(1), state=again) == whole
    again.close()
    assert file.read_text(encoding="utf-8").splitlines(keepends=True) == lines


class Breaking(Here):
    """An executor that is lost after one call."""

    def submit(self, fn, /, *args, **kwargs):
        if self.done:
            raise BrokenExecutor("its workers are gone")
        return super().submit(fn, *args, **kwargs)


@pytest.mark.slow
def test_units_of_workers_that_are_lost_are_done_by_others():
    executors = [Breaking(), Breaking(), Here()]
    assert explored(Exhaustive(0), executors=iter(executors)) == explored(Exhaustive(0))
    assert [len(executor.done) for executor in executors[:2]] == [1, 1]


@pytest.mark.slow
def test_workers_that_are_lost_again_and_again_end_the_search():
    with pytest.raises(Unavailable, match="workers were lost 4 times"):
        explored(Exhaustive(0), executors=(Breaking() for _ in range(9)))


@pytest.mark.slow
def test_a_kernel_that_leaves_a_reference_over_is_a_bad_outcome(monkeypatch):
    monkeypatch.setattr("sw.mm.memory.access.put_page", lambda cpu, folio: None)
    result = explored(Exhaustive(0), SOUND, executors=iter([Here()]))
    assert "left over: frame" in result.first.ending.bad
