"""Records, and what judges look for among them, in a few words."""

from collections.abc import Mapping

from hw.bus import ControlOp, Register
from hw.layout import RFLAGS, AccessKind, Fault

from .interval import ALWAYS, Interval
from .records import AccessRecord, Addresses, ControlRecord, TransferRecord
from .signals import Fields


__all__ = ["FAULTS", "addresses", "count", "describe", "describe_control", "describe_transfer",
           "rights_text", "size_text", "values", "wanted", "when"]


#: Words for the end of an access, by its fault.
FAULTS = {
    Fault.NONE:               "success",
    Fault.PAGE_FAULT:         "#PF",
    Fault.GENERAL_PROTECTION: "#GP",
    Fault.SKIPPED:            "being skipped",
    Fault.BUS_ERROR:          "a bus error",
}


_RFLAGS = Fields(RFLAGS)


def describe(access: AccessRecord) -> str:
    """An access."""
    who    = "user" if access.user else "kernel"
    ending = {
        Fault.NONE:               f"physical {access.physical:#x}",
        Fault.PAGE_FAULT:         f"#PF, error code {access.error_code:#x}",
        Fault.GENERAL_PROTECTION: "#GP",
        Fault.SKIPPED:            "skipped",
        Fault.BUS_ERROR:          "bus error",
    }[access.fault]
    if access.completed < 0:
        ending = "no response"
    return f"{who} {_kind(access.kind)} of {access.linear:#x}: {ending}"


def describe_transfer(transfer: TransferRecord) -> str:
    """A transfer of physical memory."""
    who    = "the walker's" if transfer.walk else "a"
    locked = "locked " * transfer.lock
    what   = "write" if transfer.write else "read"
    ending = ", bus error" * transfer.failed if transfer.acked >= 0 else ", no response"
    return f"{who} {locked}{what} of physical {transfer.address:#x}{ending}"


def describe_control(control: ControlRecord) -> str:
    """A control operation, as an instruction and its operand."""
    name = str(control.register.name)
    if control.op == ControlOp.INVLPG:
        done = f"INVLPG {control.value:#x}"
    elif control.op == ControlOp.INVPCID:
        done = f"INVPCID type {control.value}, PCID {control.pcid:#x}, {control.linear:#x}"
    elif control.op == ControlOp.WRITE and control.register == Register.RFLAGS:
        done = "STAC" if _RFLAGS(control.value)["ac"] else "CLAC"
    elif control.op == ControlOp.WRITE:
        done = f"{name} = {control.value:#x}"
    else:
        done = f"reads {name}" + f": {control.result:#x}" * (control.completed >= 0)
    return done + ": #GP" * control.refused


def wanted(
    *, during: Interval = ALWAYS, linear: Addresses | None = None,
    physical: Addresses | None = None, kind: AccessKind | None = None, writes: bool | None = None,
    user: bool | None = None, implicit: bool | None = None, faulted: bool | None = None,
    function: str | None = None,
) -> str:
    """An access that :meth:`sim.record.trace.Trace.accesses` is to find, with an article."""
    what = {None: "access", False: "read", True: "write"}[writes] if kind is None else _kind(kind)
    who  = {None: "", False: "kernel", True: "user"}[user]
    text = " ".join(filter(None, ("implicit" if implicit else "", who, what)))
    text = ("an " if text[0] in "aei" else "a ") + text
    if linear is not None:
        text += f" of {addresses(linear)}"
    if physical is not None:
        text += f" at physical {addresses(physical)}"
    if faulted is not None:
        text += " that faults" if faulted else " without a fault"
    return text + when(during, function)


def addresses(where: Addresses) -> str:
    """Return an address, or the first and the last of a range, in words."""
    if isinstance(where, range):
        return f"{where.start:#x} to {where.stop - 1:#x}"
    return f"{where:#x}"


def when(during: Interval = ALWAYS, function: str | None = None) -> str:
    """Function and interval, with a space before each; nothing, if it is always."""
    text = f" in {function}" if function else ""
    if during.until is not None:
        return f"{text} in cycles {during.since} to {during.until - 1}"
    return f"{text} from cycle {during.since} on" if during.since else text


def values(flags: Mapping[str, int]) -> str:
    """Flags with their values."""
    return ", ".join(f"{name} = {value}" for name, value in flags.items())


def count(number: int, one: str, many: str) -> str:
    """So many, in the right form."""
    return f"{number} {one if number == 1 else many}"


def rights_text(writable: bool, user: bool, execute_disable: bool) -> str:
    """Rights in a fixed width, as gef and ``/proc/<pid>/maps`` write them: ``r-x user``."""
    return (f"r{'w' if writable else '-'}{'-' if execute_disable else 'x'} "
            f"{'user' if user else 'kernel'}")


def size_text(size: int) -> str:
    """Bytes of a page, in the largest unit."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >> shift:
            return f"{size >> shift} {unit}"
    return f"{size} bytes"


def _kind(kind: AccessKind) -> str:
    return str(kind.name).lower().replace("_", "-")
