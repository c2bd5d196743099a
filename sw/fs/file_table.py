"""References on open files.

Ref: Linux 6.12, fs/file_table.c.
"""

from __future__ import annotations

from sw.include.linux.fs import file
from sw.processor.cpu import Cpu


__all__ = ["fput"]


async def fput(cpu: Cpu, filp: file) -> None:
    """Drop a reference; the last one closes the file."""
    filp.f_count -= 1
    assert filp.f_count >= 0, "BUG: file freed twice"
    if filp.f_count == 0 and filp.f_op.release is not None:
        await filp.f_op.release(cpu, filp.f_inode, filp)
