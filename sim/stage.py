"""What a scenario plays on: acts, what is done in them, and the claims that they prove."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sw.kernel.cred import cred
from sw.user import User

from .claims import Verdict
from .machine import Machine


__all__ = ["Act", "Claim", "Span", "Stage", "Step"]


@dataclass
class Span:
    """A stretch of cycles: ``since`` is the first, ``until`` the first after, once it is over."""

    since: int
    until: int | None = None

    @property
    def within(self) -> dict[str, int | None]:
        """The arguments of a trace's methods, and of judges, that mean this stretch."""
        return {"since": self.since, "until": self.until}


@dataclass(frozen=True)
class Step:
    """Something that was done."""

    text:  str
    cycle: int


@dataclass(frozen=True)
class Claim:
    """A claim with its verdict; see :class:`sim.claims.Verdict`."""

    text:   str
    holds:  bool
    cycle:  int | None
    detail: str


@dataclass
class Act(Span):
    """A part of a scenario, with what happened in it, in order."""

    title:   str                = ""
    entries: list[Step | Claim] = field(default_factory=list)

    @property
    def claims(self) -> list[Claim]:
        """What it claims."""
        return [entry for entry in self.entries if isinstance(entry, Claim)]


class Stage:
    """A booted machine, and the programme of what is shown on it.

    Parameters
    ----------
    machine : :class:`sim.machine.Machine`
        The machine.
    announce : callable
        Called with the title of each act as it begins.

    Attributes
    ----------
    kernel, cpu, memory, engine, trace
        Those of the machine.
    acts : :class:`list` of :class:`Act`
        The acts so far.
    """

    def __init__(self, machine: Machine, *, announce: Callable[[str], None] = lambda title: None):
        self.machine  = machine
        self.kernel   = machine.kernel
        self.cpu      = machine.cpu
        self.memory   = machine.memory
        self.engine   = machine.engine
        self.trace    = machine.engine.trace
        self.acts: list[Act] = []
        self._announce = announce

    @property
    def cycle(self) -> int:
        """Cycle in which the next operation can begin."""
        return self.engine.cycle

    async def user(self, name: str, uid: int = 1000, *capabilities: str) -> User:
        """Start a process with an empty address space; user 0 is root."""
        return await User.create(self.cpu, name, cred.of_user(uid, *capabilities))

    @contextmanager
    def act(self, title: str) -> Iterator[Act]:
        """Play an act in the body of the ``with`` statement."""
        act = Act(self.cycle, title=title)
        self.acts.append(act)
        self._announce(title)
        with self._shown(act, title):
            yield act

    @contextmanager
    def testing(self, text: str) -> Iterator[Span]:
        """Show a claim in the waveform during the body of the ``with`` statement."""
        span = Span(self.cycle)
        with self._shown(span, text):
            yield span

    def did(self, text: str) -> None:
        """Note what was done."""
        self.acts[-1].entries.append(Step(text, self.cycle))

    def claim(self, text: str, verdict: Verdict) -> None:
        """Claim ``text``, and let the verdict say whether it is so."""
        self.acts[-1].entries.append(Claim(text, *verdict))

    @contextmanager
    def _shown(self, span: Span, text: str) -> Iterator[None]:
        self.engine.claim(text)
        try:
            yield
        finally:
            span.until = self.cycle
            self.engine.claim(self.acts[-1].title if not isinstance(span, Act) else "")
