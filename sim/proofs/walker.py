"""Proofs: a walk gives a translation only if every entry allows it, and that of the last entry.

By induction: for walks of any length, in every paging mode of a unit, from the root or from a table
that the request names, whenever memory responds. So that it closes, further sentences say what the
walker keeps. The forms of entries are those of :mod:`hw.reserved`, which has proofs of its own.
"""

from typing import Any

from amaranth.hdl import Cat, Const, Mux, Value
from amaranth.lib import data

from hw.layout import Entry, Level, PageSize
from hw.linear import entry_offset
from hw.permission import denied_by_key
from hw.presets import PRESETS
from hw.reserved import large_frame_32bit
from hw.walker import Walker

from .accesses import Case
from .design import inputs_of
from .proof import Sentence, Subject, prove_for_ever, under
from .property import Method, Property
from .walker_kept import ANSWERS, Kept, denies, says, sound, what_is_kept
from .walker_watch import Watch, top_of


__all__ = ["PROPERTIES", "frame_and_size", "modes_of", "prove_of_walker"]


#: Cycles from reset in which there is a case of everything.
CYCLES = 8


def modes_of(walker: Any, watch: Watch) -> Value:
    """The paging mode is one that the unit has; a walk begins at a table that there is in it."""
    mode, config, start = walker.mode, walker.config, walker.request.p.start
    lacking = Cat(value for value, there in (
        (mode.long_mode, config.long_mode), (mode.pae, config.pae), (mode.five_levels, config.la57),
        (mode.pse, config.pse)) if not there)
    return (~lacking.any() & ~(mode.pae & mode.long_mode) & (mode.long_mode | ~mode.five_levels)
            & (start.level <= top_of(mode)))


def _of_stores(walker: Any, watch: Watch, case: Case) -> list[Sentence]:
    """An entry is stored only with A and D set, in the bus cycle in which it was read again."""
    memory, walk = walker.memory, watch.walk
    stores = memory.cyc & memory.stb & memory.we
    half   = Mux(watch.upper, memory.dat_w[32:], memory.dat_w[:32])
    stored = data.View(Entry, Mux(walker.mode.wide, memory.dat_w, half))
    bits, again = stored.as_value(), watch.again
    read = walk.entry.as_value()
    return [
        says("an entry is stored where it was read, in a locked bus cycle in which it was read "
             "again, and was as before", stores,
             memory.lock & watch.compared & (Cat(memory.adr, memory.sel) == watch.place)
             & (again == Cat(read[:5], walk.accessed, walk.dirty, read[7:]))),
        says("an entry is stored as it was, but for A and D", stores,
             (bits[:5] == again[:5]) & (bits[7:] == again[7:])),
        says("an entry is stored with A = 1", stores, stored.accessed),
        says("an entry is stored with D = 1 if it was, or if it maps the page of a write",
             stores, stored.dirty == (again[6] | (walk.leaf & case.write))),
        says("an entry is stored that is present and well-formed, and whose page the access has a "
             "right to", stores, sound(walk) & ~walk.failed & (~walk.leaf | ~denies(
                  walker.config, watch.request.access, walk.rights, walk.entry,
                  walker.protection))),
    ]


def _of_reads(walker: Any, watch: Watch) -> list[Sentence]:
    """Entries are read one after the other, each where its table is."""
    config, memory, walk = walker.config, walker.memory, watch.walk
    offset = entry_offset(watch.request.page, walk.next, wide=walker.mode.wide, config=config)
    return [
        says("an entry is read only if no PDPTE above it is missing, and the last entry is "
             "present, well-formed, marked as accessed, and references a table", watch.reads,
             sound(walk) & ~walk.failed & (~walk.began | (walk.accessed & ~walk.leaf))),
        says("an entry is read where its table is, by the linear address", watch.reads,
             memory.adr == Cat(offset, walk.table)[3:]),
    ]


def _of_response(walker: Any, watch: Watch, case: Case) -> list[Sentence]:
    """The response is what the entries say that memory has returned, and so is what is learnt."""
    config, mode, walk = walker.config, walker.mode, watch.walk
    response, learnt, before = walker.response.p, walker.learn.p, watch.before
    found   = response.translation
    ended   = walker.response.valid
    judged  = ended & ~walk.failed
    well    = sound(walk)
    allowed = ended & ~response.fault
    key     = found.key == walk.entry.key if config.keys else Const(1)
    return [
        says("an entry that is missing or malformed ends the walk in a fault", judged & ~well,
             response.fault),
        says("a walk ends in a bus error if a transfer of it fails, and only then", ended,
             (response.fault & response.bus_error) == walk.failed),
        says("what is learnt is the table that an entry references, which is present, "
             "well-formed and marked as accessed, and the rights of all above it",
             walker.learn.valid, before.began & sound(before) & before.accessed
             & ~before.leaf & ~before.failed & (learnt.level == before.next)
             & (learnt.table == before.table) & (learnt.rights == before.rights)),
        *under(judged & well, case.access_rights(allowed)),
        *under(judged & response.fault, case.error_code(
            response.error.as_value(), not_present=walk.missing, reserved_bit=walk.malformed)),
        says("a translation is of the last entry, which maps a page, with the rights of all",
             allowed, walk.leaf & (found.rights == walk.rights) & key
             & (found.global_page == (walk.entry.global_page & mode.pge))),
        says("its frame and its size are of the last entry", allowed,
             Cat(found.frame, found.size) == frame_and_size(walk, mode, config)),
        says("a page is marked as accessed, and as dirty by a write, before it is used",
             allowed, walk.accessed & (walk.dirty | ~case.write) & (found.dirty == walk.dirty)),
        says(f"a walk ends when memory has answered {ANSWERS} times for each level, or before",
             ended & well & ~walk.failed,
             watch.answers <= ANSWERS * (top_of(mode) - walk.level + 1)),
    ]


def prove_of_walker(walker: Any, inside: Any) -> None:
    """Prove of a walker, which is ``inside``, that its responses are what the entries say."""
    config, memory = walker.config, walker.memory
    watch  = Watch(walker)
    walk   = watch.walk
    by_key = walk.leaf & denied_by_key(
        access=watch.request.access, rights=walk.rights, key=walk.entry.key,
        protection=walker.protection) if config.keys else None
    case   = Case(watch.request.access, walk.rights, walker.protection, by_key)
    prove_for_ever(
        Subject(
            inputs=inputs_of(walker), part=watch,
            given=(watch.steady & watch.sound & modes_of(walker, watch)
                   & Case(walker.request.p.access, walk.rights, walker.protection).given),
            fields={
                **case.fields,
                "IA32_EFER.LMA": walker.mode.long_mode,
                "PAE paging":    walker.mode.pae,
                "5 levels":      walker.mode.five_levels,
                "CR4.PSE":       walker.mode.pse,
                "request":       walker.request.valid & walker.request.ready,
                "page":          watch.request.page,
                "started":       watch.request.started,
                **{name: getattr(memory, name) for name in (
                    "stb", "stall", "we", "adr", "sel", "dat_w", "ack", "err", "dat_r")},
                "next level":    (walk.next, Level),
                "some P = 0":    walk.missing,
                "reserved bit":  walk.malformed,
                "response":      walker.response.valid,
                "fault":         walker.response.p.fault,
                "bus error":     walker.response.p.bus_error,
            }), [
            *_of_reads(walker, watch), *_of_stores(walker, watch, case),
            *_of_response(walker, watch, case), *what_is_kept(Kept(walker, inside, watch)),
        ], cycles=CYCLES, depth=1)


def frame_and_size(walk: Any, mode: Any, config: Any) -> Any:
    """Frame and size of the page that the last entry maps."""
    plain = Cat(walk.entry.frame[:config.frame_width], Mux(
        walk.level == Level.PT, PageSize.KIB4,
        Mux(walk.level == Level.PD, PageSize.MIB2, PageSize.GIB1))[:2])
    large = Cat(large_frame_32bit(walk.entry)[:config.frame_width], Const(PageSize.MIB4, 2))
    return Mux(mode.wide | (walk.level == Level.PT), plain, large)


def _prove(unit: str) -> None:
    walker = Walker(PRESETS[unit])
    prove_of_walker(walker, walker)


PROPERTIES = [Property(
    name="walks", block="hw.walker", source="SDM 4.3 to 4.8",
    says="a walk gives what the entries say that memory returned, each read at base and index: a "
         "translation after A and D are set, or the fault, or a bus error; an entry is stored in "
         "a locked bus cycle, if it is as it was read, with nothing changed but A, and D in that "
         f"of a page that is written; memory answers {ANSWERS} times for each level at most",
    method=Method.INDUCTION, units=tuple(PRESETS), prove=lambda unit, depth: _prove(unit))]
