"""Searches in a process that has imported little, where copies are made faster than in this one."""

import hashlib
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from functools import cache, partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from sim.explore import unit
from sim.explore.fork import in_copy
from sim.explore.plan import Plan, Switch
from sim.explore.play import Ending, Game
from sim.explore.pool import Pool
from sim.explore.race import Memory, Race, Start, Variant
from sim.explore.sample import Sampling
from sim.explore.search import Exhaustive, Result, Strategy, search
from sim.explore.state import State
from sim.explore.unit import Setting, machine_for
from sw.processor.cpu import Cpu


__all__ = ["COW", "LONG", "Here", "drawn_ending", "explored", "in_worker", "outcomes", "played",
           "stores", "worker"]


#: Dirty COW, in the era that had it.
COW = Setting("dirty-cow")

#: A word in memory that is in the linear map, and not used by anybody; and that map.
WORD, LINEAR = 0xF_F000, 0xFFFF_8880_0000_0000

#: What takes long to find, among thousands of schedules.
LONG = {"mremap-flush": "34>1 55>1", "huge-dirty-cow": "4114>1", "nested-flush": "5>1"}


class Here(Executor):
    """An executor that does everything at once.

    Attributes
    ----------
    done : :class:`list`
        Arguments of the calls so far.
    """

    def __init__(self) -> None:
        self.done: list[Sequence[Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function."""
        self.done.append(args)
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@cache
def worker() -> Executor:
    """The process that all tests share."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def in_worker(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in that process."""
    return worker().submit(function, *args).result()


def explored(strategy: Strategy, setting: Setting = COW, *, schedules: int | None = None,
             seed: int = 0, state: State | None = None,
             executors: Iterator[Executor] | None = None) -> Result:
    """Search, by default in that process."""
    pool = Pool(executors or iter([worker()]), 1)
    return search(setting, strategy, pool, schedules=schedules, seed=seed,
                  state=state or State(setting))


def _outcome(plan: Plan) -> tuple[str, str, list[Switch]]:
    machine = machine_for(COW)
    game    = Game(machine)
    game.follow(plan)
    memory = hashlib.sha256()
    for frame, page in sorted(machine.processors[0].mmu.memory.nonzero().items()):
        memory.update(b"%d" % frame + page)
    return game.ending().bad, memory.hexdigest(), [
        Switch(step, cpu) for step, moment in enumerate(game.moments) if not moment.free
        for cpu in moment.others]


def outcomes(plans: Sequence[Plan]) -> list[tuple[str, str, list[Switch]]]:
    """Play schedules of Dirty COW one by one.

    For each: the bad outcome, a hash of memory, and the preemptions that there could be.
    """
    return [in_copy(partial(_outcome, plan)) for plan in plans]


def drawn_ending(sampling: Sampling, number: int) -> Ending:
    """Play a schedule of Dirty COW that is drawn."""
    return in_copy(lambda: Game(machine_for(COW)).play(sampling.chooser(number)))


def played(setting: Setting, plan: Plan) -> Ending:
    """Play a schedule of a race."""
    def end() -> Ending:
        game = Game(machine_for(setting))
        game.follow(plan)
        return game.ending()

    return in_copy(end)


def stores(own_words: bool, preemptions: int) -> Result:
    """Search a race of three processors that store twice, to words of their own or all to one."""
    async def prepare(cpus: Sequence[Cpu]) -> Race:
        async def program(cpu: Cpu, start: Start) -> None:
            await start(cpu)
            for _ in range(2):
                await cpu.store(LINEAR + WORD + 8 * cpu.number * own_words, 8, cpu.number + 1)

        def judge(memory: Memory) -> str | None:
            return "the second was last" if memory.read(WORD, 8) == 2 else None

        return Race([program] * 3, judge)

    race = SimpleNamespace(__doc__="Stores", CPUS=3, PREEMPTIONS=0, FLAWED=Variant("6.x"),
                           SOUND=Variant("6.x"), prepare=prepare)
    with patch.object(unit, "race_called", lambda name: race):
        return explored(Exhaustive(preemptions), Setting(f"stores {own_words}"),
                        executors=iter([Here()]))
