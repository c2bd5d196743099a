"""Stimuli for accessed and dirty flags, and for sizes of pages: rules 15 to 19, 30 and 37."""

from collections.abc import Callable, Mapping

from sim.coverage.points.terms import LEVELS, level_of
from sim.golden.reserved import A, P, PS, US

from .accesses import access, allowed, edited, refused
from .draft import Draft
from .machine import ALL_RIGHTS, BYTES, Machine
from .walks import sizes_of


__all__ = ["UPDATES"]


def flags(draft: Draft) -> Machine:
    """A walk that sets flags, or need not."""
    allowed(draft)
    draft.let(by="walk")
    return access(draft)


def upper_flags(draft: Draft) -> Machine:
    """A walk through an upper entry, done or not."""
    mode, level = draft.mode(), draft.plan["level"]
    sizes = [size for size in sizes_of(mode) if level in level_of(mode, size)[:-1]]
    draft.let(mode=mode, size=draft.rng.choice(sizes), by="walk")
    if draft.given("result") == "done":
        allowed(draft)
    else:
        refused(draft)
    return access(draft)


def refused_flags(draft: Draft) -> Machine:
    """A walk to a leaf that refuses the access."""
    refused(draft)
    draft.let(by="walk")
    return access(draft)


def crossing(draft: Draft) -> Machine:
    """An access to two pages, of which one may fault."""
    outcome = draft.choose("crossing", ("both done", "first faults", "second rights"))
    allowed(draft)
    mode = draft.choose("mode", [mode for mode in LEVELS if draft.reach.mode(mode) is None])
    kind, size = draft.kind(), draft.rng.choice((2, 4, 8))
    draft.plan |= {"NXE": "NXE=0", "M": "36", "PSE": "PSE=1"}
    machine = Machine(draft, mode)
    first   = machine.linear() & ~0x1000
    cpl     = 3
    machine.map(first, "4K")
    if outcome == "second reserved" and mode == "32-bit":
        # A PTE has no reserved bits: the second page is of 4 MiB.
        first |= 0x3f_f000
        machine.memory.clear()
        machine.map(first, "4K")
        machine.map(first + 0x1000 & 0xffff_ffff, "4M", flags={"PDE": ALL_RIGHTS | 1 << 21})
    else:
        rights = {"second missing": 0, "second reserved": ALL_RIGHTS | 1 << 51,
                  "second rights": ALL_RIGHTS & ~US}.get(outcome, ALL_RIGHTS)
        machine.map(first + 0x1000, "4K", flags={"PTE": rights})
        if outcome == "second missing":
            place = machine.map(first + 0x1000, "4K")["PTE"]
            machine.memory[place] = 0
    if outcome == "first faults":
        place = machine.map(first, "4K")["PTE"]
        machine.memory[place] &= ~US
    machine.access(kind, first + 4096 - draft.rng.randrange(1, size), size, cpl=cpl, implicit=0)
    return machine


def first_page(draft: Draft) -> Machine:
    """An access to two pages, of which the second one faults."""
    draft.let(crossing=draft.rng.choice(("second missing", "second rights")))
    return crossing(draft)


def left_alone(draft: Draft) -> Machine:
    """A walk that ends at an entry that is missing or malformed, with A = 0."""
    allowed(draft)
    mode, level, cause = (draft.plan[axis] for axis in ("mode", "level", "cause"))
    draft.let(M="40", PSE="PSE=1")
    machine = Machine(draft, mode)
    linear  = machine.linear()
    size    = "4M" if (mode, cause) == ("32-bit", "reserved") else "4K"
    place   = machine.map(linear & -BYTES[size], size)[level]
    machine.memory[place] = machine.memory[place] & ~P if cause == "missing" else \
        machine.memory[place] | 1 << (21 if mode == "32-bit" else 51)
    cpl, implicit = draft.privilege()
    machine.access(draft.kind(), linear, 4, cpl=cpl, implicit=implicit)
    return machine


def race(draft: Draft) -> Machine:
    """An entry that somebody changes between its read and its update."""
    allowed(draft)
    mode = draft.mode()
    draft.let(by="walk", mode=mode, size="4K", kind="read", privilege="supervisor")
    draft.let(edit="P cleared", level=draft.rng.choice(LEVELS[mode]))
    if draft.plan["edit"] == "A set":
        # Only the update of D finds that A is set: it has another value than was read.
        draft.plan["kind"] = "write"
    return access(draft)


def _written(draft: Draft) -> None:
    """See to it that a write is refused if R/W is cleared, or not, as the result has it."""
    allowed(draft)
    draft.let_all({"class": "write", "M": "40", "PSE": "PSE=1"})
    if draft.plan["result"] == "fault":
        draft.let(WP="WP=1")
    else:
        draft.let(WP="WP=0", privilege=draft.rng.choice(("supervisor", "implicit")))


def write_race(draft: Draft) -> Machine:
    """A leaf that somebody changes between its read and the update of a write."""
    _written(draft)
    update = draft.plan["update"]
    draft.let(by="walk", A=f"A={int(update == 'D')}", D=f"D={int(update == 'A')}",
              level=level_of(draft.plan["mode"], draft.plan["size"])[-1])
    return access(draft)


def edited_clean(draft: Draft) -> Machine:
    """A write to a page that is cached with D = 0, after its leaf was edited."""
    _written(draft)
    mode, size = draft.plan["mode"], draft.plan["size"]
    machine = Machine(draft, mode)
    linear  = machine.linear()
    leaf    = level_of(mode, size)[-1]
    place   = machine.map(linear & -BYTES[size], size, flags={leaf: ALL_RIGHTS | A})[leaf]
    machine.warm(linear)
    machine.store(place, edited(machine.memory[place], draft.plan["edit"]))
    cpl, implicit = draft.privilege()
    machine.access(draft.kind(), linear, 4, cpl=cpl, implicit=implicit)
    return machine


def clean_write(draft: Draft) -> Machine:
    """A write to a page that is cached with D = 0."""
    allowed(draft)
    draft.let(D="D=0", by=draft.rng.choice(("first level", "second level")))
    draft.let_all({"class": "write"})
    return access(draft)


def thirty_two(draft: Draft) -> Machine:
    """32-bit paging, with PS in a PDE or not."""
    allowed(draft)
    draft.let(mode="32-bit")
    if draft.given("PS") == "PS=1" and draft.given("PSE") == "PSE=0":
        draft.let(size="4K", raw=f"PDE {PS:#x}")
    else:
        draft.let(size="4M" if draft.given("PS") == "PS=1" else "4K")
    return access(draft)


def pse_36(draft: Draft) -> Machine:
    """A 4 MiB page with one of the bits above its frame."""
    allowed(draft)
    number  = int(draft.plan["bit"].removeprefix("bit "))
    address = draft.plan["meaning"] == "address"
    draft.let(mode="32-bit", size="4M", PSE="PSE=1", by="walk",
              M="52" if address or number == 21 else str(min(number + 19, 39)),
              raw=f"PDE {1 << number:#x}")
    return access(draft)


def wide(draft: Draft) -> Machine:
    """An access beyond the reach of four levels."""
    allowed(draft)
    draft.let(mode="5-level")
    machine = Machine(draft, "5-level")
    linear  = machine.linear(wide=True)
    machine.map(linear, "4K")
    machine.access(draft.kind(), linear, 4, cpl=0, implicit=0)
    return machine


UPDATES: Mapping[str, Callable[[Draft], Machine]] = {
    "flags": flags, "upper flags": upper_flags, "refused flags": refused_flags,
    "crossing": crossing, "first page": first_page, "left alone": left_alone, "race": race,
    "write race": write_race, "edited clean": edited_clean, "clean write": clean_write,
    "32-bit": thirty_two, "PSE-36": pse_36, "5-level": wide,
}
