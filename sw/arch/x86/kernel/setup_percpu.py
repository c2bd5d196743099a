"""Variables of each processor, set up.

Ref: Linux 6.12, arch/x86/kernel/setup_percpu.c.
"""

from __future__ import annotations

from collections.abc import Iterable

from sw.processor.cpu import Cpu
from sw.variables import image, per_cpu_area


__all__ = ["setup_per_cpu_areas"]


def setup_per_cpu_areas(kernel: image, cpus: Iterable[Cpu]) -> None:
    """Give processors their variables, and those of the kernel that they will execute."""
    for cpu in cpus:
        cpu.gs_base = per_cpu_area(kernel)
