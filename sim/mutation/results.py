"""Results of mutants."""

from typing import NamedTuple


__all__ = ["PROOF", "SURVIVED", "Result"]


#: In place of the check that has killed a mutant: no one has; and a proof that no one can.
SURVIVED, PROOF = "", "proof"


class Result(NamedTuple):
    """Result of one mutant.

    Attributes
    ----------
    number : :class:`int`
        Number of the mutant.
    check : :class:`str`
        The check that has killed it; or :data:`SURVIVED`, or :data:`PROOF`.
    words : :class:`str`
        What the check has noticed, or what is proven.
    """

    number: int
    check:  str
    words:  str
