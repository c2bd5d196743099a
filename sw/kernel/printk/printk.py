"""The kernel's log.

Ref: Linux 6.12, kernel/printk/printk.c.
"""

from __future__ import annotations

from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = ["log_buf", "printk"]


#: Lines, the oldest first (dmesg).
log_buf: DEFINE[list[str]] = DEFINE(list)


def printk(cpu: Cpu, line: str) -> None:
    """Add a line to the log."""
    log_buf(cpu).append(line)
