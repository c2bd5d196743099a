"""Bounds for figures."""

import operator
from collections.abc import Callable, Mapping


__all__ = ["within"]


#: Relations of a figure to a bound.
RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, "<": operator.lt}


def within(figure: float, relation: str, bound: float) -> bool:
    """Tell whether a figure has that relation, ``">="``, ``"<="`` or ``"<"``, to a bound."""
    return RELATIONS[relation](figure, bound)
