"""Control-register writes and INVPCID operands that fault, and what writes load, as sentences.

Ref: Intel SDM Vol. 2, "MOV - Move to/from Control Registers", "INVPCID" and "WRPKRU"; Vol. 3A,
sections 2.2.1, 2.5, 4.1.2, 4.4.1, 4.6.2, 4.10.1 and 9.8.5. Neither gateware nor golden model was
consulted.

In each list ``faults`` is #GP(0), ``value`` what is written, of 64 bits, and ``now`` the registers
before. ``features`` are what a processor has beside 32-bit paging: ``"4-level"``, ``"5-level"``,
``"PAE"`` and ``"PCID"``. One with 4-level but without PAE paging, which Intel does not make,
refuses what would turn PAE paging on.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, Const, Mux, Value

from ..proof import Sentence


__all__ = [
    "Now", "invpcid", "loads_of_pdptes", "write_to_cr0", "write_to_cr3", "write_to_cr4",
    "write_to_efer", "write_to_key_register",
]


#: Bits of the registers.
PE, NW, CD, PG = 0, 29, 30, 31
PSE, PAE, PGE  = 4, 5, 7
LA57           = 12
PCIDE, SMEP    = 17, 20
LME            = 8


@dataclass(frozen=True, kw_only=True)
class Now:
    """Bits of the registers before a write: of CR0, CR4, IA32_EFER, and CR3[11:0]."""

    pg:    Value
    pae:   Value
    la57:  Value
    pcide: Value
    lme:   Value
    lma:   Value
    pcid:  Value


def write_to_cr0(
    faults: Value, value: Value, now: Now, *, features: Collection[str],
) -> list[Sentence]:
    """Sentences about a write to CR0."""
    turned_on = value[PG] & ~now.pg
    reasons = {
        ("SDM 2.5", "bits 63:32 of CR0 must be written with zeros"): value[32:].any(),
        ("SDM 2.5", "PG cannot be set while PE is clear"): value[PG] & ~value[PE],
        ("SDM 2.5", "NW cannot be set while CD is clear"): value[NW] & ~value[CD],
    }
    if "4-level" in features:
        reasons["SDM 9.8.5", "PG cannot be set while LME = 1 and PAE = 0"] = (
            turned_on & now.lme & ~now.pae)
    if "4-level" in features and "PAE" not in features:
        reasons["unit without PAE paging", "PG cannot be set while LME = 0 and PAE = 1"] = (
            turned_on & ~now.lme & now.pae)
    if "PCID" in features:
        reasons["SDM 4.10.1", "PG cannot be cleared while PCIDE = 1"] = ~value[PG] & now.pcide
    return _faults(faults, reasons)


def write_to_cr3(
    faults: Value, value: Value, now: Now, *, m: Value | int,
) -> list[Sentence]:
    """Sentences about a write to CR3, of a processor with 4-level paging. ``m`` is MAXPHYADDR."""
    return _faults(faults, {
        ("SDM Vol. 2, MOV", "bits 62:M of CR3 are reserved in 64-bit mode"):
            now.lma & Cat(value[bit] & (Const(bit) >= m) for bit in range(32, 63)).any(),
        ("SDM Vol. 2, MOV", "bit 63 of CR3 is reserved in 64-bit mode while PCIDE = 0"):
            now.lma & value[63] & ~now.pcide,
    })


def write_to_cr4(
    faults: Value, value: Value, now: Now, *, bits: Collection[int], features: Collection[str],
) -> list[Sentence]:
    """Sentences about a write to CR4, of which a processor has ``bits``."""
    reasons = {
        ("SDM 2.5", "reserved bits of CR4 must be written with zeros"): _others(value, bits),
    }
    if "4-level" in features:
        reasons["SDM 4.1.2", "PAE cannot be cleared in IA-32e mode"] = now.lma & ~value[PAE]
    if "4-level" in features and "PAE" not in features:
        reasons["unit without PAE paging", "PAE cannot be set in 32-bit paging"] = (
            now.pg & ~now.lma & value[PAE])
    if "5-level" in features:
        reasons["SDM 2.5", "LA57 cannot be modified in IA-32e mode"] = (
            now.lma & (value[LA57] ^ now.la57))
    if "PCID" in features:
        turned_on = value[PCIDE] & ~now.pcide
        reasons["SDM 4.10.1", "PCIDE cannot be set outside IA-32e mode"] = turned_on & ~now.lma
        reasons["SDM 4.10.1", "PCIDE cannot be set unless CR3[11:0] is 0"] = (
            turned_on & now.pcid.any())
    return _faults(faults, reasons)


def write_to_efer(
    faults: Value, value: Value, now: Now, *, bits: Collection[int],
) -> list[Sentence]:
    """Sentences about a write to IA32_EFER, of which a processor has ``bits``.

    One that has no bits of it has no such register: any other value than 0 faults.
    """
    reasons = {
        ("SDM 2.2.1", "reserved bits of IA32_EFER must be written with zeros"):
            _others(value, bits),
    }
    if LME in bits:
        reasons["SDM 4.1.2", "LME cannot be modified while PG = 1"] = now.pg & (
            value[LME] ^ now.lme)
    return _faults(faults, reasons)


def write_to_key_register(faults: Value, value: Value, *, exists: bool) -> list[Sentence]:
    """Sentences about a write to PKRU or IA32_PKRS, if the register exists."""
    if not exists:
        return [Sentence("SDM 4.6.2", "a register that there is not cannot be written", Const(1),
                         faults)]
    return _faults(faults, {
        ("SDM Vol. 2, WRPKRU; 4.6.2", "bits 63:32 of PKRU and IA32_PKRS must be written with "
         "zeros"): value[32:].any(),
    })


def loads_of_pdptes(
    loads: Value, value: Value, now: Now, *, to_cr0: Value, to_cr3: Value, to_cr4: Value,
    cr0: Value, cr4: Value,
) -> list[Sentence]:
    """Sentences about ``loads``: a write that does not fault loads the PDPTE registers.

    ``cr0`` and ``cr4`` are the registers before the write.
    """
    def changes(before: Value, *bits: int) -> Value:
        return Cat(value[bit] ^ before[bit] for bit in bits).any()

    cases = {
        "MOV to CR3 loads the PDPTEs with PAE paging":
            to_cr3 & now.pg & now.pae & ~now.lma,
        "MOV to CR0 that changes CD, NW or PG loads the PDPTEs if PAE paging follows":
            to_cr0 & value[PG] & now.pae & ~now.lme & changes(cr0, CD, NW, PG),
        "MOV to CR4 that changes PAE, PGE, PSE or SMEP loads the PDPTEs if PAE paging follows":
            to_cr4 & now.pg & value[PAE] & ~now.lma & changes(cr4, PAE, PGE, PSE, SMEP),
    }
    return [
        *(Sentence("SDM 4.4.1", text, when, loads) for text, when in cases.items()),
        Sentence("SDM 4.4.1", "nothing else loads the PDPTEs", ~Cat(*cases.values()).any(), ~loads),
    ]


def invpcid(
    faults: Value, now: Now, *, kind: Value, descriptor: Value,
) -> list[Sentence]:
    """Sentences about INVPCID of a type and a descriptor.

    Addresses have 57 bits with LA57 = 1, else 48.
    """
    address   = descriptor[64:]
    canonical = Mux(now.la57, ~address[56:].any() | address[56:].all(),
                    ~address[47:].any() | address[47:].all())
    return _faults(faults, {
        ("SDM Vol. 2, INVPCID", "there are no types but 0 to 3"): kind > 3,
        ("SDM Vol. 2, INVPCID", "bits 63:12 of the descriptor are 0"): descriptor[12:64].any(),
        ("SDM Vol. 2, INVPCID", "the address of type 0 is canonical"):
            (kind == 0) & ~canonical,
        ("SDM Vol. 2, INVPCID", "the PCID of types 0 and 1 is 0 while PCIDE = 0"):
            (kind <= 1) & descriptor[:12].any() & ~now.pcide,
    })


def _faults(faults: Any, reasons: Any) -> list[Sentence]:
    """Each of the ``reasons`` is one to fault, and there is no other."""
    return [
        *(Sentence(source, text, when, faults) for (source, text), when in reasons.items()),
        Sentence("SDM", "there is no other reason to fault",
                 ~Cat(*reasons.values()).any(), ~faults),
    ]


def _others(value: Any, bits: Any) -> Any:
    """A bit is set that is none of ``bits``."""
    return Cat(value[bit] for bit in range(64) if bit not in bits).any()
