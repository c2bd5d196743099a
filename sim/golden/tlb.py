"""Cached translations of the golden model: every page of any size, with no limit.

Nothing is ever evicted, so that software which forgets to flush is always punished for it.

Ref: Intel SDM Vol. 3A, section 4.10 "Caching Translation Information".
"""

from collections.abc import Callable

from .walk import Translation


__all__ = ["GoldenTlb"]


#: Bytes of a page, from the smallest on.
_SIZES = (1 << 12, 1 << 21, 1 << 22, 1 << 30)


class GoldenTlb:
    """Translations by the size and the linear address of their page, and by PCID.

    Global ones are kept apart from those of all PCIDs, under None.
    """

    def __init__(self) -> None:
        self._translations: dict[tuple[int, int, int | None], Translation] = {}

    def find(self, linear: int, pcid: int = 0) -> Translation | None:
        """A cached translation of ``linear`` that serves ``pcid``: 0 on a machine without PCIDs.

        If there are several, that of the smallest page, and a global one last. Rules 32, 34.
        """
        for size in _SIZES:
            for owner in (pcid, None):
                found = self._translations.get((size, linear & -size, owner))
                if found is not None:
                    return found
        return None

    def fill(self, translation: Translation) -> None:
        """Cache a translation beside the ones that are there."""
        owner = None if translation.global_page else translation.pcid
        self._translations[translation.size, translation.linear, owner] = translation

    def drop(self, linear: int, pcid: int) -> None:
        """Forget all translations of ``linear`` that serve ``pcid``, global ones too."""
        for size in _SIZES:
            for owner in (pcid, None):
                self._translations.pop((size, linear & -size, owner), None)

    def forget(self, concerned: Callable[[Translation], bool]) -> None:
        """Forget the translations for which ``concerned`` is true."""
        self._translations = {
            place: translation for place, translation in self._translations.items()
            if not concerned(translation)
        }
