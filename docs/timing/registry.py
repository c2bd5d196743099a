"""All timing diagrams, by the names of their files."""

from collections.abc import Mapping

from .alone import ALONE
from .buses import BUSES
from .diagrams import Diagram
from .inside import INSIDE
from .stories import UNIT


__all__ = ["DIAGRAMS"]


DIAGRAMS: Mapping[str, Diagram] = {**UNIT, **INSIDE, **ALONE, **BUSES}
