"""The entry that UFFDIO_CONTINUE makes for a page of a file in memory: dirty, or clean.

Ref: mm/userfaultfd.c (mfill_atomic_install_pte) of Linux 5.15, 5.18 and 6.12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


__all__ = ["DirtiesAlways", "DirtiesWritable", "NoMinorFaults"]


@dataclass(frozen=True)
class NoMinorFaults:
    """Up to 5.13: files in memory have no such faults."""

    minor_shmem: ClassVar[bool] = False

    def marks_dirty(self, *, writable: bool) -> bool:
        """Never: no entry is made."""
        return False


@dataclass(frozen=True)
class DirtiesWritable:
    """5.14 and 5.15: as far as the program may write."""

    minor_shmem: ClassVar[bool] = True

    def marks_dirty(self, *, writable: bool) -> bool:
        """A read-only entry is clean."""
        return writable


@dataclass(frozen=True)
class DirtiesAlways:
    """Since 5.16: an entry that is read-only too.

    Where a dirty entry is trusted to be a private copy, it is the file's own page that a forced
    write then reaches (CVE-2022-2590).
    """

    minor_shmem: ClassVar[bool] = True

    def marks_dirty(self, *, writable: bool) -> bool:
        """Every entry."""
        return True
