"""The tests of the unit, on its mutants: benches of theirs whose unit is the one with mutants."""

import sys
from typing import Any

from amaranth.sim import Simulator

from hw.config import MmuConfig
from hw.presets import PRESETS
from sim.mutation.mutant import Draw

from .machine import Machine
from .mutants import CONFIG


__all__ = ["TESTS", "BenchHooks"]


#: The tests of a whole unit: those of blocks, and of what stands around it, are of no use here.
TESTS = tuple(f"tests/hw/test_{name}.py" for name in (
    "against_golden_bursts", "against_golden_modes", "against_golden_sequences",
    "against_golden_updates", "bursts", "bus_errors", "latency", "operands", "registers",
    "rules_contexts", "rules_flags", "rules_keys", "rules_levels", "rules_modes", "rules_pae",
    "rules_reserved", "rules_tlb", "rules_verdict", "rules_walk", "tlb_rows", "tlb_second"))

#: Features that CONFIG has, and that a test may want the unit not to have.
_FEATURES = tuple(name for name, value in vars(CONFIG).items() if isinstance(value, bool))


class BenchHooks:
    """Gives the benches of ``tests/hw`` the unit with mutants.

    A test is left out whose unit lacks a feature that units have, and so is one behind adapters:
    what they show is not of this unit. Those on presets are the same tests once more.
    """

    def __init__(self, draw: Draw):
        self._machine = Machine(draw)
        self._used    = False
        self._test    = ""
        self._traces: dict[str, int] = {}

    def collected(self) -> None:
        """Change the class of benches, which all tests share."""
        import pytest

        [support] = [module for name, module in sys.modules.items()
                     if name.endswith("hw.mmu_support")]
        bench = support.MmuBench
        plain_init, plain_run = bench.__init__, bench.run
        hooks = self

        def init(bench: Any, config: MmuConfig, bus: Any = None, *,
                 simulator: Any = Simulator) -> None:
            if bus or config in PRESETS.values() or not _suits(config):
                pytest.skip("another unit")
            bench.width = min(config.maxphyaddr, 40)
            plain_init(bench, CONFIG, simulator=hooks._machine.simulator)

        def run(bench: Any, main: Any, **options: Any) -> None:
            hooks._used = True
            # The mutant becomes active by a reset.
            bench._started = True
            plain_run(bench, main, **{"maxphyaddr": bench.width} | options)

        bench.__init__, bench.run = init, run

    def begin(self, test: str) -> None:
        """Begin a trace of what a test does."""
        self._test, self._used = test, False
        self._machine.begin_trace()

    def touched(self) -> frozenset[str]:
        """The unit, if the test has run it."""
        self._traces[self._test] = self._machine.end_trace()
        return frozenset({"unit"} if self._used else ())

    def choose(self, mutant: int) -> None:
        """Have a mutant active from the next reset on."""
        self._machine.choose(mutant)

    def affects(self, test: str) -> bool:
        """Tell whether what the test did leads to anything else on its ports."""
        return bool(self._machine.differs(self._traces[test]))


def _suits(config: MmuConfig) -> bool:
    """Tell whether the unit with mutants has what this one has, and lacks nothing of it."""
    plain = MmuConfig()
    return all(getattr(CONFIG, name) if getattr(config, name) else not getattr(plain, name)
               for name in _FEATURES)
