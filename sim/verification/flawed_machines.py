# amaranth: UnusedElaboratable=no
"""Machines in Amaranth's simulator whose units have a flaw."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from amaranth.hdl import Module

from hw.config import MmuConfig
import sim.engines.pysim
import sim.engines.testbench

from .flaw_list import FLAWS
from .flaws import FlawedMmu


__all__ = ["flawed_machines"]


class _FlawedUnit(FlawedMmu):
    """A unit with one of the flaws, for good."""

    def __init__(self, config: MmuConfig, flaw: str):
        self.config = config
        self._flaw  = 1 + [*FLAWS].index(flaw)
        super().__init__(config)

    def elaborate(self, platform: Any) -> Module:
        """Put the unit together."""
        m = super().elaborate(platform)
        m.d.comb += self.flaw.eq(self._flaw)
        return m


@contextmanager
def flawed_machines(flaw: str, idle: dict[Any, Any]) -> Iterator[None]:
    """Have the machines of the engine pysim made of units with a flaw.

    Those that are idle in between are kept in ``idle``, apart from all others.
    """
    def unit(config: MmuConfig) -> _FlawedUnit:
        return _FlawedUnit(config, flaw)

    with (mock.patch.object(sim.engines.testbench, "Mmu", unit),
          mock.patch.object(sim.engines.pysim, "_idle", idle)):
        yield
