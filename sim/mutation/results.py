"""Results of mutants."""

from typing import Any, NamedTuple


__all__ = ["EQUIVALENT", "SURVIVED", "Result"]


#: What takes the place of a check that has killed a mutant: nothing has, or nothing can.
SURVIVED, EQUIVALENT = "", "equivalent"


class Result(NamedTuple):
    """What has become of one mutant.

    Attributes
    ----------
    number : :class:`int`
        Number of the mutant.
    check : :class:`str`
        The check that has killed it; or :data:`SURVIVED`, or :data:`EQUIVALENT`.
    words : :class:`str`
        What the check has noticed, or why nothing can be.
    """

    number: int
    check:  str
    words:  str

    @classmethod
    def read(cls, record: Any) -> "Result":
        """Read a record of a journal. Raises :class:`ValueError` or :class:`TypeError`."""
        number, check, words = record
        if not (isinstance(number, int) and isinstance(check, str) and isinstance(words, str)):
            raise TypeError("this is no result")
        return cls(number, check, words)
