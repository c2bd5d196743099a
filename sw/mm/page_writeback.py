"""Pages that are newer than their file.

Ref: Linux 6.12, mm/page-writeback.c.
"""

from sw.include.linux.mm_types import page


__all__ = []


def set_page_dirty_lock(page: page) -> None:
    """Note that the page was written, though not through the process's entry."""
    page.dirty = True
