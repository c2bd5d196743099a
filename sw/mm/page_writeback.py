"""Pages that are newer than their file.

Ref: Linux 6.12, mm/page-writeback.c.
"""

from sw.include.linux.mm_types import page


__all__ = ["set_page_dirty_lock"]


def set_page_dirty_lock(folio: page) -> None:
    """Note that the page was written, though not through the process's entry."""
    folio.dirty = True
