"""Access vectors on a guest of an oracle."""

import struct
from collections.abc import Callable, Sequence
from mmap import mmap
from typing import Protocol

from sim.vectors.sequence import AnyOutcome, AnyVector
from sim.vectors.vector import Vector

from .layout import (
    LEGACY, LONG, OUTCOMES, OUTCOME_BYTES, REGION, STEPS, STEP_BYTES, STEP_LIMIT, Mode,
)
from .limits import beyond, mode_of
from .steps import Outcome, Plan
from .tables import Clash


__all__ = ["Guest", "OracleVectors", "StoppedError"]


class StoppedError(Exception):
    """A guest has come to an end before its steps. The message says what happened."""


class Guest(Protocol):
    """A machine with one processor, at home in a paging mode, that does steps.

    Attributes
    ----------
    memory : :class:`mmap.mmap`
        Its memory from physical address 0 on.
    maxphyaddr : :class:`int`
        Width of its physical addresses.
    gibibyte_pages : :class:`bool`
        Whether it has pages of 1 GiB.
    """

    memory:         mmap
    maxphyaddr:     int
    gibibyte_pages: bool

    def run(self) -> None:
        """Perform the steps that are in memory. Raises :class:`StoppedError`."""

    def close(self) -> None:
        """Give back all that the guest has."""


class OracleVectors:
    """A :class:`sim.vectors.engines.VectorEngine`: the guests that ``start`` makes, one for a mode.

    Where an access has gone may be :data:`.steps.UNKNOWN`.
    """

    batch = 256

    def __init__(self, start: Callable[[Mode], Guest]):
        self._start  = start
        self._guests: dict[Mode, Guest | str] = {}

    def run(self, vectors: Sequence[AnyVector]) -> list[AnyOutcome | str]:
        """Return the outcome of each of ``vectors``, or the reason why it has none."""
        outcomes: list[AnyOutcome | str] = [""] * len(vectors)
        plans: dict[Mode, list[tuple[int, Plan]]] = {}
        for number, vector in enumerate(vectors):
            plan = self._plan(vector)
            if isinstance(plan, str):
                outcomes[number] = plan
            else:
                plans.setdefault(plan.mode, []).append((number, plan))
        for mode, planned in plans.items():
            for part in _parts(planned):
                for (number, _), outcome in zip(part, self._do(mode, [plan for _, plan in part]),
                                                strict=True):
                    outcomes[number] = outcome
        return outcomes

    def close(self) -> None:
        """End all guests."""
        for guest in self._guests.values():
            if not isinstance(guest, str):
                guest.close()
        self._guests.clear()

    def _plan(self, vector: AnyVector) -> Plan | str:
        if not isinstance(vector, Vector):
            return "an oracle does no sequences"
        mode = mode_of(vector)
        if mode is None:
            return "its paging is off, and without it no guest goes on"
        guest = self._guest(mode)
        if isinstance(guest, str):
            return guest
        if reason := beyond(vector, guest.maxphyaddr, guest.gibibyte_pages):
            return reason
        try:
            return Plan(vector, mode)
        except Clash as clash:
            return str(clash)

    def _guest(self, mode: Mode) -> Guest | str:
        """Return the guest of a mode, or the reason why this host has none."""
        if mode not in self._guests:
            try:
                self._guests[mode] = self._start(mode)
            except StoppedError as error:
                self._guests[mode] = f"this host has no {mode.name} paging for guests: {error}"
        return self._guests[mode]

    @property
    def modes(self) -> dict[Mode, int]:
        """Paging modes that it has, each with the width of physical addresses there."""
        guests = {mode: self._guest(mode) for mode in (*LONG, *LEGACY)}
        return {mode: guest.maxphyaddr for mode, guest in guests.items()
                if not isinstance(guest, str)}

    def _do(self, mode: Mode, plans: list[Plan]) -> list[AnyOutcome | str]:
        """Outcomes of plans that run at once, or each alone if the guest does not survive them."""
        guest = self._guest(mode)
        assert not isinstance(guest, str)
        try:
            return _done(guest, plans)
        except StoppedError as error:
            guest.close()
            del self._guests[mode]
            if len(plans) == 1:
                return [f"the guest does not survive it: {error}"]
            return [outcome for plan in plans for outcome in self._do(mode, [plan])]


def _parts(planned: list[tuple[int, Plan]]) -> list[list[tuple[int, Plan]]]:
    """Divide plans into parts for which there is room."""
    parts: list[list[tuple[int, Plan]]] = []
    room = 0
    for number, plan in planned:
        if len(plan.steps) > room:
            parts.append([])
            room = STEP_LIMIT - 1
        room -= len(plan.steps)
        parts[-1].append((number, plan))
    return parts


def _done(guest: Guest, plans: list[Plan]) -> list[AnyOutcome | str]:
    steps = b"".join(step for plan in plans for step in plan.steps)
    start = REGION + STEPS
    guest.memory[start:start + len(steps) + STEP_BYTES] = steps + bytes(STEP_BYTES)
    guest.run()
    start    = REGION + OUTCOMES
    count    = len(steps) // STEP_BYTES
    outcomes = [Outcome(*words) for words in struct.iter_unpack(
        "<IIQQQ", guest.memory[start:start + count * OUTCOME_BYTES])]
    results: list[AnyOutcome | str] = []
    for plan in plans:
        results.append(plan.outcome(outcomes[:len(plan.steps)]))
        del outcomes[:len(plan.steps)]
    return results
