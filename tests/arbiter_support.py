"""Initiators of bus cycles, an arbiter between them and memory, and rules that every run obeys."""

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from amaranth import Const, Value
from amaranth.sim import SimulatorContext
from hw_support import simulate

from hw.arbiter import Arbiter
from sim.memory import PhysicalMemory, Target


__all__ = ["GIVEN", "IDLE", "RULES", "SIGNALS", "Cycle", "DeafArbiter", "Drive", "Initiator",
           "Seen", "directly", "following", "increments", "played", "random_traffic", "signals_of",
           "through"]


#: All byte lanes that a transfer may have: none, or some that are next to each other.
RUNS = [0, *(((1 << count) - 1) << first for first in range(8) for count in range(1, 9 - first))]


class DeafArbiter(Arbiter):
    """An arbiter that knows of no locked bus cycles."""

    def _locked(self, initiator: Any) -> Value:
        return Const(0)


@dataclass(frozen=True)
class Drive:
    """Signals that an initiator drives in a cycle."""

    cyc:   int = 0
    stb:   int = 0
    we:    int = 0
    lock:  int = 0
    adr:   int = 0
    sel:   int = 0xff
    dat_w: int = 0


@dataclass(frozen=True)
class Seen:
    """Signals that an initiator is given in a cycle."""

    stall: int
    ack:   int
    dat_r: int
    err:   int = 0


SIGNALS = tuple(Drive.__dataclass_fields__)
GIVEN   = tuple(Seen.__dataclass_fields__)
IDLE    = Drive()

#: Drives a cycle at each step, and is sent what it was given in that cycle.
Initiator = Generator[Drive, Seen, None]


@dataclass
class Cycle:
    """One cycle: what each initiator drove and was given, and what was on the target's bus."""

    driven: list[Drive]
    seen:   list[Seen]
    target: Drive = IDLE
    stall:  int   = 0
    owner:  int   = 0
    hold:   int   = 0
    room:   bool  = True  #: Fewer transfers are outstanding than may be.

    @property
    def requesting(self) -> list[int]:
        """Initiators that request a transfer."""
        return [number for number, drive in enumerate(self.driven) if drive.cyc and drive.stb]

    @property
    def accepted(self) -> list[int]:
        """Those of them whose transfer is accepted, as they see it."""
        return [number for number in self.requesting if not self.seen[number].stall]

    @property
    def completed(self) -> list[int]:
        """Initiators whose transfer completes."""
        return [number for number, seen in enumerate(self.seen) if seen.ack or seen.err]


def played(cycles: Iterable[Drive]) -> Initiator:
    """Drive ``cycles``, whatever happens."""
    left = deque(cycles)
    while left:
        yield left.popleft()


def random_traffic(random: Random, count: int, *, words: int = 4) -> Initiator:
    """Request ``count`` transfers with gaps between, whether or not earlier ones have completed."""
    flying, left = 0, count
    while left or flying:
        drive = IDLE
        if left and random.random() < 0.6:
            drive = Drive(stb=1, we=random.getrandbits(1), adr=random.randrange(words),
                          sel=random.choice(RUNS), dat_w=random.getrandbits(64))
        while True:
            drive = Drive(**vars(drive) | {"cyc": int(drive.stb or flying > 0)})
            seen  = yield drive
            accepted = drive.stb and not seen.stall
            flying += accepted - (seen.ack | seen.err)
            left   -= accepted
            if accepted or not drive.stb:
                break


def increments(word: int, count: int, gaps: Callable[[], int] = lambda: 0) -> Initiator:
    """Add one to ``word``, ``count`` times, by a locked read and write."""
    for _ in range(count):
        value = yield from _locked(Drive(1, 1, 0, 1, word))
        for _ in range(gaps()):
            yield Drive(cyc=1, lock=1)
        yield from _locked(Drive(1, 1, 1, 1, word, dat_w=value + 1))
        for _ in range(1 + gaps()):
            yield IDLE


def _locked(drive: Drive) -> Generator[Drive, Seen, int]:
    """One transfer in a locked bus cycle that goes on afterwards. Returns what is read."""
    while (yield drive).stall:
        pass
    while not (seen := (yield Drive(cyc=1, lock=1))).ack:
        pass
    return seen.dat_r


def through(
    arbiter: Arbiter, initiators: Sequence[Initiator], *, memory: PhysicalMemory | None = None,
    hold: Callable[[int], int] = lambda cycle: 0, deadline: int = 2000,
) -> list[Cycle]:
    """Let ``initiators`` reach ``memory`` through ``arbiter`` until all have ended.

    ``hold`` gives what is on that port in each cycle.
    """
    log: list[Cycle] = []

    async def run(ctx: SimulatorContext) -> None:
        outstanding = 0
        target  = Target(memory or PhysicalMemory())
        drives  = [next(initiator, None) for initiator in initiators]
        ports   = arbiter.initiators
        replies = [getattr(port, name) for port in ports for name in GIVEN]
        request = [getattr(arbiter.target, name) for name in SIGNALS]
        while any(drives):
            driven = [drive or IDLE for drive in drives]
            for port, drive in zip(ports, driven, strict=True):
                for name in SIGNALS:
                    ctx.set(getattr(port, name), getattr(drive, name))
            for name in GIVEN:
                ctx.set(getattr(arbiter.target, name), getattr(target, name))
            ctx.set(arbiter.hold, hold(len(log)))
            _, _, owner, *values = await ctx.tick().sample(arbiter.owner, *request, *replies)
            issued, given = values[:len(SIGNALS)], values[len(SIGNALS):]
            seen  = [Seen(*given[n:n + len(GIVEN)]) for n in range(0, len(given), len(GIVEN))]
            cycle = Cycle(driven, seen, Drive(*issued), target.stall, owner, hold(len(log)),
                          outstanding < arbiter.outstanding)
            log.append(cycle)
            outstanding += len(cycle.accepted) - (target.ack | target.err)
            target.step(*signals_of(cycle.target))
            drives = [following(initiator, given) if drive else None for initiator, drive, given
                      in zip(initiators, drives, seen, strict=True)]

    simulate(arbiter, run, deadline=deadline)
    return log


def directly(initiator: Initiator, *, memory: PhysicalMemory) -> list[Cycle]:
    """Let ``initiator`` reach ``memory`` with nothing between."""
    log:   list[Cycle]  = []
    drive: Drive | None = next(initiator)
    target = Target(memory)
    while drive:
        seen = Seen(target.stall, target.ack, target.dat_r, target.err)
        log.append(Cycle([drive], [seen], drive, target.stall))
        target.step(*signals_of(drive))
        drive = following(initiator, seen)
    return log


def signals_of(drive: Drive) -> tuple[int, ...]:
    """Signals of an initiator that a target looks at."""
    return drive.cyc, drive.stb, drive.we, drive.adr, drive.sel, drive.dat_w


def following(initiator: Initiator, seen: Seen) -> Drive | None:
    """Next cycle of ``initiator``, after one in which it was given ``seen``; None at its end."""
    try:
        return initiator.send(seen)
    except StopIteration:
        return None


# Rules, each a function that fails on a run that breaks it. None looks at how the arbiter decides.

def one_transfer_a_cycle_is_the_owner_s(log: list[Cycle]) -> None:
    """The target accepts what the owner requests, and the owner alone sees it accepted."""
    for cycle in log:
        accepted = bool(cycle.target.stb and not cycle.stall)
        assert cycle.accepted == [cycle.owner] * accepted
        if cycle.target.stb:
            assert cycle.target == cycle.driven[cycle.owner]


def responses_belong_to_their_requests(log: list[Cycle]) -> None:
    """Each initiator reads what memory held when its transfer's turn came, in its own order."""
    memory: dict[int, int] = {}
    outstanding: list[deque[int]] = [deque() for _ in log[0].driven]
    for cycle in log:
        for number in cycle.completed:
            assert cycle.seen[number].dat_r == outstanding[number].popleft()
        for number in cycle.accepted:
            drive  = cycle.driven[number]
            before = memory.get(drive.adr, 0)
            outstanding[number].append(before)
            if drive.we:
                mask = sum(0xff << 8 * lane for lane in range(8) if drive.sel >> lane & 1)
                memory[drive.adr] = before & ~mask | drive.dat_w & mask
    assert not any(outstanding)


def a_stalled_transfer_stays(log: list[Cycle]) -> None:
    """A transfer that the target has not accepted is requested again, unchanged."""
    for cycle, following in pairwise(log):
        if cycle.target.stb and cycle.stall:
            assert (following.owner, following.target) == (cycle.owner, cycle.target)


def a_locked_bus_cycle_is_not_interrupted(log: list[Cycle]) -> None:
    """From a transfer accepted with lock until lock is dropped, nobody else's is accepted."""
    for cycle, holder in _holders(log):
        assert holder is None or cycle.accepted in ([], [holder])


def nobody_is_passed_twice(log: list[Cycle]) -> None:
    """While one waits, each other has one turn at most: a transfer, or a locked bus cycle."""
    passed = [Counter[int]() for _ in log[0].driven]
    for cycle, holder in _holders(log):
        for number, turns in enumerate(passed):
            held = cycle.hold >> number & 1
            if number not in cycle.requesting or number in cycle.accepted or held:
                turns.clear()
            elif cycle.accepted and cycle.accepted != [holder]:
                turns.update(cycle.accepted)
                assert max(turns.values()) == 1


def no_cycle_is_wasted(log: list[Cycle]) -> None:
    """A transfer is requested in each cycle in which an initiator may and does, and in no other."""
    last = IDLE, 0, 0
    for cycle, holder in _holders(log):
        target, stall, owner = last
        if target.stb and stall:
            able = [owner]
        elif holder is not None:
            able = [holder]
        else:
            able = [number for number in cycle.requesting if not cycle.hold >> number & 1]
        assert cycle.target.stb == bool(cycle.room and set(able) & set(cycle.requesting))
        assert not cycle.target.stb or cycle.owner in able
        last = cycle.target, cycle.stall, cycle.owner


def the_target_s_bus_cycle_lasts(log: list[Cycle]) -> None:
    """``cyc`` is high while a transfer is requested or outstanding, or the bus is locked."""
    outstanding = 0
    for cycle, holder in _holders(log):
        assert cycle.target.cyc == (cycle.target.stb or outstanding > 0 or holder is not None)
        begun = cycle.target.stb and cycle.driven[cycle.owner].lock
        assert cycle.target.lock == (begun or holder is not None)
        outstanding += len(cycle.accepted) - len(cycle.completed)
    assert outstanding == 0


RULES = (
    one_transfer_a_cycle_is_the_owner_s, responses_belong_to_their_requests,
    a_stalled_transfer_stays, a_locked_bus_cycle_is_not_interrupted, nobody_is_passed_twice,
    no_cycle_is_wasted, the_target_s_bus_cycle_lasts,
)


def _holders(log: list[Cycle]) -> Iterator[tuple[Cycle, int | None]]:
    """Each cycle, and whose locked bus cycle has begun before it and goes on in it."""
    holder = None
    for cycle in log:
        if holder is not None and not (cycle.driven[holder].cyc and cycle.driven[holder].lock):
            holder = None
        yield cycle, holder
        for number in cycle.accepted:
            if cycle.driven[number].lock:
                holder = number
