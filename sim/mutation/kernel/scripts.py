"""The kernel scripts that come with the project, as checks of a mutant of the kernel."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from sim.mutation.forked import allow
from sim.script import SCRIPTS, recorded
from sim.script.compare import differences
from sim.script.model import on_model
from sim.script.parser import load
from sim.script.script import Script

from .mutants import KernelMutant, activate
from .touched import Touched


__all__ = ["Scripts", "noticed"]


class _Known(NamedTuple):
    """A script, what Linux did, the mutants that it may notice, and how long it takes without."""

    script:  Script
    linux:   recorded.Recorded
    touched: frozenset[int]
    seconds: float


class Scripts:
    """Scripts that agree with their records of a real Linux when there is no mutant.

    Parameters
    ----------
    mutants : sequence of :class:`.mutants.KernelMutant`
        Those that there are.
    """

    def __init__(self, mutants: Sequence[KernelMutant]) -> None:
        self._known: list[_Known] = []
        touched = Touched(mutants)
        for file in sorted(SCRIPTS.rglob("*.toml")):
            script = load(file)
            record = recorded.read(file.parent, script)
            if record is None or script.differs:
                continue
            begun = time.process_time()
            with touched:
                wrong = _wrong(script, record)
            if not wrong:
                self._known.append(_Known(script, record, touched.numbers,
                                          time.process_time() - begun))
        self._known.sort(key=lambda known: known.seconds)

    def of(self, mutant: KernelMutant) -> list[_Known]:
        """Those that execute a line of a mutant, the shortest first."""
        return [known for known in self._known if mutant.number in known.touched]


def noticed(mutant: KernelMutant, scripts: Sequence[_Known], limits: Sequence[float]) -> str:
    """Play scripts on a mutant, each so many seconds at most, in a process without other uses.

    Tells the first that differs.
    """
    activate(mutant)
    for (script, record, *_), seconds in zip(scripts, limits, strict=True):
        allow(seconds)
        if wrong := _wrong(script, record):
            return f"{script.name}: {wrong}"
    return ""


def _wrong(script: Script, record: recorded.Recorded) -> str:
    """The first result that Linux has not, or that the script does not expect."""
    outcomes = on_model(script)
    for step, outcome in zip(script.steps, outcomes, strict=True):
        if outcome.failed:
            return f"line {step.line}: {outcome.failed[0]}"
    for step, key, linux, ours in differences(script, record.said,
                                              [outcome.said for outcome in outcomes]):
        return f"line {step.line}: {key} {ours}, on Linux {linux}"
    return ""
