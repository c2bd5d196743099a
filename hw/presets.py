"""Configurations by name."""

from collections.abc import Mapping

from .config import MmuConfig


__all__ = ["PRESETS"]


#: From the smallest to the fullest. ``tiny`` fits an iCE40 UP5K together with what drives it there:
#: 32-bit paging with all that the manual has for it, and two translations.
PRESETS: Mapping[str, MmuConfig] = {
    "tiny": MmuConfig(maxphyaddr=32, tlb_entries=2, outstanding=2, long_mode=False,
                      gigabyte_pages=False, nx=False),
    "default": MmuConfig(),
}
