"""Checks of the unit, on one of its mutants: the cheapest first."""

from collections.abc import Callable
from functools import cache, cached_property

from sim.mutation.forked import forked
from sim.mutation.mutant import Draw
from sim.mutation.results import PROOF
from sim.mutation.suite import Suite

from .cases import Cases
from .machine import Machine
from .mutants import list_mutants
from .proof import why_equivalent
from .regression import Regression
from .sequences import Sequences
from .suite import TESTS, BenchHooks


__all__ = ["CHECKS", "prepare"]


#: Cases that are drawn as the sweep has them, and others; random sequences, random operations of
#: each; rounds of the regression.
PLAIN, OTHERS, SEQUENCES, OPERATIONS, ROUNDS = 1000, 10_000, 60, 80, 60

#: Seconds of the processor that any check may take, and how many for each that it takes without a
#: mutant. A unit that hangs is noticed before: it does not respond in 10,000 cycles. Only logic
#: that never settles comes to this limit.
PATIENCE, SLOWER = 60.0, 3.0


def prepare(draw: Draw) -> None:
    """Compile the unit with its mutants. Raises :class:`sim.errors.Unavailable`."""
    Machine(draw)


def _vectors(draw: Draw, number: int) -> str:
    """Play cases of the sweep on a mutant."""
    return _bench(draw).vectors(number)


def _sequences(draw: Draw, number: int) -> str:
    """Play random sequences on a mutant."""
    return _bench(draw).sequences(number)


def _cycles(draw: Draw, number: int) -> str:
    """Count the cycles of random sequences on a mutant."""
    return _bench(draw).cycles(number)


def _regression(draw: Draw, number: int) -> str:
    """Play rounds of the regression under cocotb on a mutant."""
    return _bench(draw).regression(number)


def _proof(draw: Draw, number: int) -> str:
    """Prove that a mutant is none."""
    return why_equivalent(list_mutants(draw)[number - 1])


def _tests(draw: Draw, number: int) -> str:
    """Play tests on a mutant."""
    return _bench(draw).tests(number)


#: The checks by name, the cheapest first. Each tells what it notices in a mutant of a draw.
CHECKS = {"vectors": _vectors, "sequences": _sequences, "cycles": _cycles,
          "regression": _regression, "tests": _tests, PROOF: _proof}


@cache
def _bench(draw: Draw) -> "_Bench":
    return _Bench(draw)


class _Bench:
    """The machine, and all that is played on it: made once, for all mutants of this process."""

    def __init__(self, draw: Draw):
        self._draw       = draw
        self._machine    = Machine(draw)
        self._cases      = Cases(PLAIN, OTHERS)
        self._sequences  = Sequences(SEQUENCES, OPERATIONS)
        self._cycles     = self._sequences.cycles(self._machine.sequences)
        self._regression = Regression(self._machine.pins, ROUNDS)

    @cached_property
    def _suite(self) -> Suite:
        return Suite(TESTS, BenchHooks, self._draw)

    def vectors(self, number: int) -> str:
        """Play cases of the sweep, whose outcomes the golden model knows."""
        return forked(lambda: self._on(number, lambda: self._cases.noticed(
            self._machine.vectors)), PATIENCE)

    def sequences(self, number: int) -> str:
        """Play random sequences, each with one right outcome."""
        return forked(lambda: self._on(number, lambda: self._sequences.noticed(
            self._machine.sequences)), PATIENCE)

    def cycles(self, number: int) -> str:
        """Count their cycles, which are those of the unit without a mutant."""
        return forked(lambda: self._on(number, self._wrong_cycles), PATIENCE)

    def regression(self, number: int) -> str:
        """Play rounds of the regression, with its drivers and all that it checks."""
        return forked(lambda: self._on(number, self._regression.noticed), PATIENCE)

    def tests(self, number: int) -> str:
        """Play the tests of the unit, the shortest first."""
        durations = self._suite.durations
        return self._suite.play(number, sorted(durations, key=durations.__getitem__), PATIENCE,
                                SLOWER)

    def _on(self, number: int, check: Callable[[], str]) -> str:
        """Perform a check on a mutant. This process has no other use from then on."""
        self._machine.choose(number)
        return check()

    def _wrong_cycles(self) -> str:
        for number, (found, right) in enumerate(zip(
                self._sequences.cycles(self._machine.sequences), self._cycles, strict=True)):
            if found != right:
                return f"sequence {number}: {found:,} cycles, not {right:,}"
        return ""
