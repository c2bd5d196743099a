"""Scenarios: modules that play a story on a machine and claim what it shows.

A scenario module has a docstring, whose first line is its title; ``MODES``, the modes that it
can be played in; and ``async def play(stage)``, where ``stage`` is a :class:`.stage.Stage`. It may
have ``MACHINE``, a dictionary of parameters for :class:`sim.machine.Machine`, and ``CYCLES``, a
number of cycles after which its run is ended.
"""

import importlib
import importlib.util
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Unpack

from hw.config import MmuConfig
from hw.presets import PRESETS
from sim.errors import Unsuited
from sim.machine import Machine
from sim.output.files import FileTrouble
from sim.record.saved import Bookmark
from sim.record.viewed import Viewed
from sim.record.waveform import Framing, Unwritten, waveform
from sim.record.waves import WaveSink, joined
from sim.schedule import render
from sim.switches import Switches
from sw.audit import audit, is_at_rest

from .assembly import MachineChoice, assembled, unit_before_switches
from .export import Export
from .failure import STOPS, failure_of
from .listener import Listener
from .mistakes import Location, Mistake, ProgramError, ScenarioError, mistake_of
from .module import complaints, line_of
from .run import Run
from .stage import Stage
from .watch import Watch


__all__ = ["LIMIT", "Scenario", "load"]


#: Cycles after which a run is ended, if its scenario does not say otherwise.
LIMIT = 10_000_000

DEAF = Listener()


@dataclass(frozen=True)
class Scenario:
    """A scenario module.

    ``limit`` is the number of cycles after which it is ended; ``file`` is where it is, if it is
    none of ours.
    """

    name:    str
    title:   str
    modes:   tuple[str, ...]
    machine: Mapping[str, Any]
    play:    Callable[[Stage], Awaitable[None]]
    limit:   int         = LIMIT
    file:    Path | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process loads the file for itself: it cannot import it by its name."""
        if self.file is not None:
            return load, (self.file,)
        return Scenario, (self.name, self.title, self.modes, {**self.machine}, self.play,
                          self.limit)

    @property
    def cpus(self) -> int:
        """Processors of its machine."""
        return int(self.machine.get("cpus", 1))

    @property
    def source(self) -> str:
        """Its file, as the frames of its functions name it."""
        return str(self.file) if self.file is not None else inspect.getfile(self.play)

    @property
    def _beginning(self) -> Location:
        return Location.of(self.source, inspect.unwrap(self.play).__code__.co_firstlineno)

    @classmethod
    def of(cls, module: ModuleType) -> "Scenario":
        """The scenario in ``module``. Raises :class:`.mistakes.ScenarioError` if not."""
        name = module.__name__.rpartition(".")[2]
        for part, complaint in complaints(module):
            location = line_of(getattr(module, "__file__", name), part)
            raise ScenarioError(Mistake(location, f"{name} is not a scenario: {complaint}"))
        return cls(name, (module.__doc__ or "").strip().partition("\n")[0], tuple(module.MODES),
                   getattr(module, "MACHINE", {}), module.play, getattr(module, "CYCLES", LIMIT))

    def assemble(self, **choice: Unpack[MachineChoice]) -> Machine:
        """Make a machine to play on.

        Raises :class:`sim.errors.Unsuited`, :class:`sim.errors.Unavailable`, and
        :class:`sim.scenario.mistakes.ScenarioError` if there is no such machine as it wants.
        """
        try:
            return assembled(self.modes, self.machine, choice)
        except (TypeError, ValueError) as error:
            if not self.machine:
                raise
            raise ScenarioError(Mistake(line_of(self.source, "MACHINE"),
                                        f"there is no such MACHINE: {error}")) from error

    def perform(
        self, *, limit: int | None = None, waves: Path | None = None,
        waves_from: int | None = None, exports: Sequence[Export] = (),
        listener: Listener = DEAF, ended: Callable[[Stage], None] = lambda stage: None,
        **choice: Unpack[MachineChoice],
    ) -> Run:
        """Play on a new machine. What it met instead of its end, if anything, is in the result.

        ``limit`` is a number of cycles that holds instead of the scenario's own. The waveform gets
        a folder in ``waves``, and begins in the cycle ``waves_from``, or by default in that of the
        first act. The ``listener`` hears how the run goes. ``ended`` is called with the stage in
        the last cycle: if the limit ends the run, while all is as it was, and nothing is cleaned
        up yet. Then ``exports`` are written.

        Raises what :meth:`assemble` does.
        """
        machine  = self.assemble(**choice)
        switches = choice.get("switches", Switches())
        config   = (unit_before_switches(self.modes, self.machine, choice) if switches.of("unit")
                    else machine.config)
        run = Run(self.name, self.title, machine.mode, choice["engine"], choice["era"],
                  _preset(config), str(switches), choice.get("force_override"),
                  ram=machine.kernel.ram_bytes)
        if waves is not None:
            run.waves = waves / f"{self.name}-{machine.mode}-{run.era}"
        stage = Stage(machine, announce=listener.announce, acted=listener.acted)
        machine.engine.limit    = self.limit if limit is None else limit
        machine.engine.progress = listener.progress
        machine.engine.prepare()
        listener.begun(run)
        before = time.monotonic()
        viewed = Viewed() if any(export.viewed for export in exports) else None
        self._play(run, stage, viewed, waves_from, ended)
        run.seconds  = time.monotonic() - before
        run.cycles   = machine.engine.trace.cycles
        run.counted  = {**machine.engine.counted}
        run.link     = {**machine.engine.link}
        run.acts     = stage.acts
        run.schedule = render(machine.engine.schedule.executed)
        stage.tell_acts()
        if run.failure is None and run.mistake is None and not run.claims:
            self._about_nothing(run)
        for export in exports:
            listener.writing(export.name)
            try:
                export.write(run, stage, viewed)
            except FileTrouble as trouble:
                run.unwritten[export.name] = str(trouble)
        return run

    def _play(self, run: Run, stage: Stage, viewed: Viewed | None,
              waves_from: int | None, ended: Callable[[Stage], None]) -> None:
        """Play, and call ``ended``; note in ``run`` what ended it before its time."""
        watch = Watch(self.source, dropped=lambda: ended(stage))

        sinks: list[WaveSink] = [] if run.waves is None else [
            waveform(run.waves, _framing(stage, waves_from))]
        if viewed is not None:
            sinks.append(viewed.opened)

        async def play(_: Machine) -> None:
            await watch.watched(self._played(stage))

        try:
            with _waveform_of(run):
                stage.machine.run(play, waves=joined(sinks))
        except ProgramError as stop:
            run.mistake = _first(watch, stage) or mistake_of(
                stop.__cause__ or stop, self.source) or self._mistake(watch, str(stop))
        except ScenarioError as error:
            run.mistake = error.mistake
        except STOPS as stop:
            run.mistake = _first(watch, stage)
            if run.mistake is None:
                run.failure = failure_of(stop, stage.machine, watch, self.source)
        except OSError as error:
            run.mistake = mistake_of(error, self.source)
            if run.mistake is None:
                raise
        except Exception as error:
            run.mistake = _first(watch, stage) or mistake_of(error, self.source)
            if run.mistake is None:
                raise
        else:
            run.mistake = _first(watch, stage)
            if run.mistake is None and watch.frames:
                run.mistake = self._mistake(
                    watch, "this awaits something that no machine can do")
        if not watch.frames:
            ended(stage)

    async def _played(self, stage: Stage) -> None:
        try:
            await self.play(stage)
        except SystemExit as error:
            # In a simulator it would end more than the scenario.
            if mistake := mistake_of(error, self.source):
                raise ScenarioError(mistake) from error
            raise
        stage.check_programs()
        if is_at_rest(stage.machine.cpu):
            audit(stage.machine.cpu)

    def _mistake(self, watch: Watch, reason: str) -> Mistake:
        """A mistake where the scenario was in the end."""
        return Mistake(watch.location or self._beginning, reason)

    def _about_nothing(self, run: Run) -> None:
        """Refuse the success of a run that claims nothing."""
        if any(act.left_out for act in run.acts):
            raise Unsuited("unit and kernel can show none of its acts; choose another --preset or "
                           "--era")
        run.mistake = Mistake(self._beginning, "it claims nothing: call stage.claim in an act")


def _framing(stage: Stage, begins: int | None) -> Framing:
    """Extent and bookmarks of the waveform of what plays on a stage."""
    def bookmarks() -> list[Bookmark]:
        return [Bookmark(played.place(claim), (act, number), claim.holds)
                for act, played in enumerate(stage.acts, 1)
                for number, claim in enumerate(played.claims, 1)]

    return Framing(lambda: stage.began if begins is None else begins, bookmarks,
                   stage.config.tlb_entries)


@contextmanager
def _waveform_of(run: Run) -> Iterator[None]:
    """Note in ``run`` that its waveform cannot be written, and go on with what ended the run."""
    stop = None
    try:
        yield
    except Unwritten as trouble:
        run.waves, run.unwritten["waves"] = None, str(trouble)
        stop = trouble.__cause__
    if stop is not None:
        raise stop


def load(path: Path) -> Scenario:
    """The scenario in a Python file.

    Raises :class:`sim.scenario.mistakes.ScenarioError`, and :class:`OSError` if it cannot be read.
    """
    path = path.absolute()
    if b"\0" in path.read_bytes():
        # What Python says of it differs from version to version, and names no file.
        raise ScenarioError(Mistake(Location.of(str(path), 1), "a null byte is in no Python file"))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None, "its name ends in .py"
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        mistake = mistake_of(error, str(path))
        if mistake is None:
            raise
        raise ScenarioError(mistake) from error
    return replace(Scenario.of(module), file=path)


def _preset(config: MmuConfig) -> str | None:
    """The name of a configuration."""
    return next((name for name, preset in PRESETS.items() if preset == config), None)


def _first(watch: Watch, stage: Stage) -> Mistake | None:
    """The mistake before all others: a statement that did nothing. None if there is none."""
    mistakes = [*watch.forgotten, *stage.never_begun]
    return mistakes[0] if mistakes else None
