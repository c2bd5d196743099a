"""Configurations by name."""

from collections.abc import Mapping

from .config import MmuConfig


__all__ = ["PRESETS"]


#: ``tiny`` fits an iCE40 UP5K together with what drives it there: 32-bit paging with all that the
#: manual has for it. ``default`` is for a 64-bit kernel: 4-level paging, with PCIDs. ``classic``
#: can do what a 486 could: 32-bit paging with CR0.WP, and nothing newer. ``full`` has every mode
#: and feature. A board names its preset by the index in this table, so further ones come last.
PRESETS: Mapping[str, MmuConfig] = {
    "tiny": MmuConfig(maxphyaddr=32, tlb_entries=16, block_ram=True, second_entries=0,
                      long_mode=False, gigabyte_pages=False, nx=False, pcid=False),
    "default": MmuConfig(),
    "classic": MmuConfig(maxphyaddr=32, second_entries=0, long_mode=False, gigabyte_pages=False,
                         nx=False, pcid=False, pse=False, pge=False, smep=False, smap=False),
    "full": MmuConfig(pae=True, la57=True, invpcid=True, pku=True, pks=True),
}
