"""The gateware and the models that judge it, for sequences of any steps."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from sequence_support import Step, do
from tlb_contents_support import held, in_model
from unit_support import UnitModel

from hw.bus import ControlState
from sim.golden.mmu import Outcome
from sim.golden.stale import StaleModel
from sim.paging.walk import features_of
from sim.record.signals import Fields
from sw.bus import Access, GeneralProtection

from .processor_support import Processor


__all__ = ["JudgedUnit", "is_refused"]


STATE = Fields(ControlState)

#: Most transfers of one operation: an access of two pages reads, and reads and stores under a
#: lock, the entries of five levels, twice; and then two words of its own under a lock.
MOST_TRANSFERS = 2 * 5 * 3 + 2 * 2


async def is_refused(operation: Callable[..., Awaitable[None]], *operands: Any) -> bool:
    """Do an operation of the gateware. Is that answered with #GP?"""
    try:
        await operation(*operands)
    except GeneralProtection:
        return True
    return False


class JudgedUnit:
    """The gateware, step by step beside two models.

    Parameters
    ----------
    cpu : :class:`.processor_support.Processor`
        The gateware, after reset.
    entry_size : :class:`int`
        Bytes of the entries that are edited.
    answers : callable
        Tells whether memory answers at an address; if the second argument is true, to a write.

    Attributes
    ----------
    allowed : :class:`sim.golden.stale.StaleModel`
        What the manual allows.
    unit : :class:`unit_support.UnitModel`
        What the unit chooses, and the strobes that are then due.
    """

    def __init__(self, cpu: Processor, *, entry_size: int = 8,
                 answers: Callable[[int, bool], bool] = lambda physical, write: True):
        config = replace(cpu.mmu.config, maxphyaddr=cpu.maxphyaddr)
        self.cpu        = cpu
        self.entry_size = entry_size
        self.allowed    = StaleModel.of(features_of(config))
        self.unit       = UnitModel(config)
        for model in (self.allowed, self.unit):
            model.memory.answers = answers

    async def do(self, step: Step) -> None:
        """One step on all sides, whose outcomes, registers, strobes and translations must agree."""
        expected = do(self.unit, step, entry_size=self.entry_size)
        self.cpu.memory.patience = MOST_TRANSFERS
        match step:
            case "access", access:
                await self._access(access, expected)
            case "edit", place, entry:
                self.cpu.memory.write(place, self.entry_size, entry)
                do(self.allowed, step, entry_size=self.entry_size)
            case "control", (register, value):
                assert do(self.allowed, step, entry_size=self.entry_size) is expected
                assert await is_refused(self.cpu.write_control, register, value) is expected
            case "invlpg", linear:
                await self.cpu.invlpg(linear)
                do(self.allowed, step, entry_size=self.entry_size)
            case "invpcid", operands:
                assert do(self.allowed, step, entry_size=self.entry_size) is expected
                assert await is_refused(self.cpu.invpcid, *operands) is expected
        # What an operation makes the TLB do comes later: much so when all stamps are used up.
        for _ in range(12):
            if self.cpu.events == +self.unit.events:
                break
            await self.cpu.ctx.tick()
        registers = STATE(self.cpu.ctx.get(self.cpu.mmu.control.state.as_value()))
        for name in ("cr0", "cr2", "cr3", "cr4", "efer", "ac", "pkru", "pkrs"):
            assert registers[name] == getattr(self.allowed.state, name), name
        for number, pdpte in enumerate(self.allowed.state.pdptes):
            # Nothing in one that is not present counts: the unit keeps it as 0.
            assert registers[f"pdpte{number}"] == (pdpte if pdpte & 1 else 0), number
        assert self.cpu.events == +self.unit.events, f"strobes of {step}"
        if self.cpu.tlb is not None:
            assert held(self.cpu.tlb.entries) == in_model(self.unit), f"translations after {step}"

    async def _access(self, access: Access, expected: Outcome) -> None:
        """Do an access; its outcome must be allowed, and be the one that the unit chooses."""
        outcome  = await self.cpu.access(access)
        possible = self.allowed.possible(access)
        assert self.allowed.judge(access, outcome, lambda at: self.cpu.memory.read(at, 1)), (
            f"{access} ended in {outcome}, allowed is {possible}")
        assert outcome.agrees(expected), f"{access} ended in {outcome}, not in {expected}"

    def compare_memories(self, places: Iterable[int]) -> None:
        """Nothing was written to the pages at ``places`` that the models do not know of."""
        for place in places:
            found = self.cpu.memory.read_bytes(place, 4096)
            assert self.allowed.memory.page(place >> 12) == found
            assert self.unit.memory.page(place >> 12) == found
