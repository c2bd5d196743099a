"""Proofs of the rules of paging: which formal property proves what of which rule.

Properties are those of :mod:`sim.proofs.registry`, by name. They are named here, since that needs
the solver to be installed. What a property says of a block is no proof of each rule that the block
carries out: what it does prove of one is told here, in words that end where the proof ends.
"""

from collections.abc import Mapping
from typing import NamedTuple


__all__ = ["PROOFS", "PROOFS_OF_NO_RULE", "Proof", "proofs_of"]


class Proof(NamedTuple):
    """Proof of a part of a rule.

    Attributes
    ----------
    name : :class:`str`
        The property, as `dragoncage prove` has it.
    says : :class:`str`
        What of the rule it proves.
    """

    name: str
    says: str


_JUDGED = "a walk, of any entries, ends as this says"
_HIT    = "an access that hits ends as this says"

#: For each property that proves something of a rule, what that is, by the rule's number.
PROOFS: Mapping[str, Mapping[int, str]] = {
    "access-rights": {
        4:  "what a page may be used for, by the rights of all of its entries",
        10: "which writes are permitted, for every access and page",
        11: "which fetches are permitted, for every access and page",
        12: "the whole rule, for every access and page",
        13: "implicit accesses are judged as the supervisor's, and ignore AC"},
    "key-rights": {
        14: "AC and fetches: whether a key refuses",
        36: "which register judges a page, and AD, WD and WP in it; not what IA32_PKRS says to an "
            "access at CPL 3"},
    "error-code": {
        3:  "the error code of a reserved bit", 9: "every bit, of every access",
        11: "I/D is told with SMEP, whatever NXE", 13: "U is 0 for implicit accesses",
        14: "PK is told of a key's refusal beside any other cause, and of no other fault"},
    "combined-rights": {4: "R/W, U/S and XD of two to five entries together"},
    "reserved-bits": {
        5:  "where PS is reserved", 6: "which bits are reserved, in every entry",
        7:  "XD is reserved while EFER.NXE = 0, at every level",
        19: "reserved bits of 32-bit paging", 29: "reserved bits of PDEs and PTEs",
        30: "which bits are reserved, for every M", 37: "PS of a PML5E is reserved"},
    "leaves": {
        5:  "where PS makes a page", 19: "PS counts with CR4.PSE = 1 only",
        20: "PS makes a 2 MiB page, whatever CR4.PSE"},
    "large-frames": {
        19: "the frame of a 4 MiB page", 30: "the frame of a 4 MiB page"},
    "pdptes": {28: "which PDPTEs are malformed"},
    "canonical": {
        8:  "which addresses are canonical", 37: "which addresses are canonical, of 57 bits"},
    "last-page": {8: "which page is the last before those that are not canonical"},
    "entry-offsets": {
        19: "which entry of a table is an address's", 20: "which entry of a table is an address's",
        37: "which entry of a table is an address's, of five levels"},
    "cr0-writes": {
        21: "which writes to CR0 are refused", 32: "PG cannot be cleared while PCIDE = 1"},
    "cr3-writes": {
        21: "which writes to CR3 are refused", 32: "bit 63 is reserved without PCIDE"},
    "cr4-writes": {
        21: "which writes to CR4 are refused", 32: "when PCIDE cannot be set",
        37: "LA57 cannot change in long mode"},
    "efer-writes": {21: "which writes to EFER are refused"},
    "invpcid-operands": {
        33: "which operands are refused, but for the CPL",
        37: "which address of INVPCID is canonical, in every mode"},
    "key-registers": {36: "which writes to PKRU and IA32_PKRS are refused"},
    "pdpte-loads": {28: "which writes to control registers load the PDPTEs"},
    "pdpte-reads": {28: "where the PDPTEs are read, and that either all four are loaded or none"},
    "updater-stores": {
        17: "an entry is stored only while it is what was expected, under one lock"},
    "updater-ends": {17: "an update ends when it was stored, or a change was found"},
    "walks": {
        1:  "P, then reserved bits, and rights after the last entry",
        2:  "a missing entry ends a walk with P = 0 and RSVD = 0, whatever else is in it",
        3:  "a malformed entry ends a walk, with its error code",
        4:  "a translation has the rights of all entries that were read",
        9:  "the error code of a fault in a walk",
        10: _JUDGED, 11: _JUDGED, 12: _JUDGED, 13: _JUDGED,
        15: "A is set in each entry before the next is read, D in the leaf of a write before it is "
            "used",
        17: "a walk whose update has found a change ends as the entries say that it reads then",
        20: "a walk from a PDPTE register",
        22: "of a table that is remembered, the entry was present and well-formed",
        28: "an access through a missing PDPTE ends in a fault with P = 0",
        36: "a page is judged by the key of its leaf"},
    "first-level": {
        26: "in the first level of the TLB: a page that is dropped does not hit",
        27: "in the first level of the TLB: after a flush of all, or of all but global pages, "
            "what it concerns does not hit"},
    "second-level": {
        26: "in the second level of the TLB: a page that is dropped is not served",
        27: "in the second level of the TLB: after a new stamp, nothing of before is served"},
    "stamps": {
        32: "in the second level of the TLB: no two PCIDs have a stamp in common",
        33: "in the second level of the TLB: a PCID that is forgotten has no stamp any more"},
    "invalidated-pages": {
        26: "for 16 cycles, a page that INVLPG has named is walked before it is found again",
        27: "for 16 cycles, the same of all that a write to CR3 or a flush of everything names",
        33: "for 16 cycles, the same of all that INVPCID names, of each type"},
    "translated": {
        9:  "the error code of an access that hits, and must not be done",
        10: _HIT, 11: _HIT, 12: _HIT, 13: _HIT,
        18: "no write is done by a translation with D = 0",
        23: "a hit is judged by the control state of the cycle in which the access leaves",
        36: "a hit is judged by its key"},
    "places": {19: "where in its page an access goes", 20: "where in its page an access goes"},
    "refinement": {23: "a hit ends as a walk would end, if nothing has changed since"},
    "foresight": {23: "what was found out before an access hits is so when it does"},
    "unit": {22: "what the first level of the TLB is given to keep was found by a walk, or by the "
                 "second level"},
}

#: Properties that prove nothing of a rule, and why.
PROOFS_OF_NO_RULE: Mapping[str, str] = {
    "table-entries":    "a short way in the walker, which is as good as the long one",
    "current-pcid":     "what the TLB is told of PCIDs, and not what it does",
    "first-level-ways": "no rule says that a page has one translation",
    "kept-pages":       "what is served was found by a walk, if nothing has changed: no rule",
    "stamp-promises":   "how the TLB uses the bank of stamps",
    "transfers":        "rules of the bus",
    "responses":        "rules of the ports",
    "unit-goes-on":     "progress, of which no rule speaks",
}


def proofs_of(number: int) -> list[Proof]:
    """Proofs of something of a rule."""
    return [Proof(name, rules[number]) for name, rules in PROOFS.items() if number in rules]
