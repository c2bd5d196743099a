"""The kernel's own address space.

Ref: Linux 6.12, mm/init-mm.c.
"""

from sw.include.linux.mm_types import mm_struct
from sw.variables import DEFINE


__all__ = ["init_mm"]


#: The kernel's own tables. Every other root table has their upper half.
init_mm = DEFINE(mm_struct)
