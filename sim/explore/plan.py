"""Plans: schedules as the few switches that make them what they are.

A machine makes its steps in the order of :mod:`.order` of its own accord. So a schedule is told by
its *switches*: the steps before which another processor takes over than would have.
"""

from collections.abc import Iterable
from typing import NamedTuple


__all__ = ["Plan", "Switch", "parse", "render"]


class Switch(NamedTuple):
    """Before step number ``step``, which is counted from 0, processor ``cpu`` takes over."""

    step: int
    cpu:  int


#: Switches by rising step.
Plan = tuple[Switch, ...]


def render(plan: Iterable[Switch]) -> str:
    """The text that :func:`parse` reads, such as "0>1 48>0"."""
    return " ".join(f"{switch.step}>{switch.cpu}" for switch in plan)


def parse(text: str) -> Plan:
    """Plan from a text. Raises :class:`ValueError`."""
    plan = []
    for word in text.split():
        step, arrow, cpu = word.partition(">")
        if not (arrow and step.isdecimal() and cpu.isdecimal()):
            raise ValueError(f'"{word[:40]}" is no switch: write STEP>CPU, such as 48>1')
        plan.append(Switch(int(step), int(cpu)))
    if any(one.step >= other.step for one, other in zip(plan, plan[1:], strict=False)):
        raise ValueError("switches come by rising step, one at a step")
    return tuple(plan)
