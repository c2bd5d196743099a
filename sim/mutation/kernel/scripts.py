"""The kernel scripts that come with the project, as checks of a mutant of the kernel."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from sim.script import SCRIPTS, recorded
from sim.script.compare import differences
from sim.script.model import on_model
from sim.script.parser import load
from sim.script.script import Script

from .mutants import KernelMutant, activate
from .touched import Touched


__all__ = ["Scripts", "noticed"]


class _Known(NamedTuple):
    """A script, what Linux did, and how long the kernel takes for it without a mutant."""

    script:  Script
    linux:   recorded.Recorded
    touched: frozenset[str]
    seconds: float


class Scripts:
    """Scripts that agree with their records of a real Linux when there is no mutant."""

    def __init__(self) -> None:
        self._known: list[_Known] = []
        for file in sorted(SCRIPTS.rglob("*.toml")):
            script = load(file)
            record = recorded.read(file.parent, script)
            if record is None or script.differs:
                continue
            begun = time.process_time()
            with Touched() as touched:
                wrong = _wrong(script, record)
            if not wrong:
                self._known.append(_Known(script, record, touched.names,
                                          time.process_time() - begun))
        self._known.sort(key=lambda known: known.seconds)

    def of(self, function: str) -> list[_Known]:
        """Those that call a function, the shortest first."""
        return [known for known in self._known if function in known.touched]


def noticed(mutant: KernelMutant, scripts: Sequence[_Known]) -> str:
    """Play scripts on a mutant, in a process that has no other use; tell the first that differs."""
    activate(mutant)
    for script, record, *_ in scripts:
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
