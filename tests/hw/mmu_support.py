"""A whole unit in the simulator, with memory behind it; and marks that say which unit."""

import functools
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from amaranth.lib import data
from amaranth.sim import Simulator, SimulatorContext
from paging_support import CR0_32, CR4_LA57, CR4_LONG, EFER_LONG, PDPTES, ROOT

from hw.adapters.unit import AdaptedMmu
from hw.bus import Events
from hw.config import MmuConfig
from hw.mmu import Mmu
from hw.presets import PRESETS
from sim.engines.cxxrtl.simulator import Simulator as CompiledSimulator
from sim.memory import PhysicalMemory
from sim.record.decoding import TLB_STROBES, tlb_changes
from sim.record.tlb import TlbContents
from sw.bus import Register

from .memory_support import StrictMemory
from .processor_support import Processor


__all__ = ["EVERYTHING", "ONE_LEVEL", "SMALL", "STROBES", "MmuBench", "Unit", "bench_of",
           "compiled", "five_levels", "four_levels", "pae_paging", "paging_off", "preset_bench",
           "two_levels"]


def _strobes() -> dict[str, int]:
    """Bit of each strobe in :class:`hw.bus.Events`, by name."""
    bits = {}
    for name, field in data.Layout.cast(Events):
        names = [name] if field.width == 1 else [f"{name}[{n}]" for n in range(field.width)]
        bits.update((each, 1 << place) for place, each in enumerate(names, field.offset))
    return bits


#: Mask of each strobe in a packed :class:`hw.bus.Events`, by name; ``accessed`` has five.
STROBES = _strobes()

class MmuBench:
    """A unit with memory, compiled once and reset for every run.

    Parameters
    ----------
    config : :class:`hw.config.MmuConfig`
        What the unit can do.
    bus : mapping
        Parameters of the adapted unit's bus: see :class:`hw.adapters.unit.AdaptedMmu`. Without
        them the unit is behind no adapter.
    simulator : type
        The simulator: Amaranth's, or that which compiles the unit.

    Attributes
    ----------
    mmu : :class:`hw.mmu.Mmu` or :class:`hw.adapters.unit.AdaptedMmu`
        The unit.
    events : :class:`collections.Counter`
        How often each strobe was high since reset. ``accessed[n]`` is bit n of ``accessed``.
    tlb : :class:`sim.record.tlb.TlbContents`
        Translations that the unit has, by what it shows of their comings and goings.
    """

    def __init__(
        self, config: MmuConfig, bus: Mapping[str, Any] | None = None, *,
        simulator: type[Simulator] | type[CompiledSimulator] = Simulator,
    ):
        self.config = config
        self.mmu    = AdaptedMmu(config, **bus) if bus else Mmu(config)
        self.events: Counter[str] = Counter()
        self.tlb        = TlbContents()
        self._started   = False
        self._simulator = simulator(self.mmu)
        self._simulator.add_clock(1e-6)
        self._simulator.add_testbench(self._run_main)
        for testbench in (self._serve_memory, self._watch):
            self._simulator.add_testbench(testbench, background=True)

    def run(
        self, main: "Callable[[Processor], Awaitable[None]]", *, deadline: int = 10_000,
        memory: PhysicalMemory | None = None, maxphyaddr: int = 40,
    ) -> None:
        """Run ``main`` from reset to its end; fail after ``deadline`` cycles.

        ``memory`` is what stands behind the unit; without it, an empty and fast one.
        ``maxphyaddr`` is the width of a physical address if that is an input of the unit.
        """
        self._main, self._deadline, self._maxphyaddr = main, deadline, maxphyaddr
        self._memory = memory or StrictMemory()
        self.events.clear()
        self.tlb = TlbContents()
        if self._started:
            self._simulator.reset()
        self._started = True
        self._simulator.run()

    async def _run_main(self, ctx: SimulatorContext) -> None:
        if self.config.variable_maxphyaddr:
            ctx.set(self.mmu.maxphyaddr, self._maxphyaddr)
        await self._main(Processor(ctx, self.mmu, self._memory, self.events, self.tlb))

    async def _serve_memory(self, ctx: SimulatorContext) -> None:
        await self._memory.serve(ctx, self.mmu.memory)

    async def _watch(self, ctx: SimulatorContext) -> None:
        # A trigger takes longer to make than a cycle to look at.
        edge = ctx.tick().sample(self.mmu.events.as_value(), self.mmu.tlb.as_value())
        for cycle in range(self._deadline):
            _, _, strobes, update = await edge
            if strobes:
                self.events.update(name for name, bit in STROBES.items() if strobes & bit)
            if strobes & TLB_STROBES:
                for change in tlb_changes(cycle, strobes, update):
                    self.tlb.apply(change)
        raise TimeoutError(f"test still running after {self._deadline} cycles")


#: A small unit, in which translations soon take each other's place.
SMALL = {"tlb_entries": 4, "second_entries": 8, "directory_entries": 4, "reference_entries": 2}

#: One without a second level, whose first is in block RAM.
ONE_LEVEL = {"tlb_entries": 2, "second_entries": 0, "block_ram": True}

#: All features; the width of a physical address is an input.
EVERYTHING = {"pae": True, "la57": True, "invpcid": True, "pku": True, "pks": True,
              "maxphyaddr": 52, "variable_maxphyaddr": True}


@functools.cache
def bench_of(**features: Any) -> MmuBench:
    """The bench for a unit with ``features``: a parameter of :class:`MmuConfig` by name each."""
    return MmuBench(MmuConfig(**features))


@functools.cache
def compiled(*, second_level: bool = True) -> MmuBench:
    """The bench for a compiled unit that has :data:`EVERYTHING`.

    Amaranth's simulator interprets about a thousand cycles a second, and this one is some twenty
    times as fast, but takes seconds to compile. So all that is long shares these two, one with a
    second level of the TLB, and one that is as small as can be. What a unit leaves out is no matter
    for them.
    """
    sizes = SMALL if second_level else ONE_LEVEL | {"outstanding": 1}
    return MmuBench(MmuConfig(**sizes, **EVERYTHING), simulator=CompiledSimulator)


@functools.cache
def preset_bench(name: str) -> MmuBench:
    """The bench for the compiled unit of a preset."""
    return MmuBench(PRESETS[name], simulator=CompiledSimulator)


#: The feature that a unit needs for a flag of a control register.
FLAGS = {(Register.CR4, 1 << 4): "pse", (Register.CR4, 1 << 7): "pge",
         (Register.CR4, 1 << 17): "pcid", (Register.CR4, 1 << 20): "smep",
         (Register.CR4, 1 << 21): "smap", (Register.CR4, 1 << 22): "pku",
         (Register.CR4, 1 << 24): "pks", (Register.EFER, 1 << 11): "nx"}


@dataclass(frozen=True)
class Unit:
    """A unit to run a test on: its features, its memory, and the registers to begin with.

    ``contents`` are words of memory before these are written, by physical address.
    """

    features:  dict[str, Any]
    memory:    type[PhysicalMemory]
    registers: tuple[tuple[Register, int], ...] = ()
    contents:  tuple[tuple[int, int], ...] = ()

    def suits(self, config: MmuConfig) -> bool:
        """Tell whether a unit of that configuration has the features, and what flags need."""
        needs = {feature: True for (flagged, flag), feature in FLAGS.items()
                 for register, value in self.registers if register is flagged and value & flag}
        return all(getattr(config, name) == value
                   for name, value in (needs | self.features).items())

    def run(self, test: Callable[[Processor], Awaitable[None]], *, on: MmuBench | None = None,
            ) -> None:
        """Run a coroutine of the processor in front of it.

        A compiled bench that is given takes its place, with its width of a physical address.
        """
        async def main(cpu: Processor) -> None:
            for register, value in self.registers:
                await cpu.write_control(register, value)
            await test(cpu)

        memory = self.memory()
        for place, value in self.contents:
            memory.write(place, 8, value)
        if on is None:
            bench_of(**SMALL | self.features).run(main, memory=memory)
        else:
            width, others = self.features.get("maxphyaddr", 40), self.features.items()
            assert all(getattr(on.config, name) == value for name, value in others
                       if name != "maxphyaddr"), "the bench has another unit"
            on.run(main, memory=memory, maxphyaddr=width)


def four_levels(
    *, cr0: int = 0, cr4: int = 0, efer: int = 0, rflags: int = 0,
    memory: type[PhysicalMemory] = StrictMemory, **features: Any,
) -> pytest.MarkDecorator:
    """Mark ``async def test(cpu, ...)``: run it in 4-level paging with these flags besides."""
    return pytest.mark.unit(Unit({"long_mode": True} | features, memory, (
        (Register.CR4, CR4_LONG | cr4), (Register.EFER, EFER_LONG | efer),
        (Register.CR3, ROOT), (Register.CR0, CR0_32 | cr0), (Register.RFLAGS, rflags),
    )))


def five_levels(
    *, cr0: int = 0, cr4: int = 0, efer: int = 0, rflags: int = 0,
    memory: type[PhysicalMemory] = StrictMemory, **features: Any,
) -> pytest.MarkDecorator:
    """Mark ``async def test(cpu, ...)``: run it in 5-level paging with these flags besides."""
    return four_levels(cr0=cr0, cr4=CR4_LA57 | cr4, efer=efer, rflags=rflags, memory=memory,
                       la57=True, **features)


def pae_paging(
    *, cr0: int = 0, cr4: int = 0, efer: int = 0, rflags: int = 0,
    memory: type[PhysicalMemory] = StrictMemory, **features: Any,
) -> pytest.MarkDecorator:
    """Mark ``async def test(cpu, ...)``: run it in PAE paging with these flags besides.

    The PDPTE registers hold :data:`paging_support.PDPTES`.
    """
    return pytest.mark.unit(Unit({"pae": True} | features, memory, (
        (Register.CR4, CR4_LONG | cr4), (Register.EFER, efer), (Register.CR3, ROOT),
        (Register.CR0, CR0_32 | cr0), (Register.RFLAGS, rflags),
    ), tuple((ROOT + 8 * number, pdpte) for number, pdpte in enumerate(PDPTES))))


def two_levels(
    *, cr0: int = 0, cr4: int = 0, efer: int = 0, rflags: int = 0,
    memory: type[PhysicalMemory] = StrictMemory, **features: Any,
) -> pytest.MarkDecorator:
    """Mark ``async def test(cpu, ...)``: run it in 32-bit paging with these flags besides."""
    return pytest.mark.unit(Unit(features, memory, (
        (Register.CR4, cr4), (Register.EFER, efer), (Register.CR3, ROOT),
        (Register.CR0, CR0_32 | cr0), (Register.RFLAGS, rflags),
    )))


def paging_off(
    *, memory: type[PhysicalMemory] = StrictMemory, **features: Any,
) -> pytest.MarkDecorator:
    """Mark ``async def test(cpu, ...)``: run it as the unit is after reset."""
    return pytest.mark.unit(Unit(features, memory))
