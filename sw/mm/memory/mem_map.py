"""Records of the frames, and the frame of zeros.

Ref: Linux 6.12, mm/memory.c (mem_map, zero_pfn), include/linux/pgtable.h (is_zero_pfn).
"""

from __future__ import annotations

from sw.include.linux.mm_types import page
from sw.processor.cpu import Cpu
from sw.variables import DEFINE


__all__ = ["empty_zero_page", "frames", "is_zero_pfn", "mem_map"]


class frames(dict[int, page]):
    """Records of all frames by frame number, made at their first use.

    Parameters
    ----------
    max_low_pfn : :class:`int`
        First frame that is not in the linear map.
    max_pfn : :class:`int`
        First frame that does not exist.
    """

    def __init__(self, max_low_pfn: int, max_pfn: int):
        super().__init__()
        self.max_low_pfn = max_low_pfn
        self.max_pfn     = max_pfn

    def __missing__(self, pfn: int) -> page:
        assert 0 <= pfn < self.max_pfn, f"no such frame: {pfn:#x}"
        record = self[pfn] = page(pfn, highmem=pfn >= self.max_low_pfn)
        return record


mem_map: DEFINE[frames] = DEFINE()

#: A frame of zeros that nobody writes.
empty_zero_page: DEFINE[page] = DEFINE()


def is_zero_pfn(cpu: Cpu, pfn: int) -> bool:
    """Tell whether it is the frame of zeros that all reads of untouched memory share."""
    return pfn == empty_zero_page(cpu).pfn
