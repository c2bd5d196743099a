"""Happenings: effects of control operations on translations that are cached."""

from collections.abc import Iterator

from sim.golden.state import (
    CR0_PG, CR0_WP, CR4_PAE, CR4_PCIDE, CR4_PGE, CR4_PKE, CR4_PKS, CR4_PSE, CR4_SMAP, CR4_SMEP,
    EFER_NXE, ControlState,
)

from .observation import Happening, OperationSeen, WriteSeen


__all__ = ["happening_of_operation", "happenings_of_write"]


_BITS = {
    "CR0":  (("PG", CR0_PG), ("WP", CR0_WP)),
    "CR4":  (("PAE", CR4_PAE), ("PCIDE", CR4_PCIDE), ("PGE", CR4_PGE), ("PSE", CR4_PSE),
             ("SMEP", CR4_SMEP), ("SMAP", CR4_SMAP), ("PKE", CR4_PKE), ("PKS", CR4_PKS)),
    "EFER": (("NXE", EFER_NXE),),
}


def happenings_of_write(write: WriteSeen) -> Iterator[Happening]:
    """Effects of a write of a control register; none if it was refused.

    A bit of a register that has changed is called "WP=1".
    """
    before, after = write.before, write.after
    if write.refused:
        return
    match write.register:
        case "CR3":
            keeps = before.pcid_enable and write.value >> 63
            yield Happening("MOV CR3, no flush" if keeps else "MOV CR3", before, pcid=after.pcid)
        case "RFLAGS":
            if before.ac != after.ac:
                yield Happening(f"AC={int(after.ac)}", before)
        case "PKRU" | "PKRS":
            yield Happening(write.register, before)
        case "CR0" | "CR4" | "EFER":
            name = write.register.lower()
            changed = _register(before, name) ^ _register(after, name)
            for bit, mask in _BITS[write.register]:
                if changed & mask:
                    value = int(bool(_register(after, name) & mask))
                    yield Happening(f"{bit}={value}", before, pcid=after.pcid)


def happening_of_operation(operation: OperationSeen) -> Happening:
    """Effect of an INVLPG or INVPCID that was not refused."""
    pcid = operation.pcid & 0xfff if operation.name == "INVPCID" else operation.state.pcid
    return Happening(operation.name, operation.state, operation.linear, operation.type, pcid)


def _register(state: ControlState, name: str) -> int:
    value: int = getattr(state, name)
    return value
