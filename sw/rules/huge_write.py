"""A write to a huge page that others see, or to the huge page of zeros: copied whole, or split.

Ref: mm/huge_memory.c (do_huge_pmd_wp_page) of Linux 5.7, 5.8 and 6.18.

A split leaves small entries, of which one page is copied. It takes no second huge page, of which
few can be had; but the process has lost its huge page.
"""

from __future__ import annotations

from dataclasses import dataclass


__all__ = ["CopiesHuge", "SplitsHuge", "SplitsShared"]


@dataclass(frozen=True)
class CopiesHuge:
    """Up to 5.7."""

    def copies_whole(self, *, zeros: bool) -> bool:
        """Always."""
        return True


@dataclass(frozen=True)
class SplitsHuge:
    """5.8 to 6.12."""

    def copies_whole(self, *, zeros: bool) -> bool:
        """Never."""
        return False


@dataclass(frozen=True)
class SplitsShared:
    """Since 6.13."""

    def copies_whole(self, *, zeros: bool) -> bool:
        """Only zeros, of which there is nothing to copy."""
        return zeros
