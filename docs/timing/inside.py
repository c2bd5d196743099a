"""Stories of the blocks of a unit at work: what the unit does, seen at ports inside of it."""

from functools import partial

from hw.layout import AccessKind

from .diagrams import Diagram, Lane
from .lanes import access, at, bits, bus, control, events, numbers, stream
from .unit import (
    ABSENT, END, NEXT, OTHERS, READ_ONLY, SMALL, WRITABLE, Processor, on_unit,
)


__all__ = ["INSIDE"]


async def crossing(cpu: Processor) -> None:
    """A load of four bytes, two of which are in the next page; both pages are in the TLB.

    The first page is looked up while the access is accepted. Since the access goes on to another
    page (``elsewhere``), the one after it is looked up in the next cycle, and the first one's frame
    is kept. The result has both frames, and is offered once both pages allow the access.
    """
    await cpu.access(READ_ONLY)
    await cpu.access(NEXT)
    await cpu.idle(20)
    cpu.begin()
    await cpu.idle()
    await cpu.access(NEXT - 2)
    await cpu.access(READ_ONLY)
    await cpu.idle(5)


async def second_hit(cpu: Processor) -> None:
    """A page that has left the first level of the TLB, and is in the second.

    The translator asks for it (``find``). The second level has read its rows while the page was
    looked up in the first, and compares them in the two cycles after. Then the first level is given
    the translation, and the access is judged by it as if it had been there from the beginning.
    """
    for page in (WRITABLE, *OTHERS):
        await cpu.access(page)
    await cpu.idle(20)
    cpu.begin()
    await cpu.idle()
    await cpu.access(WRITABLE)
    await cpu.idle(8)


async def invlpg(cpu: Processor) -> None:
    """INVLPG, requested while a walk for an access is under way, and an access after it.

    The operation waits until the access before it has its response, walk and fill included. From
    then on the TLB is ``busy`` for as long as it takes to forget the page in both levels; the
    access behind it, which is of that page, is accepted no earlier, and will be walked anew.
    """
    await cpu.access(OTHERS[0])
    await cpu.idle(20)
    cpu.begin()
    await cpu.idle()
    await cpu.access(WRITABLE)
    await cpu.invlpg(WRITABLE)
    await cpu.access(WRITABLE)
    await cpu.idle(3)


async def walk(cpu: Processor) -> None:
    """A walk from the root, in which both entries get their accessed bits.

    Each entry is read, then read again and written by :class:`hw.updater.Updater` in one locked bus
    cycle, which takes four cycles. ``learn`` tells the TLB of the table that the upper entry
    references. ``accessed`` has a bit for each level, 1 that of the page table, 2 that of the page
    directory.
    """
    await cpu.idle(5)
    cpu.begin()
    await cpu.idle()
    await cpu.access(WRITABLE)
    await cpu.idle(15)


async def cached_walk(cpu: Processor) -> None:
    """A walk that begins at the page table, which is known from an earlier walk.

    The request says so (``started``), and which table it is. One entry is read.
    """
    await cpu.access(OTHERS[0])
    await cpu.idle(20)
    cpu.begin()
    await cpu.idle()
    await cpu.access(WRITABLE)
    await cpu.idle(9)


async def bus_error(cpu: Processor) -> None:
    """A load from where there is no memory, two chained ones behind it, and one that is not.

    The first one's transfer ends in ``err``. By then a chained one is on the bus already, so it is
    done, and its response says so. The next one is skipped: it makes no transfer.
    """
    for page in (ABSENT, WRITABLE):
        await cpu.access(page)
    await cpu.idle(20)
    cpu.begin()
    await cpu.idle()
    await cpu.access(ABSENT)
    await cpu.access(WRITABLE, chained=1)
    await cpu.access(WRITABLE + 8, chained=1)
    await cpu.access(WRITABLE)
    await cpu.idle(5)


async def two_words(cpu: Processor) -> None:
    """A load of which two bytes lie in one word of memory and two in the next; a locked exchange.

    The load is accepted with its second transfer. The exchange waits until nothing is in flight,
    and keeps the bus from its read to its write (``lock``).
    """
    await cpu.access(WRITABLE + 6, AccessKind.WRITE, data=0x5566_7788)
    await cpu.idle(20)
    cpu.begin()
    await cpu.idle()
    await cpu.access(WRITABLE + 6)
    await cpu.access(WRITABLE, AccessKind.EXCHANGE, data=0xcafe)
    await cpu.idle(12)


def _named(name: str, path: str) -> Lane:
    """Return the lane of a signal of a bit, by another name than that of its port."""
    return Lane(name, at(path))


#: A unit of the mode that all these stories are in.
on_small = partial(on_unit, config=SMALL)


#: The diagrams, by the names of their files.
INSIDE = {
    "crossing": Diagram("a load that goes on to a second page", crossing, {
        "request":   stream("translator/request", "valid", "ready", "linear"),
        "look-ups":  (*bits("translator/look"), *numbers("translator/page"),
                      *bits("translator/elsewhere"), *numbers("translator/other"),
                      *bits("tlb/hit", "translator/crossed")),
        "result":    stream("translator/result", "valid", "ready", "physical", "crosses", "second"),
    }, on_small),
    "second-hit": Diagram("a page that the second level of the TLB has", second_hit, {
        "request": stream("translator/request", "valid", "ready", "linear"),
        "first":   (*bits("tlb/look"), *numbers("tlb/page"), *bits("tlb/hit")),
        "tlb":     (*stream("tlb/find", "valid", "ready"), *bits("tlb/found.valid"),
                    *stream("tlb/fill", "valid", "frame"), *bits("tlb/found_second")),
        "result":  stream("translator/result", "valid", "physical"),
    }, on_small),
    "invlpg": Diagram("INVLPG of a page that is being walked", invlpg, {
        "access":  access("request.valid", "request.ready", "request.linear", "response.valid"),
        "control": control("request.valid", "request.ready", "request.op", "request.value",
                           "response.valid"),
        "tlb":     (*bits("tlb/busy"), _named("first.drop", "tlb/first/drop"),
                    _named("second.drop", "tlb/second/drop")),
        "events":  events("walk_begun", "walk_ended", "filled", "invalidated"),
    }, on_small),
    "cold-walk": Diagram("a walk from the root that sets two accessed bits", walk, {
        "request":  stream("walker/request", "valid", "ready", "page", "started"),
        "memory":   bus("cyc", "stb", "lock", "we", "address", "sel", "dat_w", "ack", "dat_r",
                        port="walker/memory"),
        "events":   (*stream("walker/learn", "valid", "table"), *bits("walker/entry_read"),
                     *numbers("walker/accessed")),
        "response": (*stream("walker/response", "valid", "fault"), *numbers(
            "walker/response.payload.translation.frame", when="walker/response.valid")),
    }, partial(on_small, flags=0)),
    "cached-walk": Diagram("a walk that begins at a table that is known", cached_walk, {
        "request":  (*stream("walker/request", "valid", "ready", "page", "started"),
                     *numbers("walker/request.payload.start.table", when="walker/request.valid")),
        "memory":   bus("cyc", "stb", "address", "sel", "ack", "dat_r", port="walker/memory"),
        "response": (*stream("walker/response", "valid", "fault"), *numbers(
            "walker/response.payload.translation.frame", when="walker/response.valid")),
    }, on_small),
    "bus-error": Diagram("a transfer that memory does not answer", bus_error, {
        "access": access("request.valid", "request.ready", "request.linear", "response.valid",
                         "response.fault", "response.data"),
        "memory": bus("cyc", "stb", "address", "ack", "err", "dat_r"),
    }, partial(on_small, size=END)),
    "two-words": Diagram("a load of two words, and a locked exchange", two_words, {
        "request":  stream("transfer/request", "valid", "ready", "physical"),
        "memory":   bus("cyc", "stb", "lock", "we", "address", "sel", "dat_w", "ack",
                        port="transfer/memory"),
        "response": (*stream("transfer/response", "valid", "physical", "data"),
                     *bits("transfer/drained")),
    }, on_small),
}
