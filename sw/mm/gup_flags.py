"""Flags of get_user_pages.

Ref: Linux 6.12, include/linux/mm_types.h; FOLL_COW from Linux 5.10, include/linux/mm.h.
"""

__all__ = [
    "FOLL_ANON", "FOLL_COW", "FOLL_FORCE", "FOLL_GET", "FOLL_REMOTE", "FOLL_TOUCH", "FOLL_WRITE",
]


FOLL_WRITE  = 1 << 0   # the page will be written to
FOLL_GET    = 1 << 1   # take a reference
FOLL_FORCE  = 1 << 3   # ignore what the mapping forbids, where a private copy can be made
FOLL_ANON   = 1 << 7   # anonymous mappings only
FOLL_COW    = 1 << 14  # copy-on-write has been broken; only before 6.0
FOLL_TOUCH  = 1 << 16  # mark the page used
FOLL_REMOTE = 1 << 18  # maybe not the caller's own memory
