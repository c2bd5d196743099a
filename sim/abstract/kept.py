"""Translations and tables that a processor may have kept: all that it was free to keep.

What is here was read by a walk of that processor, and nothing since has obliged it to forget. It is
in the TLB or in a cache of paging structures, or not: a processor may drop anything at any time.

Ref: Intel SDM Vol. 3A, sections 4.10.2 to 4.10.4.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from .paging import Entry, Table


__all__ = ["Kept"]


class _Page(NamedTuple):
    entry: Entry
    pcid:  int


class _Structure(NamedTuple):
    table: Table
    pcid:  int


class Kept:
    """Translations and tables of one processor."""

    def __init__(self) -> None:
        self._pages:  dict[tuple[int, int], set[_Page]] = {}
        self._tables: dict[int, set[_Structure]] = {}

    def add_page(self, entry: Entry, pcid: int) -> None:
        """Note that a translation may be kept."""
        self._pages.setdefault((entry.shift, entry.upper), set()).add(_Page(entry, pcid))

    def add_table(self, table: Table, pcid: int) -> None:
        """Note that a walk may go on at a table."""
        self._tables.setdefault(table.base, set()).add(_Structure(table, pcid))

    def pages(self, linear: int, pcid: int) -> Iterator[Entry]:
        """Yield the translations of an address that may be there."""
        for shift in {shift for shift, _ in self._pages}:
            for page in self._pages.get((shift, linear >> shift), ()):
                if page.pcid == pcid or page.entry.global_page:
                    yield page.entry

    def tables(self, base: int, pcid: int) -> Iterator[Table]:
        """Yield the tables at a physical address that may be there."""
        for structure in self._tables.get(base, ()):
            if structure.pcid == pcid:
                yield structure.table

    def forget(self, page: Callable[[Entry, int], bool],
               table: Callable[[Table, int], bool]) -> None:
        """Forget the translations and tables of which this is true, by their PCID."""
        self._pages  = {key: left for key, pages in self._pages.items()
                        if (left := {kept for kept in pages if not page(*kept)})}
        self._tables = {key: rest for key, tables in self._tables.items()
                        if (rest := {kept for kept in tables if not table(*kept)})}
