"""Size of a page.

Ref: Linux 6.12, arch/x86/include/asm/page_types.h.
"""


__all__ = ["PAGE_MASK", "PAGE_SHIFT", "PAGE_SIZE"]


PAGE_SHIFT = 12
PAGE_SIZE  = 1 << PAGE_SHIFT
PAGE_MASK  = ~(PAGE_SIZE - 1)
