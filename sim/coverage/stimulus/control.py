"""Stimuli that are writes of control registers, and INVPCID: rules 20, 21, 28, 31, 33, 36, 37."""

from collections.abc import Callable, Mapping

from sim.coverage.points.terms import MODES
from sim.golden.reserved import P
from sim.golden.state import (
    CR0_CD, CR0_NW, CR0_PE, CR0_PG, CR0_WP, CR4_LA57, CR4_PAE, CR4_PCIDE, CR4_PKE, CR4_SMAP,
    EFER_LMA, EFER_LME, EFER_NXE,
)
from sim.vectors.sequence import InvlpgStep, InvpcidStep, StoreStep
from sw.bus import Register

from .accesses import allowed, with_page
from .draft import Draft
from .machine import CR4_BITS, Machine


__all__ = ["CONTROL"]


def _mode(draft: Draft, axis: str = "mode", options: tuple[str, ...] = ("off", *MODES)) -> str:
    """A mode that the unit has, or off."""
    return draft.choose(axis, [mode for mode in options
                               if mode == "off" or draft.reach.mode(mode) is None])


def _number(draft: Draft) -> int:
    return int(draft.plan["bit"].removeprefix("bit "))


def illegal_write(draft: Draft) -> Machine:
    """A write with one bit that does not exist."""
    register, number = Register[draft.plan["register"]], _number(draft)
    modes = ("4-level", "5-level") if number > 31 and register in (
        Register.CR0, Register.CR3, Register.CR4) else ("off", *MODES)
    draft.plan["PCIDE"] = "PCIDE=0"
    if register is Register.CR3:
        draft.plan["M"] = "32"
    machine = Machine(draft, _mode(draft, options=modes))
    before  = {Register.CR0: machine.cr0, Register.CR3: machine.cr3, Register.CR4: machine.cr4,
               Register.EFER: machine.efer}.get(register, 0)
    machine.write(register, before | 1 << number)
    return machine


def change_of_mode(draft: Draft) -> Machine:
    """A legal change of the paging mode."""
    before = _mode(draft, "mode before")
    after  = draft.choose("mode after", ("off",) if before != "off" else MODES)
    draft.plan["PCIDE"] = "PCIDE=0"
    machine = Machine(draft, after if before == "off" else before)
    if before == "off":
        machine.cr0 &= ~CR0_PG
        machine.efer &= ~EFER_LMA
        machine.write(Register.CR0, machine.cr0 | CR0_PG)
    elif after == "off":
        machine.write(Register.CR0, machine.cr0 & ~CR0_PG)
    else:
        machine.write(Register.CR4, machine.cr4 ^ CR4_PAE)
    return machine


def illegal_change(draft: Draft) -> Machine:
    """A change of mode that the architecture forbids."""
    change, mode = draft.plan["illegal"], draft.plan["mode before"]
    wants_pcid = change.startswith("PG cleared")
    draft.plan["PCIDE"] = f"PCIDE={int(wants_pcid)}"
    machine = Machine(draft, mode)
    cr0, cr4 = machine.cr0, machine.cr4
    if change == "PG without PE":
        machine.write(Register.CR0, CR0_PG)
    elif change == "NW without CD":
        machine.write(Register.CR0, CR0_PE | CR0_NW)
    elif change == "LME without PAE":
        machine.write(Register.EFER, EFER_LME)
        machine.write(Register.CR0, CR0_PE | CR0_PG)
    elif change == "PAE cleared":
        machine.write(Register.CR4, cr4 & ~CR4_PAE)
    elif change == "LME changed":
        machine.write(Register.EFER, machine.efer ^ EFER_LME)
    elif change == "LA57 changed":
        machine.write(Register.CR4, cr4 ^ CR4_LA57)
    elif change == "PCIDE set":
        machine.write(Register.CR4, cr4 | CR4_PCIDE)
    elif change.startswith("PG cleared"):
        machine.write(Register.CR0, cr0 & ~CR0_PG)
    else:
        machine.cr3 |= 1 << int(change.split()[5])
        machine.write(Register.CR4, cr4 | CR4_PCIDE)
    return machine


def _pdptes(machine: Machine, draft: Draft) -> None:
    """Four PDPTEs, of which one may be malformed."""
    for number in range(4):
        machine.memory[machine.root + 8 * number] = draft.rng.choice((0, 0x5000 | P))
    if draft.given("load") == "refused":
        machine.memory[machine.root + 8 * draft.rng.randrange(4)] = P | 1 << 5


def pdpte_load(draft: Draft) -> Machine:
    """A write that loads PDPTEs, malformed or not."""
    cause = draft.given("cause of load") or draft.rng.choice(
        {"CR0": ("CR0.CD", "CR0.PG"), "CR4": ("CR4.PGE", "CR4.SMEP")}.get(
            draft.plan["register"], ("CR3",)))
    machine = Machine(draft, "PAE")
    cr0, cr4 = machine.cr0, machine.cr4
    if cause == "CR3":
        machine.write(Register.CR3, 0x8000)
        machine.root = 0x8000
    elif cause == "CR0.PG":
        machine.cr0 &= ~CR0_PG
        machine.write(Register.CR0, cr0)
    elif cause == "CR4.PAE":
        machine.cr4 &= ~CR4_PAE
        machine.write(Register.CR4, cr4)
    elif cause == "CR0.NW":
        machine.cr0 |= CR0_CD
        machine.write(Register.CR0, cr0 | CR0_CD | CR0_NW)
    elif cause == "CR0.CD":
        machine.write(Register.CR0, cr0 | CR0_CD)
    else:
        machine.write(Register.CR4, cr4 ^ CR4_BITS[cause.removeprefix("CR4.")])
    if cause in ("CR3", "CR0.PG", "CR4.PAE"):
        _pdptes(machine, draft)
    else:
        # The PDPTEs at the beginning are in order; they are edited after that.
        wrong = draft.given("load") == "refused"
        value = P | 1 << 6 if wrong else 0x6000 | P
        place = machine.root + 8 * draft.rng.randrange(4)
        machine.steps.insert(0, StoreStep(place, 8, value))
    return machine


def no_pdpte_load(draft: Draft) -> Machine:
    """A write in PAE paging that loads no PDPTEs."""
    machine = Machine(draft, "PAE")
    name    = draft.choose("no load", ("CR0.WP",))
    machine.store(machine.root, P | 1 << 5)
    match name:
        case "CR0.WP":    machine.write(Register.CR0, machine.cr0 ^ CR0_WP)
        case "CR4.SMAP":  machine.write(Register.CR4, machine.cr4 ^ CR4_SMAP)
        case "CR4.PKE":   machine.write(Register.CR4, machine.cr4 ^ CR4_PKE)
        case "EFER.NXE":  machine.write(Register.EFER, machine.efer ^ EFER_NXE)
        case _:           machine.access("read", 0x1000, 4, cpl=0, implicit=0, ac=1)
    return machine


def malformed_pdpte(draft: Draft) -> Machine:
    """A MOV to CR3 that comes to one malformed PDPTE."""
    draft.plan["M"] = "32"
    machine = Machine(draft, "PAE")
    number  = draft.plan["PDPTE"]
    place   = draft.rng.randrange(4) if number == "any" else int(number)
    machine.memory[0x8000 + 8 * place] = P | 1 << _number(draft)
    machine.write(Register.CR3, 0x8000)
    return machine


def edited_pdpte(draft: Draft) -> Machine:
    """An access after P was cleared in its PDPTE in memory."""
    allowed(draft)
    machine = Machine(draft, "PAE")
    linear  = machine.linear()
    machine.map(linear, "4K")
    machine.access("read", linear, 4, cpl=0, implicit=0)
    machine.store(machine.root + 8 * (linear >> 30), 0)
    if draft.plan["since"] == "INVLPG":
        machine.steps.append(InvlpgStep(linear))
    else:
        machine.write(Register.CR3, machine.cr3)
    machine.access("read", linear, 4, cpl=0, implicit=0)
    return machine


def upper_half(draft: Draft) -> Machine:
    """An access outside long mode, whose upper half of CR3 has stayed."""
    draft.let_all({"R/W": "R/W=1", "U/S": "U/S=1", "XD": "XD=0", "SMAP": "SMAP=0",
                   "SMEP": "SMEP=0", "PCIDE": "PCIDE=0", "M": "46", "NXE": "NXE=0",
                   "LA57": "LA57=0", "PKE": "PKE=0", "PKS": "PKS=0", "by": "walk"})
    mode    = draft.choose("mode", ("32-bit", "PAE"))
    machine = with_page(draft, Machine(draft, mode))
    access  = machine.steps
    machine.steps = []
    if mode == "32-bit":
        # A vector that begins in long mode has entries of 8 bytes.
        words: dict[int, int] = {}
        for place, value in machine.memory.items():
            words[place & -8] = words.get(place & -8, 0) | value << 8 * (place & 4)
        machine.memory = words
    cr0, cr4, cr3 = machine.cr0, machine.cr4, machine.cr3
    # It begins in long mode, with tables of its own that nobody looks at.
    machine.efer |= EFER_LME | EFER_LMA
    machine.cr4  |= CR4_PAE
    machine.cr3   = 1 << 40 | cr3
    machine.write(Register.CR0, cr0 & ~CR0_PG)
    machine.write(Register.EFER, machine.efer & ~(EFER_LME | EFER_LMA))
    machine.write(Register.CR4, cr4)
    machine.write(Register.CR0, cr0)
    machine.steps += access
    return machine


def _wide_address(draft: Draft) -> int:
    width = draft.choose("width", ("48 bits", "57 bits", "neither"))
    low   = draft.rng.getrandbits(40)
    return {"48 bits": low, "57 bits": 1 << 50 | low, "neither": 1 << 60 | low}[width]


def wide_invlpg(draft: Draft) -> Machine:
    """INVLPG of an address that is canonical or not."""
    machine = Machine(draft, _mode(draft))
    machine.steps.append(InvlpgStep(_wide_address(draft)))
    return machine


def wide_invpcid(draft: Draft) -> Machine:
    """INVPCID of an address that is canonical or not."""
    machine = Machine(draft, _mode(draft))
    if draft.given("LA57") == "LA57=1":
        machine.cr4 |= CR4_LA57
    machine.steps.append(InvpcidStep(0, 0, _wide_address(draft)))
    return machine


def invpcid_by_mode(draft: Draft) -> Machine:
    """INVPCID of any type, in any mode."""
    machine = Machine(draft, _mode(draft))
    machine.steps.append(InvpcidStep(int(draft.plan["type"].removeprefix("type ")), 0,
                                     draft.rng.getrandbits(40)))
    return machine


def invpcid_refused(draft: Draft) -> Machine:
    """INVPCID with an operand that the architecture forbids."""
    reason = draft.plan["invpcid refused"]
    if reason.endswith("without PCIDE"):
        draft.plan["PCIDE"] = "PCIDE=0"
    machine = Machine(draft, _mode(draft))
    kind, pcid, linear = draft.rng.randrange(4), 0, 0
    if reason == "type above 3":
        kind = draft.rng.randrange(4, 1 << 20)
    elif reason == "not canonical":
        kind, linear = 0, 1 << 60
    elif reason.startswith("bit"):
        pcid = 1 << int(reason.removeprefix("bit "))
    else:
        kind, pcid = int(reason.split()[1]), 5
    machine.steps.append(InvpcidStep(kind, pcid, linear))
    return machine


CONTROL: Mapping[str, Callable[[Draft], Machine]] = {
    "illegal write": illegal_write, "change of mode": change_of_mode,
    "illegal change": illegal_change, "PDPTE load": pdpte_load, "no PDPTE load": no_pdpte_load,
    "malformed PDPTE": malformed_pdpte, "edited PDPTE": edited_pdpte,
    "upper half": upper_half, "wide invlpg": wide_invlpg,
    "wide invpcid": wide_invpcid, "invpcid by mode": invpcid_by_mode,
    "invpcid refused": invpcid_refused,
}

