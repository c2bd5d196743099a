"""Scenarios: modules that play a story on a machine and claim what it shows.

A scenario module has a docstring, whose first line is its title; ``MODES``, the modes that it
can be played in; and ``async def play(stage)``, where ``stage`` is a :class:`sim.stage.Stage`. It
may have ``MACHINE``, a dictionary of parameters for :class:`sim.machine.Machine`.
"""

import importlib
import importlib.util
import pkgutil
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, cast

from hw.config import MmuConfig
from hw.presets import PRESETS
from sw.arch.x86.kernel.cpu import TripleFault
from sw.errno import KernelError
from sw.kernel.panic import KernelOops
from sw.kernel.signal_types import Killed, Signal

from . import scenarios
from .claims import Unproven, describe
from .engine import BusHang, MachineLost
from .machine import MODES, Machine
from .records import Transfer
from .schedule import Schedule, written
from .stage import Act, Claim, Stage
from .trace import Trace


__all__ = ["Failure", "Run", "Scenario", "discover", "load"]


#: How a run may come to an end before its time. Anything else is a mistake of ours.
STOPS = (BusHang, MachineLost, KernelOops, TripleFault, KernelError, Signal, Killed, Unproven,
         AssertionError)

#: Accesses and transfers shown with a run that failed.
LAST = 8


@dataclass(frozen=True)
class Failure:
    """Why a run ended early, and what was going on."""

    reason:       str
    cycle:        int
    stack:        tuple[str, ...]
    transactions: tuple[str, ...]  #: The last accesses and transfers of each processor.


@dataclass
class Run:
    """One scenario, played once.

    ``preset`` is the name of the unit's configuration, if it has one. ``schedule`` are the turns
    that the processors took, in the form of :mod:`sim.schedule`. ``waves`` is the folder of the
    waveform, if there is one. ``counted`` is what the machine has counted by itself, if it does,
    and ``link`` what went over the link to it, if there is one.
    """

    scenario: str
    title:    str
    mode:     str
    engine:   str
    era:      str
    preset:   str | None     = None
    schedule: str            = ""
    waves:    Path | None    = None
    cycles:   int            = 0
    counted:  dict[str, int] = field(default_factory=dict)
    link:     dict[str, int] = field(default_factory=dict)
    seconds:  float          = 0.0
    acts:     list[Act]      = field(default_factory=list)
    failure:  Failure | None = None

    @property
    def claims(self) -> list[Claim]:
        """The claims of all acts."""
        return [claim for act in self.acts for claim in act.claims]

    @property
    def holds(self) -> bool:
        """Whether it came to its end, and every claim holds."""
        return self.failure is None and all(claim.holds for claim in self.claims)


@dataclass(frozen=True)
class Scenario:
    """A scenario module; ``file`` is where it is, if it is none of ours."""

    name:    str
    title:   str
    modes:   tuple[str, ...]
    machine: Mapping[str, Any]
    play:    Callable[[Stage], Awaitable[None]]
    file:    Path | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process loads the file for itself: it cannot import it by its name."""
        if self.file is not None:
            return load, (self.file,)
        return Scenario, (self.name, self.title, self.modes, {**self.machine}, self.play)

    @property
    def cpus(self) -> int:
        """Processors of its machine."""
        return int(self.machine.get("cpus", 1))

    @classmethod
    def of(cls, module: ModuleType) -> "Scenario":
        """The scenario in ``module``. Raises :class:`ValueError` if it is none."""
        name    = module.__name__.rpartition(".")[2]
        missing = [part for part in ("MODES", "play") if not hasattr(module, part)]
        title = (module.__doc__ or "").strip().partition("\n")[0]
        if not title:
            missing.append("a docstring")
        if missing:
            raise ValueError(f"{name} is not a scenario: it lacks {', '.join(missing)}")
        unknown = [mode for mode in module.MODES if mode not in MODES]
        if unknown or not module.MODES:
            raise ValueError(f"{name} is not a scenario: its MODES are {list(module.MODES)!r}, "
                             f"but the modes are {', '.join(MODES)}")
        return cls(name, title, tuple(module.MODES),
                   getattr(module, "MACHINE", {}), module.play)

    def perform(
        self, *, engine: str, era: str, mode: str | None = None,
        config: MmuConfig | None = None, options: Mapping[str, Any] = MappingProxyType({}),
        schedule: Schedule | None = None, waves: Path | None = None,
        announce: Callable[[str], None] = lambda title: None,
        progress: Callable[[int], None] | None = None,
    ) -> Run:
        """Play on a new machine. What it met instead of its end, if anything, is in the result.

        Without a ``mode`` it is the scenario's first that the unit has. ``config`` is the unit's,
        and ``options`` are the engine's. ``schedule`` holds until the scenario makes one of its
        own. The waveform gets a folder in ``waves``; ``announce`` is called with the title of each
        act, ``progress`` now and then with the cycle.

        Raises :class:`sim.engine.Unsuited`, and :class:`sim.engine.Unavailable`.
        """
        machine = Machine(mode=self.modes if mode is None else mode, engine=engine, era=era,
                          options=options, schedule=schedule, **_machine(self.machine, config))
        if machine.engine.away is not None:
            wanted = {"engine": engine, "era": era, "mode": mode, "config": config,
                      "options": {**options}, "schedule": schedule, "waves": waves}
            told   = {"announce": announce, "progress": progress or (lambda cycle: None)}
            run    = machine.engine.away(self.perform, wanted, told)
            return cast(Run, run)
        run     = Run(self.name, self.title, machine.mode, engine, era, _preset(machine.config))
        if waves is not None:
            run.waves = waves / f"{self.name}-{machine.mode}-{era}"
        stage   = Stage(machine, announce=announce)
        machine.engine.progress = progress

        async def play(_: Machine) -> None:
            await self.play(stage)

        begun = time.monotonic()
        try:
            machine.run(play, waves=run.waves)
        except STOPS as stop:
            run.failure = _failure(stop, machine)
        run.seconds = time.monotonic() - begun
        run.cycles  = machine.engine.trace.cycles
        run.counted = {**machine.engine.counted}
        run.link    = {**machine.engine.link}
        run.acts    = stage.acts
        run.schedule = written(machine.engine.schedule.taken)
        return run


def discover() -> dict[str, Scenario]:
    """The scenarios that come with the project, by name."""
    names = [module.name for module in pkgutil.iter_modules(scenarios.__path__)]
    return {name: Scenario.of(importlib.import_module(f"{scenarios.__name__}.{name}"))
            for name in names}


def load(path: Path) -> Scenario:
    """The scenario in a Python file. Raises :class:`ValueError` or :class:`OSError`."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return replace(Scenario.of(module), file=path.absolute())


def _machine(parameters: Mapping[str, Any], config: MmuConfig | None) -> dict[str, Any]:
    """The parameters that a scenario has for its machine, on a unit that was chosen."""
    return {**parameters} if config is None else {**parameters, "config": config}


def _preset(config: MmuConfig) -> str | None:
    """The name of a configuration."""
    return next((name for name, preset in PRESETS.items() if preset == config), None)


def _failure(stop: BaseException, machine: Machine) -> Failure:
    trace = machine.engine.trace
    stack: Sequence[str] = trace.marks[-1].stack if trace.marks else ()
    if isinstance(stop, KernelOops):
        reason, stack = f"kernel oops: {stop.reason}", stop.stack
    else:
        reason = f"{type(stop).__name__}: {stop}"
    return Failure(reason, max(0, trace.cycles - 1), tuple(stack), _last(machine.engine.traces))


def _last(traces: Sequence[Trace]) -> tuple[str, ...]:
    """The last transactions of all processors, in words, in the order of cycles."""
    said = []
    for number, trace in enumerate(traces):
        who   = f"processor {number}: " if len(traces) > 1 else ""
        said += [(access.asked, who + describe(access)) for access in trace.all_accesses[-LAST:]]
        said += [(transfer.asked, who + _in_words(transfer))
                 for transfer in trace.all_transfers[-LAST:]]
    return tuple(f"cycle {cycle}: {words}" for cycle, words in sorted(said))


def _in_words(transfer: Transfer) -> str:
    """A transfer of physical memory, in a few words."""
    who    = "the walker's" if transfer.walk else "a"
    locked = "locked " * transfer.lock
    what   = "write" if transfer.write else "read"
    ending = "" if transfer.acked >= 0 else ", no answer"
    return f"{who} {locked}{what} of physical {transfer.address:#x}{ending}"
