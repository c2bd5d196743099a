"""Lines of access vectors of version 2 for tests: one by hand, and random ones for Hypothesis."""

from dataclasses import replace
from itertools import chain

from hypothesis import strategies as st
from sequence_support import (
    BITS_32, CONTEXTS, FIVE, KEYED, LONG, PAE_WORLD, PAGES, accesses, edits, steps,
)
from vector_support import LINEAR, long_mode

from sw.bus import Kind, Register


__all__ = ["APART", "WORLDS", "access", "random_lines", "sequence", "store", "write"]


LMA, LME = 1 << 10, 1 << 8
#: PCIDs with tables of their own: below 0x7000 the pages are others.
APART = replace(
    CONTEXTS,
    controls=(*((Register.CR3, root | pcid | keeps) for root in (0x1000, 0x7000)
                for pcid in (0, 1, 2) for keeps in (0, 1 << 63)), *CONTEXTS.controls),
    entries=(((0x5028, 0x5030), PAGES[::-1]), ((0x8018, 0x8010), (0x5000,)),
             ((0x6008,), (0x8000,)), ((0x7000,), (0x6000,)), *CONTEXTS.entries))

WORLDS = (LONG, BITS_32, FIVE, PAE_WORLD, CONTEXTS, KEYED, APART)
KINDS = {Kind.READ: "read", Kind.WRITE: "write", Kind.FETCH: "fetch", Kind.EXCHANGE: "rmw",
         Kind.COMPARE_EXCHANGE: "rmw"}


def sequence(*done, **changes):
    """A line of steps in 4-level paging, whose page may be written; but for ``changes``."""
    line = long_mode()
    del line["access"]
    return line | {"version": 2, "steps": list(done)} | changes


def access(kind="read", linear=LINEAR, **keys):
    """An access."""
    return {"op": "access", "kind": kind, "linear": hex(linear), **keys}


def store(address, value, **keys):
    """A store to memory."""
    return {"op": "store", "address": hex(address), "value": hex(value), **keys}


def write(register, value):
    """A write of a register."""
    return {"op": "write", "register": register, "value": hex(value)}


def registers(world):
    """The registers with which a world begins, by their names."""
    found = {register.value: value for register, value in world.registers}
    efer  = found.get("efer", 0)
    return {"cr0": 0, "cr3": 0, "cr4": 0, **found, "efer": efer | LMA * bool(efer & LME)}


def switch(world):
    """Steps that leave paging, write the tables of a world, and turn its mode on."""
    return [
        write("cr3", 0), write("cr4", 0x20), write("cr0", 0x11), write("efer", 0), write("cr4", 0),
        *(store(place, entry, size=world.entry_size)
          for kind, place, entry in world.start[:-len(world.registers)]),
        *(write(register.value, value) for register, value in world.registers),
    ]


def told(step, entry_size, ac):
    """A step of :mod:`sequence_support` as lines tell it; None if they cannot."""
    match step:
        case "edit", place, entry:
            return store(place, entry, size=entry_size)
        case "control", (register, value):
            return None if register in (Register.CR2, Register.RFLAGS) else write(
                register.value, value)
        case "invlpg", linear:
            return {"op": "invlpg", "linear": hex(linear)}
        case "invpcid", (kind, descriptor):
            return {"op": "invpcid", "type": kind, "pcid": descriptor & (1 << 64) - 1,
                    "linear": hex(descriptor >> 64)}
        case "access", it:
            return access(KINDS[it.kind], it.linear, size=it.size, cpl=3 * it.user, ac=ac,
                          implicit=int(it.implicit), data=hex(it.data & (1 << 8 * it.size) - 1))


def uses(world):
    """Use a page, edit an entry, perhaps flush what was cached, and use the page again."""
    def in_order(first, edit, flush, last):
        linear = first[1].linear
        flush  = [("invlpg", linear)] if flush == "invlpg" else flush
        return [first, edit, *flush, ("access", replace(last[1], linear=linear))]

    roots   = [write for write in world.controls if write[0] is Register.CR3]
    flushes = [st.just("invlpg"), st.just([]), st.sampled_from(roots).map(
        lambda write: [("control", write)])]
    if world.features.get("pcid"):
        flushes.append(st.tuples(st.integers(0, 3), st.integers(0, 2)).map(
            lambda operands: [("invpcid", (operands[0], LINEAR << 64 | operands[1]))]))
    return st.builds(in_order, accesses(world), edits(world), st.one_of(flushes), accesses(world))


@st.composite
def random_lines(draw, worlds=WORLDS, size=6):
    """A line that begins in one world, and perhaps goes on in another."""
    first = draw(st.sampled_from(worlds))
    done, ac = [], 0
    for number, world in enumerate((first, *draw(st.lists(st.sampled_from(worlds), max_size=1)))):
        if number:
            done += switch(world)
        parts = st.one_of(steps(world).map(lambda step: [step]), uses(world), uses(world))
        for step in chain(*draw(st.lists(parts, min_size=size, max_size=2 * size))):
            if step[0] == "control" and step[1][0] is Register.RFLAGS:
                ac = int(bool(step[1][1]))
            line = told(step, world.entry_size, ac)
            done += [] if line is None else [line]
    entries = {place: entry for kind, place, entry in first.start[:-len(first.registers)]}
    return {
        "version": 2, "id": 1, **{name: hex(value) for name, value in registers(first).items()},
        "ac": 0, "cpl": 0, "maxphyaddr": 40, "steps": done,
        "entries": [[hex(place), hex(entry)] for place, entry in entries.items()],
    }
