# amaranth: UnusedElaboratable=no
"""A unit that can be made to have any of several flaws, so that each can be seen to be noticed.

An input chooses the flaw: one build serves for all of them. Some are between two parts of the unit,
others between the unit and its ports, and others in a rule.
"""

from contextlib import ExitStack
from functools import partial
from typing import Any
from unittest import mock

from amaranth.hdl import Fragment, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, connect, flipped

from hw.config import MmuConfig
import hw.mmu

from .flawed_parts import WRAPPERS, FlawedUnit, FlawedWalker, Wrapper
from .flawed_rules import rules


__all__ = ["FlawedMmu"]


class FlawedMmu(wiring.Component):
    """A unit with a flaw.

    Parameters
    ----------
    config : :class:`MmuConfig`
        Configuration of the unit.

    Members
    -------
    flaw : :py:`In(8)`
        Number of the flaw in :data:`.flaw_list.FLAWS`, from 1 on; 0 is none.
    access, control, memory, events, tlb
        Those of :class:`hw.mmu.Mmu`.
    """

    def __init__(self, config: MmuConfig):
        self._unit = hw.mmu.Mmu(config)
        super().__init__({"flaw": In(8), **dict(self._unit.signature.members)})

    def elaborate(self, platform: Any) -> Module:
        """Put the unit together from wrapped parts."""
        m    = Module()
        unit = FlawedUnit(self._unit, self.flaw)
        for name in ("access", "control", "memory"):
            connect(m, flipped(getattr(self, name)), getattr(unit, name))
        m.d.comb += [self.events.eq(unit.events), self.tlb.eq(unit.tlb)]

        FlawedWalker.control = unit.control.state
        with ExitStack() as stack:
            for (module, name), rule in rules(unit.has).items():
                stack.enter_context(mock.patch.object(module, name, rule))
            for (module, name), wrapper in WRAPPERS.items():
                stack.enter_context(mock.patch.object(
                    module, name, partial(self._wrapped, getattr(module, name), wrapper)))
            # Parts of parts are made while the unit is put together.
            m.submodules.unit = Fragment.get(unit, platform)
        return m

    def _wrapped(self, part: Any, wrapper: type[Wrapper], config: MmuConfig) -> Wrapper:
        """A part of the unit in its wrapper."""
        return wrapper(part(config), self.flaw)
