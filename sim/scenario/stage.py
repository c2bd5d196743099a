"""Stage of a scenario: it takes down the acts, the steps in them, and the claims."""

import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Generic, TypeVar

from sim.golden.permission import Attempt
from sim.machine import Machine
from sim.paging.map import AddressMap
from sim.paging.walk import ATTEMPTS, PageWalk
from sim.record.interval import Interval
from sim.record.verdict import Unproven, Verdict
from sim.record.witness import witness
from sw.include.linux.completion import completion
from sw.kernel.cred import cred
from sw.kernel.sched.completion import wait_for_completion
from sw.kernel.sched.idle import start_on
from sw.processor.cpu import Cpu
from sw.user import User

from .acts import Act, Claim, Step
from .checks import check_text, guarded, is_verdict
from .look import Look
from .mistakes import Location, Mistake, Misuse


__all__ = ["Stage"]


IntervalT = TypeVar("IntervalT", bound=Interval)


class _Showing(Generic[IntervalT]):
    """An interval that lasts as long as the body of an ``async with`` statement.

    At both ends it waits until the marks are on record. A class, not a generator: an asynchronous
    generator that is left in the middle of a run dies noisily.

    Attributes
    ----------
    begun : :class:`bool`
        The statement is being executed, or has been.
    location : :class:`sim.scenario.mistakes.Location`
        Where it stands.
    """

    def __init__(self, stage: "Stage", interval: IntervalT, text: str, after: str):
        self._stage = stage
        self._interval = interval
        self._text  = text
        self._after = after
        self.begun    = False
        caller        = sys._getframe(2)
        self.location = Location.of(caller.f_code.co_filename, caller.f_lineno)

    async def __aenter__(self) -> IntervalT:
        self.begun = True
        if isinstance(self._interval, Act):
            self._stage.begin(self._interval)
        await self._stage.engine.settle()
        self._interval.since = self._stage.cycle
        self._stage.engine.claim(self._text)
        return self._interval

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None or isinstance(error, Exception):
            await self._stage.engine.settle()
        self._interval.until = self._stage.cycle
        self._stage.engine.claim(self._after)


class Stage:
    """A booted machine, and the programme of what is shown on it.

    Parameters
    ----------
    machine : :class:`sim.machine.Machine`
        The machine.
    announce : callable
        Called with the title of each act as it begins.
    acted : callable
        Called with each act that is over, and its number, from 1 on: there may be claims in it
        until the next begins.

    Attributes
    ----------
    config, kernel, cpu, cpus, memory, engine, trace, traces, schedule
        Those of the machine. ``cpu`` is the processor on which the scenario plays, the first;
        ``trace`` is its trace.
    acts : :class:`list` of :class:`Act`
        The acts so far.
    began : :class:`int` or :class:`None`
        Cycle in which the first of them began.
    """

    def __init__(self, machine: Machine, *, announce: Callable[[str], None] = lambda title: None,
                 acted: Callable[[int, Act], None] = lambda number, act: None):
        self.machine  = machine
        self.config   = machine.config
        self.kernel   = machine.kernel
        self.cpu      = machine.cpu
        self.cpus     = machine.cpus
        self.memory   = machine.memory
        self.engine   = machine.engine
        self.trace    = machine.engine.trace
        self.traces   = machine.engine.traces
        self.schedule = machine.engine.schedule
        self.acts: list[Act]    = []
        self.began: int | None  = None
        self._look     = Look(machine)
        self._announce = announce
        self._acted    = acted
        self._told     = 0
        self._started:  list[completion]    = []
        self._showings: list[_Showing[Any]] = []

    @property
    def cycle(self) -> int:
        """Cycle in which the next operation can begin."""
        return self.engine.cycle

    def walk(self, linear: int, *, cpu: int = 0, cr3: int | None = None, cycle: int | None = None,
             attempts: Mapping[str, Attempt] = ATTEMPTS) -> PageWalk:
        """Walk the page tables for an address as of ``cycle``; see :meth:`.look.Look.walk`."""
        return self._look.walk(linear, cpu=cpu, cr3=cr3, cycle=cycle, attempts=attempts)

    def address_map(self, *, cpu: int = 0, cr3: int | None = None, cycle: int | None = None,
                    linear: range | None = None, physical: range | None = None,
                    flags: Iterable[str] = ()) -> AddressMap:
        """Map what is mapped as of ``cycle``; see :meth:`.look.Look.map`."""
        return self._look.map(cpu=cpu, cr3=cr3, cycle=cycle, linear=linear, physical=physical,
                              flags=flags)

    async def user(self, name: str, uid: int = 1000, *capabilities: str) -> User:
        """Start a process with an empty address space; user 0 is root."""
        return await User.create(self.cpu, name, cred.of_user(uid, *capabilities))

    async def start(self, number: int, program: Callable[[Cpu], Awaitable[Any]]) -> completion:
        """Let processor ``number`` execute ``await program(cpu)`` as soon as it is idle.

        Refusals by the kernel and signals are kept for :meth:`finish`; another exception in it
        stops the machine.
        """
        if not callable(program):
            raise Misuse("stage.start takes a function, which it calls with the "
                         "processor: leave the parentheses out")
        if not 0 < number < len(self.cpus):
            raise Misuse(f"there is no other processor with the number {number!r}: "
                         f'"cpus" in MACHINE says how many there are, here {len(self.cpus)}')
        self._started.append(await start_on(self.cpu, self.cpus[number], guarded(program)))
        return self._started[-1]

    async def finish(self, started: completion) -> Any:
        """Wait until such a program has ended. Returns what it returned, or raises likewise."""
        if started in self._started:
            self._started.remove(started)
        return await wait_for_completion(self.cpu, started)

    def check_programs(self) -> None:
        """Raise what a program has raised that nobody waited for."""
        for started in self._started:
            if started.error is not None:
                raise started.error

    def act(self, title: str) -> _Showing[Act]:
        """Play an act in the body of the ``async with`` statement."""
        check_text(title, "act")
        return self._showing(_Showing(self, Act(self.cycle, title=title), title, ""))

    def begin(self, act: Act) -> None:
        """Make ``act`` the present one."""
        if self.acts and self.acts[-1].until is None:
            raise Misuse("an act cannot begin within another: end the other first")
        self.tell_acts()
        self.acts.append(act)
        if self.began is None:
            self.began = self.cycle
        self._announce(act.title)

    def tell_acts(self) -> None:
        """Report the acts so far, which are over, if they were not."""
        while self._told < len(self.acts):
            act = self.acts[self._told]
            self._told += 1
            self._look.explain(act)
            self._acted(self._told, act)

    def leave_out(self, title: str, reason: str) -> None:
        """Note an act that this machine cannot show, and why."""
        check_text(title, "leave_out")
        check_text(reason, "leave_out")
        self.tell_acts()
        self.acts.append(Act(self.cycle, self.cycle, title, left_out=reason))

    def testing(self, text: str) -> _Showing[Interval]:
        """Show a claim in the waveform during the body of the ``async with`` statement.

        The interval is what the claim is then judged on, from the first cycle of the body to its
        last.
        """
        check_text(text, "testing")
        return self._showing(
            _Showing(self, Interval(self.cycle), text, self._act("testing").title))

    def did(self, text: str) -> None:
        """Note what was done."""
        check_text(text, "did")
        self._act("did").entries.append(Step(text, self.cycle))

    def claim(self, text: str, judge: Verdict | Callable[[], Verdict]) -> None:
        """Claim ``text``, and let the judge say whether it is so.

        Judge when the interval is over: only then is what the kernel did last on record. A judge
        that raises :class:`sim.record.verdict.Unproven` says no.
        """
        check_text(text, "claim")
        act = self._act("claim")
        try:
            verdict = judge() if callable(judge) else judge
        except Unproven as lack:
            verdict = Verdict(False, None, str(lack), lack.expected)
        if not is_verdict(verdict, len(self.cpus)):
            raise Misuse("stage.claim takes a Verdict, as a judge returns it, or a function that "
                         f"returns one, not {verdict!r}")
        if verdict.cpu is None:
            found   = witness(self.traces, verdict.cycle, verdict.linear)
            verdict = verdict._replace(cpu=found.cpu if found else 0)
        act.entries.append(Claim(text, **verdict._asdict(), judged=self.cycle))

    @property
    def never_begun(self) -> list[Mistake]:
        """Acts and tests that are no ``async with`` statement, and so are not played."""
        return [Mistake(showing.location, "this does nothing by itself: write async with before "
                                          "it, and a colon behind it")
                for showing in self._showings if not showing.begun]

    def _showing(self, showing: _Showing[IntervalT]) -> _Showing[IntervalT]:
        self._showings.append(showing)
        return showing

    def _act(self, method: str) -> Act:
        """The present act, which ``method`` needs."""
        if not self.acts or self.acts[-1].left_out:
            raise Misuse(f"there is no act here: call stage.{method} within async with "
                         "stage.act(...):")
        return self.acts[-1]
