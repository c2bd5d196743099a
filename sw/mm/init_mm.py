"""The kernel's own address space.

Ref: Linux 6.12, mm/init-mm.c.
"""

from sw.include.linux.mm_types import mm_context, mm_struct
from sw.variables import DEFINE


__all__ = ["init_mm", "init_mm_ctx_id"]


#: Number of the kernel's own address space.
init_mm_ctx_id = 1

#: The kernel's own tables. Every other root table has their upper half.
init_mm = DEFINE(lambda: mm_struct(context=mm_context(ctx_id=init_mm_ctx_id)))
