"""Stops of the cursor: cycles in which something happens, and what."""

from collections.abc import Iterator
from typing import Any

from hw.layout import Fault


__all__ = ["stops"]


#: Places of an access's fault and of its last cycle in a document.
_FAULT, _COMPLETED = 9, 1

#: Numbers of the faults at which the cursor stops; an access that is skipped is none.
_FAULTS = (list(Fault).index(Fault.PAGE_FAULT), list(Fault).index(Fault.GENERAL_PROTECTION))


def stops(document: dict[str, Any]) -> list[list[Any]]:
    """The stops in a document, in the order of cycles: cycle, kind, processor and number.

    The number is a place in the list of its kind: acts and claims of the run, accesses, controls
    and changes of the TLB of the processor, stores and interrupts of all. A fault is an access.
    """
    found = [[act["since"], "act", 0, number] for number, act in enumerate(document["run"]["acts"])]
    found += [[claim["cycle"], "claim", claim["cpu"], number]
              for number, claim in enumerate(document["claims"]) if claim["cycle"] is not None]
    found += [[store[0], "table", store[1], number]
              for number, store in enumerate(document["stores"])]
    found += [[interrupt[0], "interrupt", interrupt[1], number]
              for number, interrupt in enumerate(document["interrupts"])]
    for cpu, trace in enumerate(document["traces"]):
        found += _of_processor(cpu, trace)
    return sorted(found)


def _of_processor(cpu: int, trace: dict[str, Any]) -> Iterator[list[Any]]:
    for number, access in enumerate(trace["accesses"]):
        yield [access[0], "access", cpu, number]
        if access[_FAULT] in _FAULTS:
            yield [access[_COMPLETED], "fault", cpu, number]
    for number, control in enumerate(trace["controls"]):
        yield [control[0], "control", cpu, number]
    for number, change in enumerate(trace["tlb"] or []):
        yield [change[0], "tlb", cpu, number]
