"""A whole machine: memory, unit and processor in an engine, and a kernel that boots on it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from hw.arbiter import Arbiter
from hw.config import MmuConfig
from hw.presets import PRESETS
from sw.arch.x86.include.asm.pgtable_types import (
    PAGING_32, PAGING_64, PAGING_64_L5, PAGING_PAE, Paging,
)
from sw.era import ERAS
from sw.processor.cpu import Cpu
from sw.vmlinux import Kernel

from .engines.cocotb import CocotbEngine
from .engines.cxxrtl import CxxrtlEngine
from .engines.engine import Engine
from .engines.golden import GoldenEngine
from .engines.pysim import PysimEngine
from .engines.serial import on_port
from .errors import Unsuited
from .memory import PhysicalMemory
from .record.waves import WaveSink
from .schedule import Schedule


__all__ = ["DEFAULT_ERA", "ENGINES", "ERAS", "MODES", "Machine", "suits", "unit_for"]


MIB = 1 << 20

#: Page-table formats by the names that the command line uses.
MODES: Mapping[str, Paging] = {
    "4level": PAGING_64, "32bit": PAGING_32, "pae": PAGING_PAE, "5level": PAGING_64_L5,
}

#: What the unit must have for a mode: a field of its configuration. Every unit has 32-bit paging.
_NEEDED: Mapping[str, str] = {"4level": "long_mode", "pae": "pae", "5level": "la57"}

#: That of the article.
DEFAULT_ERA = "5.x"

#: Ways of making the machine run.
ENGINES: Mapping[str, Callable[..., Engine]] = {
    "pysim": PysimEngine, "cxxrtl": CxxrtlEngine, "cocotb": CocotbEngine, "serial": on_port,
    "golden": GoldenEngine,
}


def suits(config: MmuConfig, mode: str) -> bool:
    """True if a unit of this configuration has the paging mode of that name."""
    return mode not in _NEEDED or bool(getattr(config, _NEEDED[mode]))


def unit_for(modes: Sequence[str]) -> MmuConfig:
    """The unit to play the first of ``modes`` on, if none is named.

    It is the preset ``default``, or else the first one that has the mode.
    """
    presets = [PRESETS["default"], *PRESETS.values()]
    return next(config for config in presets if suits(config, modes[0]))


class Machine:
    """A machine that can be switched on once.

    Parameters
    ----------
    mode : :class:`str` or sequence of :class:`str`
        Name in :data:`MODES`; of several, the first that the unit has is taken.
    engine, era : :class:`str`
        Names in :data:`ENGINES` and :data:`ERAS`.
    options : mapping
        Further parameters that the engine has, by name.
    cpus : :class:`int`
        Processors, each with a unit of its own.
    config : :class:`hw.config.MmuConfig`
        What the unit can do; by default, what :func:`unit_for` says, or what a board has.
    ram : :class:`int`
        Bytes of physical memory, if the engine can have as many.
    highmem : :class:`int` or :class:`None`
        How many of them are out of the linear map; by default, half of them in the modes 32bit
        and pae, so that the kernel must map a page before it can touch it, and none in the others.
    memory : :class:`sim.memory.PhysicalMemory`
        What holds them; by default, an empty and fast one.
    schedule : :class:`sim.schedule.Schedule`
        Time slices of the processors; by default, none: all run.
    arbiter : class
        What joins several units to memory: :class:`hw.arbiter.Arbiter`, or what a test wants.
    kernel : mapping
        Further parameters of :class:`sw.vmlinux.Kernel`, by name.

    Raises :class:`sim.errors.Unsuited`, and :class:`sim.errors.Unavailable`.

    Attributes
    ----------
    mode : :class:`str`
        The paging mode.
    config : :class:`hw.config.MmuConfig`
        What the unit can do.
    engine : :class:`sim.engines.engine.Engine`
        What runs it. Its ``traces`` are the record of the ports.
    kernel : :class:`sw.vmlinux.Kernel`
        The kernel.
    cpus : :class:`list` of :class:`sw.processor.cpu.Cpu`
        The processors. The kernel boots on the first, which is ``cpu`` too.
    """

    def __init__(
        self, *, mode: str | Sequence[str] = "4level", engine: str = "pysim",
        options: Mapping[str, Any] = MappingProxyType({}), era: str = DEFAULT_ERA,
        cpus: int = 1, config: MmuConfig | None = None, ram: int = 16 * MIB,
        highmem: int | None = None, memory: PhysicalMemory | None = None,
        schedule: Schedule | None = None, arbiter: type[Arbiter] = Arbiter,
        kernel: Mapping[str, Any] = MappingProxyType({}),
    ):
        modes = [mode] if isinstance(mode, str) else mode
        if config is None and engine != "serial":
            config = unit_for(modes)
        self.memory = memory or PhysicalMemory()
        self.engine = ENGINES[engine](config, cpus=cpus, memory=self.memory,
                                      schedule=schedule, arbiter=arbiter, **options)
        self.config = self.engine.config
        self.mode   = self._first_suited(modes)
        ram         = min(ram, self.engine.ram or ram)
        if highmem is None:
            highmem = ram // 2 if MODES[self.mode].PKMAP_BASE else 0
        self.kernel = Kernel(MODES[self.mode], ram, ERAS[era], highmem_bytes=highmem, **kernel)
        self.cpus   = [Cpu(bus, number)
                       for number, bus in enumerate(self.engine.buses)]
        self.cpu    = self.cpus[0]

    def _first_suited(self, modes: Sequence[str]) -> str:
        for mode in modes:
            if suits(self.config, mode):
                return mode
        raise Unsuited(f"the unit has no {' or '.join(modes)} paging; "
                       "choose another --preset or --mode")

    def run(
        self, main: Callable[["Machine"], Awaitable[None]], *, waves: WaveSink | None = None,
    ) -> None:
        """Switch on, boot the kernel on all processors, run ``main`` on the first to its end.

        ``waves`` is shown the signals of the waveform, if it is given. Raises
        :class:`sim.errors.BusHang`, and what the kernel, ``main`` and ``waves`` raise.
        """
        first, *others = self.cpus

        async def boot_and_run() -> None:
            await self.kernel.boot(first, *others)
            await main(self)

        self.engine.run(boot_and_run, *(partial(self.kernel.secondary, cpu) for cpu in others),
                        waves=waves)
