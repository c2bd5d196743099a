"""A race played step by step to its end, by a plan or by whoever decides."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from .footprint import Footprint
from .machine import RacingMachine
from .order import Order
from .plan import Plan, Switch


__all__ = ["Chooser", "Ending", "Game", "Moment"]


#: Steps after which a race that has not ended is thought never to.
PATIENCE = 20_000


class Moment(NamedTuple):
    """A step that was made.

    Attributes
    ----------
    cpu : :class:`int`
        Processor that made it.
    others : :class:`tuple`
        Processors that could have made a step of use instead.
    free : :class:`bool`
        The processor of the step before had nothing to do, so that another had to take over.
    past : :class:`int`
        All that had happened before, up to the order of steps that commute: a hash. 0 if nobody
        keeps footprints.
    """

    cpu:    int
    others: tuple[int, ...]
    free:   bool
    past:   int


@dataclass
class Ending:
    """End of a race.

    Attributes
    ----------
    bad : :class:`str`
        The bad outcome in words; empty: there is none.
    steps : :class:`int`
        Steps that were made.
    plan : :data:`.plan.Plan`
        Switches by which it can be played again.
    preemptions : :class:`int`
        Switches away from a processor that had something to do.
    """

    bad:         str
    steps:       int
    plan:        Plan
    preemptions: int


#: Chooses the processor of the next step: called with the one that would make it of its own accord,
#: all that could make a step of use, and the number of the step.
Chooser = Callable[[int, tuple[int, ...], int], int]


@dataclass
class _Past:
    """All that happened, up to the order of steps that commute: hashes that are chained."""

    state:   int = 0
    own:     dict[int, int]            = field(default_factory=dict)
    written: dict[object, int]         = field(default_factory=dict)
    read:    dict[object, list[int]]   = field(default_factory=dict)

    def add(self, cpu: int, footprint: Footprint) -> None:
        """Add a step: its hash is made of those of the steps that must come before it."""
        before = {self.own.get(cpu, 0)}
        for location in footprint.reads | footprint.writes:
            if location in self.written:
                before.add(self.written[location])
        for location in footprint.writes:
            before.update(self.read.pop(location, ()))
        step = int.from_bytes(hashlib.blake2b(
            f"{cpu} {sorted(before)}".encode(), digest_size=8).digest())
        self.own[cpu] = step
        for location in footprint.reads:
            self.read.setdefault(location, []).append(step)
        for location in footprint.writes:
            self.written[location] = step
        self.state = (self.state + step) % (1 << 64)


class Game:
    """A race in progress.

    Parameters
    ----------
    machine : :class:`.machine.RacingMachine`
        The machine, at its start.
    footprints : callable or :class:`None`
        Ends the footprint of a step, as :func:`.footprint.watch` returns it; None: nobody wants
        to know what steps touch.
    before : callable
        Called with the processor of each step before it is made.

    Attributes
    ----------
    moments : :class:`list` of :class:`Moment`
        Steps so far.
    footprints : :class:`list` of :class:`.footprint.Footprint`
        What they have touched.
    """

    def __init__(self, machine: RacingMachine, footprints: Callable[[], Footprint] | None = None,
                 *, before: Callable[[int], None] = lambda cpu: None):
        self._machine = machine
        self._ended   = footprints
        self._before  = before
        self._past    = _Past()
        self._order   = Order(len(machine.processors), machine.enabled, machine.spins)
        self._crash   = ""
        self._plan: list[Switch] = []
        self._preemptions = 0
        self.moments:    list[Moment]    = []
        self.footprints: list[Footprint] = []

    @property
    def processors(self) -> int:
        """Number of processors."""
        return len(self._machine.processors)

    @property
    def over(self) -> bool:
        """True if all programs have ended, or the kernel has stopped."""
        return bool(self._crash) or all(self._machine.over)

    def play(self, choose: Chooser) -> Ending:
        """Play to the end."""
        while not self.over:
            self.step(choose)
        return self.ending()

    def follow(self, plan: Plan, *, until: int | None = None) -> None:
        """Play by a plan: to the end, or until step number ``until`` is next."""
        switches = dict(plan)
        while not self.over and (until is None or len(self.moments) < until):
            self.step(lambda default, others, step: switches.get(step, default))

    def ending(self) -> Ending:
        """Judge the end."""
        return Ending(self._crash or self._machine.judge() or "", len(self.moments),
                      tuple(self._plan), self._preemptions)

    def step(self, choose: Chooser) -> None:
        """Let the processor that is chosen make a step."""
        default, useful, free = self._order.options()
        cpu = choose(default, useful, len(self.moments))
        if cpu not in useful:
            cpu = default
        if cpu != default:
            self._plan.append(Switch(len(self.moments), cpu))
            self._preemptions += not free and bool(self.moments)
        self.moments.append(Moment(cpu, tuple(other for other in useful if other != cpu), free,
                                   self._past.state))
        spun = self._machine.spins(cpu)
        self._machine.processors[cpu].locations.clear()
        self._order.turn(cpu)
        self._before(cpu)
        try:
            self._machine.step(cpu)
        except Exception as error:  # the kernel's own alarm: an oops, a failed BUG_ON
            self._crash = f"the kernel stops: {type(error).__name__}: {error}"
        if len(self.moments) == PATIENCE:
            self._crash = f"no end after {PATIENCE} steps"
        if self._ended is not None:
            self._end_footprint(cpu, self._ended(), stutters=spun and self._machine.spins(cpu))

    def _end_footprint(self, cpu: int, footprint: Footprint, *, stutters: bool) -> None:
        """Take down a footprint. To look in vain once more for what one spins for is no event."""
        for location, write in self._machine.processors[cpu].locations:
            (footprint.writes if write else footprint.reads).add(location)
        footprint.reads.add(-1 - cpu)  # an interrupt that waits is taken before an instruction
        self.footprints.append(footprint)
        if not stutters or footprint.writes:
            self._past.add(cpu, footprint)
