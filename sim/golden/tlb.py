"""Cached translations of the golden model: every page of any size, with no limit.

Nothing is ever evicted, so that software which forgets to flush is always punished for it.

Ref: Intel SDM Vol. 3A, section 4.10 "Caching Translation Information".
"""

from .control import Flush
from .walk import Translation


__all__ = ["GoldenTlb"]


class GoldenTlb:
    """Translations by the linear address of their page, one dictionary per page size."""

    def __init__(self) -> None:
        self._by_size: dict[int, dict[int, Translation]] = {
            size: {} for size in (1 << 12, 1 << 21, 1 << 22, 1 << 30)
        }

    def find(self, linear: int) -> Translation | None:
        """A cached translation of ``linear``, of the smallest page if there are several."""
        for size, pages in self._by_size.items():
            translation = pages.get(linear & -size)
            if translation is not None:
                return translation
        return None

    def fill(self, translation: Translation) -> None:
        """Cache a translation beside the ones that are there."""
        self._by_size[translation.size][translation.linear] = translation

    def drop(self, linear: int) -> None:
        """Forget all translations of ``linear``, global ones too."""
        for size, pages in self._by_size.items():
            pages.pop(linear & -size, None)

    def flush(self, flush: Flush) -> None:
        """Forget what ``flush`` names."""
        if flush is Flush.NOTHING:
            return
        for size, pages in self._by_size.items():
            self._by_size[size] = {} if flush is Flush.EVERYTHING else {
                linear: translation for linear, translation in pages.items()
                if translation.global_page
            }
