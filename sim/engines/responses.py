"""From the unit's responses to the responses that a kernel gets."""

from collections.abc import Sequence

from hw.layout import Fault
from sim.record.signals import FIELDS
from sw.bus import Access, BusError, GeneralProtection, Kind, PageFault, Response


__all__ = ["responses"]


_response = FIELDS["response"]
_state    = FIELDS["state"]


def responses(requests: Sequence[Access], responses: Sequence[int], state: int) -> list[Response]:
    """One response for each access up to the first that faults.

    ``responses`` are packed, one for each of the ``requests``; ``state`` is that of the registers
    after the last.
    """
    found = []
    for access, bits in zip(requests, responses, strict=True):
        response = _response(bits)
        match response["fault"]:
            case Fault.NONE.value:
                mask = 0 if access.kind is Kind.WRITE else (1 << 8 * access.size) - 1
                found.append(Response(response["data"] & mask))
            case Fault.PAGE_FAULT.value:
                found.append(Response(fault=PageFault(_state(state)["cr2"], response["error"])))
            case Fault.GENERAL_PROTECTION.value:
                found.append(Response(fault=GeneralProtection(f"#GP at {access.linear:#x}")))
            case Fault.BUS_ERROR.value:
                found.append(Response(fault=BusError(f"a bus error at {access.linear:#x}")))
        if found[-1].fault is not None:
            break
    return found
