"""INVPCID, which flushes by PCID.

Ref: Linux 6.12, arch/x86/include/asm/invpcid.h; Intel SDM Vol. 2, "INVPCID".
"""

from __future__ import annotations

from sw.processor.cpu import Cpu


__all__ = ["invpcid_flush_all"]


_INVPCID_TYPE_ALL_INCL_GLOBAL = 2


async def invpcid_flush_all(cpu: Cpu) -> None:
    """Flush everything, of every PCID, global too."""
    await cpu.invpcid(_INVPCID_TYPE_ALL_INCL_GLOBAL, 0)
