"""Types that pass between the blocks of a translation: mode, walks, translations, flushes."""

from functools import reduce
from operator import or_

from amaranth import *
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from .bus import AccessRequest
from .layout import AccessKind, ErrorCode, Fault, Flush, Level, PageSize, Pdptes
from .permission import Rights


__all__ = [
    "PagingMode",
    "candidates_layout", "chosen", "each_of", "find_request_layout", "find_response_layout",
    "first_level_members", "invalidation_layout", "pdpte_members", "piece_layout", "piece_of",
    "structure_layout", "target_layout", "translated_layout", "translation_layout",
    "walk_request_layout", "walk_response_layout",
]


class PagingMode(data.Struct):
    """Control bits that choose the rules of a walk. Must not change during a walk."""

    paging:      1   #: CR0.PG
    long_mode:   1   #: EFER.LMA: 4-level or 5-level paging; else PAE or 32-bit paging.
    pae:         1   #: CR4.PAE outside long mode: PAE paging.
    five_levels: 1   #: CR4.LA57 in long mode: 5-level paging.
    pse:         1   #: CR4.PSE
    pge:         1   #: CR4.PGE
    #: Frame of the first table: as much of CR3 as the mode uses. PAE paging has a register for each
    #: quarter of the linear addresses instead.
    root:        40
    pcid:        12  #: The current PCID, with which translations are cached.

    @property
    def wide(self):
        """Entries have 8 bytes; else 4."""
        return self.long_mode | self.pae


def pdpte_members(config):
    """Members of a component that must know the PDPTE registers, if ``config`` has them."""
    return {"pdptes": In(Pdptes)} if config.pae else {}


def invalidation_layout(config):
    """Cached translations that an operation makes invalid; none, if ``flush`` is NONE."""
    return data.StructLayout({
        "flush":  Flush,              #: Those that it names, ...
        "pcid":   12,                 #: ... where this is the one PCID, ...
        "single": 1,                  #: ... but only those ...
        "page":   config.page_width,  #: ... of this linear page.
    })


def translation_layout(config):
    """Translation of a page, as a walk finds it and the TLB keeps it."""
    return data.StructLayout({
        "size": PageSize,  #: Bits of the frame below it are ignored.
        **{name: field.shape for name, field in target_layout(config)},
        "global_page": 1,  #: It serves every PCID.
    })


def target_layout(config):
    """Frame and rights of a page, as the TLB keeps them."""
    key = {"key": 4} if config.keys else {}  #: Protection key of the page.
    return data.StructLayout({
        "frame":  config.frame_width,  #: Physical page number.
        "rights": Rights,
        "dirty":  1,                   #: The dirty bit is set in memory.
        **key,
    })


def piece_layout(config):
    """Translation of a 4 KiB page, or of one that is a piece of a larger page."""
    return data.StructLayout({
        **{name: field.shape for name, field in target_layout(config)},
        "global_page": 1,  #: It serves every PCID.
        "large":       1,  #: It is a piece.
    })


def piece_of(translation, page, *, config):
    """Translation of ``page``, by that of the page that it lies in, as in :func:`piece_layout`."""
    def choose(size, low, high):
        return Mux(translation.size >= size, page[low:high], translation.frame[low:high])

    piece = {name: translation[name] for name, _ in target_layout(config)} | {
        "frame": Cat(choose(PageSize.MIB2, 0, 9), choose(PageSize.MIB4, 9, 10),
                     choose(PageSize.GIB1, 10, 18), translation.frame[18:]),
        "global_page": translation.global_page,
        "large":       translation.size != PageSize.KIB4,
    }
    return Cat(piece[name] for name, _ in piece_layout(config))


def candidates_layout(config):
    """Candidates for a page: that of each way of the TLB's first level. At most one hits.

    They are fields, by number, for the reason that :data:`hw.layout.Pdptes` are.
    """
    candidate = data.StructLayout({
        "hit":   1,  #: It has the translation of that page, and not of another.
        "piece": piece_layout(config),
    })
    return data.FlexibleLayout(config.tlb_ways * candidate.size, {
        way: data.Field(candidate, way * candidate.size) for way in range(config.tlb_ways)})


def each_of(candidates):
    """The candidates one by one."""
    return [candidates[way] for way, _ in candidates.shape()]


def first_level_members(config):
    """Members of a first level, whatever kind of memory it is in."""
    piece = piece_layout(config)
    return {
        "page":   In(config.page_width),
        "look":   In(1),
        "candidates": Out(candidates_layout(config)),
        "hit":    Out(1),
        "entry":  Out(piece),
        "fill":   In(stream.Signature(piece, always_ready=True)),
        "drop":   In(1),
        "pieces": In(1),
        "flush":  In(Flush),
        "spare":  In(1),
        "evicted":      Out(1),
        "evicted_page": Out(config.page_width),
    }


def chosen(candidates, *, config):
    """The translation of the candidate that hits, in the layout ``piece_layout(config)``; or 0."""
    return piece_layout(config)(reduce(or_, (
        Mux(candidate.hit, candidate.piece.as_value(), 0) for candidate in each_of(candidates))))


def structure_layout(config):
    """A table that a walk comes to, and the rights that all entries above it grant."""
    return data.StructLayout({
        "level":  Level,               #: That of its entries.
        "table":  config.frame_width,
        "rights": Rights,
    })


def find_request_layout(config):
    """The access that a translation is for."""
    return data.StructLayout({
        "kind":     AccessKind,
        "user":     1,  #: As in :class:`hw.bus.AccessRequest`.
        "implicit": 1,  #: Likewise.
    })


def find_response_layout(config):
    """Result of a search: a translation, or a page fault, or a bus error."""
    return data.StructLayout({
        "fault":     1,  #: There is no translation.
        "bus_error": 1,  #: ... since memory has not answered. Else a page fault.
        "error":     ErrorCode,
    })


def walk_request_layout(config):
    """A page to walk, the access that it is for, and the table to begin at, if not the root."""
    return data.StructLayout({
        "page":    config.page_width,
        "access":  find_request_layout(config),
        "started": 1,  #: The walk begins at ``start``, else at the root.
        "start":   structure_layout(config),
    })


def walk_response_layout(config):
    """Result of a walk: a translation, or a page fault, or a bus error."""
    return data.StructLayout({
        "fault":       1,  #: There is no translation.
        "bus_error":   1,  #: ... since memory has not answered. Else a page fault.
        "error":       ErrorCode,
        "translation": translation_layout(config),
    })


def translated_layout(config):
    """An access whose physical address is known, or that has ended in a fault."""
    return data.StructLayout({
        "access":   AccessRequest,
        "physical": config.maxphyaddr,   #: Of the first byte.
        "second":   config.frame_width,  #: Frame of the bytes beyond the first page, if any.
        "crosses":  1,                   #: There are such bytes.
        "fault":    Fault,
        "error":    ErrorCode,
    })
