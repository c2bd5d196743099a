"""A difference made smaller: as many conditions as possible out of the way."""

from collections.abc import Mapping

from .block import Difference, block
from .spaces import Case, Space, case_at, number_of
from .unit import Units


__all__ = ["smallest", "weight"]


#: Values of digits that are in nobody's way, by the first letters of their names; else it is 0.
_PLAIN = {"p": 1, "rw": 1, "us": 1, "a": 1, "d": 1}


def weight(case: Case) -> int:
    """Number of conditions of a case that are in the way of an access that changes nothing."""
    return sum(value != _plain(name) for name, value in case.values.items())


def smallest(units: Units, found: Difference) -> Difference:
    """A difference of which no single condition can be left out."""
    smaller = _smaller(units, found)
    while smaller is not None:
        found   = smaller
        smaller = _smaller(units, found)
    return found


def _smaller(units: Units, found: Difference) -> Difference | None:
    values = found.case.values
    for name, value in values.items():
        if value != _plain(name):
            other = _differs(units, found.case.space, {**values, name: _plain(name)})
            if other is not None:
                return other
    return None


def _differs(units: Units, space: Space, values: Mapping[str, int]) -> Difference | None:
    case = case_at(number_of(space, values))
    done = block(units, space, case.block)
    return next((found for found in done.differences if found.case == case), None)


def _plain(name: str) -> int:
    return _PLAIN.get(name.rstrip("0123456789"), 0) if name[-1].isdecimal() else 0
