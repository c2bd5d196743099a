"""All schedules of a test, up to the order of steps that commute.

Two steps of different processors commute if neither writes what the other touches. Of schedules
that differ only in the order of such steps one is played: after each run, for each step that could
have come before an earlier one that it depends on, that other order is played too, unless it is
known to be equal to one that was played.

Ref: Abdulla, Aronis, Jonsson, Sagonas, "Optimal Dynamic Partial Order Reduction", POPL 2014: source
sets and sleep sets, after Flanagan and Godefroid, POPL 2005.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from .step import Play, Step


__all__ = ["explored"]


#: Plays a schedule that begins with the processors of these steps, and goes on of its own accord.
#: All but the last of them are as they were played before.
Player = Callable[[Sequence[Step]], Play]


@dataclass
class _Node:
    """A step on the way, and what else could be done in its place.

    ``done`` has the steps that were played here by processor; ``wanted`` the processors that are
    still to be tried; ``asleep`` steps whose schedules were played from an earlier place.
    """

    step:   Step
    asleep: dict[int, Step]
    done:   dict[int, Step] = field(default_factory=dict)
    wanted: set[int]        = field(default_factory=set)


def explored(play: Player) -> Iterator[Play]:
    """Yield a run of each schedule, of those that are equal up to commuting steps only one."""
    path: list[_Node] = []
    while True:
        found = play([node.step for node in path])
        whole = _extend(path, found.steps)
        _look_for_races(path)
        if whole:
            yield found
        while path and not path[-1].wanted:
            path.pop()
        if not path:
            return
        node = path[-1]
        cpu  = node.wanted.pop()
        # Its step is not known before it is played: until then the name of the processor will do.
        node.done[node.step.cpu] = node.step
        node.step = Step(cpu)


def _extend(path: list[_Node], steps: Sequence[Step]) -> bool:
    """Put the steps of a run on the path; False: the rest of it is equal to what was played."""
    if path:
        path[-1].step = steps[len(path) - 1]
    for number in range(len(path), len(steps)):
        node = _Node(steps[number], _still_asleep(path[-1]) if path else {})
        path.append(node)
        if node.step.cpu in node.asleep:
            node.wanted |= _awake(node, steps, number)
            return False
    return True


def _awake(node: _Node, steps: Sequence[Step], number: int) -> set[int]:
    """A processor that could go on at a place instead of one that is asleep, if there is any."""
    following: dict[int, Step] = {}
    for step in steps[number:]:
        following.setdefault(step.cpu, step)
    return set([cpu for cpu, step in following.items() if cpu not in node.asleep
                and _could_come(step, steps[:number])][:1])


def _still_asleep(node: _Node) -> dict[int, Step]:
    """Steps that need not be tried behind a step: tried before it, and it does not matter to them.
    """
    return {cpu: step for cpu, step in {**node.asleep, **node.done}.items()
            if not step.depends(node.step)}


def _look_for_races(path: Sequence[_Node]) -> None:
    """Find steps that could have come before an earlier one, and have that order tried."""
    steps = [node.step for node in path]
    #: By step: for each processor the last of its steps that must come before, or is it.
    clocks: list[dict[int, int]] = []
    last:   dict[int, int] = {}
    for number, step in enumerate(steps):
        clock = dict(clocks[last[step.cpu]]) if step.cpu in last else {}
        races = []
        for earlier in range(number - 1, -1, -1):
            other = steps[earlier]
            if other.cpu == step.cpu or not other.depends(step):
                continue
            if clock.get(other.cpu, -1) < earlier:
                races.append(earlier)
                for cpu, place in clocks[earlier].items():
                    clock[cpu] = max(clock.get(cpu, -1), place)
        clock[step.cpu] = number
        clocks.append(clock)
        last[step.cpu] = number
        for earlier in races:
            _reverse(path, steps, clocks, earlier, number)


def _reverse(path: Sequence[_Node], steps: Sequence[Step], clocks: Sequence[dict[int, int]],
             earlier: int, number: int) -> None:
    """Have a step tried before an earlier one, behind all that need not wait for that one.

    Whoever can begin with these steps will do, and one is enough.
    """
    free = [place for place in range(earlier + 1, number)
            if clocks[place].get(steps[earlier].cpu, -1) < earlier]
    if not _could_come(steps[number], [*steps[:earlier], *(steps[place] for place in free)]):
        return
    free.append(number)
    first: dict[int, int] = {}
    for place in free:
        first.setdefault(steps[place].cpu, place)
    beginners = [cpu for cpu, place in first.items() if not any(
        clocks[place].get(steps[other].cpu, -1) >= other for other in free if other < place)]
    node = path[earlier]
    if not {node.step.cpu, *node.done, *node.wanted, *node.asleep} & set(beginners):
        node.wanted.add(beginners[0])


def _could_come(step: Step, before: Sequence[Step]) -> bool:
    """Tell whether a step could have come directly after others: an interrupt must wait for it."""
    if step.takes is None:
        return True
    return sum(other.sends == step.takes for other in before) > sum(
        other.takes == step.takes for other in before)
