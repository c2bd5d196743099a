"""A whole machine: memory, unit and processor in an engine, and a kernel that boots on it."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from hw.config import MmuConfig
from sw.arch.x86.include.pgtable_types import PAGING_32, PAGING_64, Paging
from sw.arch.x86.kernel.cpu import Cpu
from sw.era import ERA_5_X, ERA_6_X, Era
from sw.kernel.kernel import Kernel

from .engine import Engine
from .engines.cxxrtl import CxxrtlEngine
from .engines.pysim import PysimEngine
from .memory import PhysicalMemory


__all__ = ["DEFAULT_ERA", "ENGINES", "ERAS", "MODES", "Machine"]


MIB = 1 << 20

#: Page-table formats by the names that the command line uses.
MODES: Mapping[str, Paging] = {"4level": PAGING_64, "32bit": PAGING_32}

#: Kernel versions.
ERAS: Mapping[str, Era] = {"5.x": ERA_5_X, "6.x": ERA_6_X}

#: That of the article.
DEFAULT_ERA = "5.x"

#: Ways of making the machine run.
ENGINES: Mapping[str, Callable[..., Engine]] = {"pysim": PysimEngine, "cxxrtl": CxxrtlEngine}


class Machine:
    """A machine that can be switched on once.

    Parameters
    ----------
    mode, engine, era : :class:`str`
        Names in :data:`MODES`, :data:`ENGINES` and :data:`ERAS`.
    config : :class:`hw.config.MmuConfig`
        What the unit can do; by default, everything.
    ram : :class:`int`
        Bytes of physical memory.
    highmem : :class:`int` or :class:`None`
        How many of them are out of the linear map; by default, half of them in the 32-bit mode,
        so that the kernel must map a page before it can touch it, and none in the other.
    memory : :class:`sim.memory.PhysicalMemory`
        What holds them; by default, an empty and fast one.

    Attributes
    ----------
    config : :class:`hw.config.MmuConfig`
        What the unit can do.
    engine : :class:`sim.engine.Engine`
        What runs it. Its ``trace`` is the record of the ports.
    kernel, cpu : :class:`sw.kernel.kernel.Kernel`, :class:`sw.arch.x86.kernel.cpu.Cpu`
        The kernel, and the processor that it boots on.
    """

    def __init__(
        self, *, mode: str = "4level", engine: str = "pysim", era: str = DEFAULT_ERA,
        config: MmuConfig | None = None, ram: int = 16 * MIB, highmem: int | None = None,
        memory: PhysicalMemory | None = None,
    ):
        if highmem is None:
            highmem = ram // 2 if mode == "32bit" else 0
        self.mode   = mode
        self.memory = memory or PhysicalMemory()
        self.config = config or MmuConfig()
        self.engine = ENGINES[engine](self.config, memory=self.memory)
        self.kernel = Kernel(MODES[mode], ram, ERAS[era], highmem_bytes=highmem)
        self.cpu    = Cpu(self.engine.bus, self.kernel)

    def run(
        self, main: Callable[["Machine"], Awaitable[None]], *, waves: Path | None = None,
    ) -> None:
        """Switch on, boot the kernel, run ``main`` to its end.

        ``waves`` names a folder for a waveform. Raises :class:`sim.engine.BusHang`, and what the
        kernel and ``main`` raise.
        """
        async def boot_and_run() -> None:
            await self.kernel.boot(self.cpu)
            await main(self)

        self.engine.run(boot_and_run, waves=waves)
