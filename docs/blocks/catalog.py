"""The blocks of the unit, in the order of their pages, each as it is shown."""

import gc
import re
import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from amaranth.hdl import UnusedElaboratable
from amaranth.lib import wiring

from hw.adapters.classic import ClassicBridge
from hw.adapters.unit import AdaptedMmu
from hw.adapters.width import DownConverter
from hw.arbiter import Arbiter
from hw.control import Control
from hw.interrupts import Interrupts
from hw.invalidation import Invalidator
from hw.mmu import Mmu
from hw.pdpte import PdpteLoader
from hw.presets import PRESETS
from hw.tlb import Tlb
from hw.tlb.array import CacheArray
from hw.tlb.block import BlockFirstLevel
from hw.tlb.first import FirstLevel
from hw.tlb.second import SecondLevel
from hw.tlb.stamps import StampBank
from hw.transfer import TransferUnit
from hw.translator import Translator
from hw.updater import Updater
from hw.walker import Walker


__all__ = ["BLOCKS", "Block"]


#: The unit that has every port.
FULL = replace(PRESETS["full"], variable_maxphyaddr=True)

_FULL = {"config": FULL}


@dataclass(frozen=True)
class Block:
    """A component that has a page.

    Attributes
    ----------
    component : class
        The component.
    diagrams : sequence of :class:`str`
        Names of its timing diagrams.
    parameters : mapping of :class:`str` to anything
        Parameters with which it has the ports that the page shows.
    shown : :class:`str`
        Those parameters, in words.
    proven_with : sequence of :class:`str`
        Names of properties that are about another module too, and by that one's name.
    """

    component:   Any
    diagrams:    tuple[str, ...]
    parameters:  dict[str, Any] = field(default_factory=lambda: _FULL)
    shown:       str = "the preset `full`"
    proven_with: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the class."""
        return str(self.component.__name__)

    @property
    def page(self) -> str:
        """Name of its page, without the ending."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", self.name).lower()

    @property
    def path(self) -> str:
        """The file that it is in, from the root of the project."""
        return self.component.__module__.replace(".", "/") + ".py"

    @cached_property
    def members(self) -> dict[str, wiring.Member]:
        """Members of its signature, by name."""
        # A component that is made for nothing else is warned of when it goes: so it has to go here.
        # Between two collections all that is new is of the first generation.
        gc.disable()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UnusedElaboratable)
                found = dict(self.component(**self.parameters).signature.members.items())
                gc.collect(0)
        finally:
            gc.enable()
        return found


_ADDRESS = {"maxphyaddr": 40}

#: From the outside to the inside; then what stands beside the unit.
BLOCKS = (
    Block(Mmu, ("hits", "invlpg")),
    Block(Translator, ("crossing",)),
    Block(Tlb, ("second-hit",)),
    Block(FirstLevel, ("first-level",)),
    Block(BlockFirstLevel, ("block-first-level",), {"config": PRESETS["tiny"]},
          "the preset `tiny`", ("first-level",)),
    Block(SecondLevel, ("second-level",)),
    Block(CacheArray, ("cache-array",),
          {"shape": 64, "low": 0, "page_width": FULL.page_width, "depth": 512, "block": True},
          "512 rows of 64 bits"),
    Block(StampBank, ("stamps",)),
    Block(Walker, ("cold-walk", "cached-walk")),
    Block(Updater, ("update",)),
    Block(TransferUnit, ("two-words", "bus-error")),
    Block(Control, ("pdptes",)),
    Block(PdpteLoader, ("malformed-pdpte",)),
    Block(Invalidator, ("invalidation",)),
    Block(DownConverter, ("down-converter",), _ADDRESS, "addresses of 40 bits"),
    Block(ClassicBridge, ("classic-bridge",), _ADDRESS | {"data_width": 64},
          "addresses of 40 bits, words of 64"),
    Block(AdaptedMmu, ("adapted",), _FULL | {"classic": True, "data_width": 32},
          "the preset `full`, on a classic bus of 32 bits"),
    Block(Arbiter, ("arbiter",), _ADDRESS | {"initiators": 2},
          "two initiators, addresses of 40 bits"),
    Block(Interrupts, ("interrupts",), {"processors": 2}, "two processors"),
)
