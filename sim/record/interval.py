"""Intervals of cycles, which judges and traces are given."""

import sys
from dataclasses import dataclass


__all__ = ["ALWAYS", "Interval"]


@dataclass
class Interval:
    """Cycles from ``since`` up to, but not including, ``until``.

    While ``until`` is None it has no end, and goes as far as the record does.
    """

    since: int        = 0
    until: int | None = None

    @property
    def and_after(self) -> "Interval":
        """Itself and all that comes after it."""
        return Interval(self.since)

    @property
    def after(self) -> "Interval":
        """All that comes after it. Raises :class:`ValueError` if it has no end."""
        if self.until is None:
            raise ValueError("nothing comes after an interval that has no end")
        return Interval(self.until)

    def __contains__(self, part: "int | Interval") -> bool:
        """Tell whether a cycle, or each cycle of an interval that has an end, is in it."""
        first, last = ((part, part) if isinstance(part, int) else
                       (part.since, part.end(sys.maxsize) - 1))
        return self.since <= first and (self.until is None or last < self.until)

    def end(self, cycles: int) -> int:
        """Return the first cycle after it in a record of ``cycles``."""
        return cycles if self.until is None else self.until


#: All cycles.
ALWAYS = Interval()
