"""Processors that are online.

Ref: Linux 6.12, include/linux/cpumask.h, kernel/cpu.c.
"""

from __future__ import annotations

from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = ["cpu_online_mask"]


#: Processors that are online, by number.
cpu_online_mask: DEFINE[list[Cpu]] = DEFINE(list)
