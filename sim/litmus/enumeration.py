"""All small litmus tests, up to the names of processors, addresses, pages and values.

Events are counted as TransForm does: a load or a store is one, a locked exchange two, and each has
one more for its walk, if its translation cannot be in the TLB, and one for a D that its walk sets;
an entry that is stored and an INVLPG are one each. A *remap* is an entry that is stored, an INVLPG
behind it, and one on each other processor, which is interrupted for it.
"""

from collections.abc import Iterator, Sequence
from itertools import permutations

from .shape import ACCESSES, NOWHERE, Do, Shape, count_pages, named
from .test import LitmusTest


__all__ = ["enumerated"]


#: More events than a test may have.
MANY = 1000


def enumerated(events: int) -> Iterator[LitmusTest]:
    """Yield all tests of one or two processors with at most so many events."""
    seen: set[Shape] = set()
    for shape in _shapes(events):
        if not _matters(shape):
            continue
        name = min(_renamed(shape, order) for order in permutations(range(len(shape.threads))))
        if name not in seen:
            seen.add(name)
            yield named(name)


def _shapes(events: int) -> Iterator[Shape]:
    """Yield all shapes, some of them several times under other names."""
    for threads in (1, 2):
        yield from _longer(events, threads, Shape(((),), (), ()), {})


def _longer(left: int, threads: int, shape: Shape, cached: dict[int, bool]) -> Iterator[Shape]:
    """Yield a shape, and those that go on from it with so many events.

    ``cached`` has the addresses whose translations are in the TLB, and whether with D.
    """
    own = shape.threads[-1]
    if own and len(shape.threads) == threads:
        yield shape
    elif own:
        yield from _longer(left, threads, shape._replace(threads=(*shape.threads, ())), {})
    if not left:
        return
    # A new address costs a walk, too.
    for address in range(len(shape.pages) + (left > 1)):
        for before in _with_address(shape, address):
            for step in _steps(before, address, alone=threads == 1):
                cost, known = _done(step, before, cached)
                if cost > left:
                    continue
                after = before._replace(threads=(*before.threads[:-1], (*own, step)))
                if cost + _needed(after, threads) <= left:
                    yield from _longer(left - cost, threads, after, known)


def _needed(shape: Shape, threads: int) -> int:
    """Fewest events without which a shape cannot become one that matters."""
    accessed = {step.address for thread in shape.threads for step in thread
                if step.letter in ACCESSES}
    written  = {step.address for thread in shape.threads for step in thread
                if step.letter in "WX"}
    mapped   = {step.address for thread in shape.threads for step in thread
                if step.page != NOWHERE}
    used = maps = 0
    for address, (page, clean) in enumerate(zip(shape.pages, shape.clean, strict=True)):
        used += 3 if clean and address not in written else 2 * (address not in accessed)
        maps += page == NOWHERE and address not in mapped
    if threads == 1:
        return used + maps
    first = [step.letter for step in shape.threads[0]]
    last  = [step.letter for step in shape.threads[1]] if len(shape.threads) == 2 else []
    here  = first.count("M") - last.count("H")
    there = first.count("H") - last.count("M")
    if last and (here < 0 or there < 0):
        return MANY
    remaps = max(here, 0) + 2 * max(there, 0)
    return max(used + max(maps, remaps), not last)


def _with_address(shape: Shape, address: int) -> Iterator[Shape]:
    """Yield a shape with an address, which may be a new one."""
    if address < len(shape.pages):
        yield shape
        return
    for page in range(NOWHERE, count_pages(shape) + 1):
        for clean in (False, True)[:1 if page == NOWHERE else 2]:
            yield shape._replace(pages=(*shape.pages, page), clean=(*shape.clean, clean))


def _steps(shape: Shape, address: int, *, alone: bool) -> Iterator[Do]:
    """Yield operations on an address."""
    known = any(step.letter in ACCESSES and step.address == address for step in shape.threads[-1])
    for letter in ACCESSES + "I" * known + "H" * (not alone):
        yield Do(letter, address)
    for letter in "PM":
        for page in range(NOWHERE, count_pages(shape) + 1):
            yield Do(letter, address, page)


def _done(step: Do, shape: Shape, cached: dict[int, bool]) -> tuple[int, dict[int, bool]]:
    """Events of an operation, and what is in the TLB after it."""
    after = {**cached}
    if step.letter not in ACCESSES:
        if step.letter in "IHM":
            after.pop(step.address, None)
        return 1 + (step.letter == "M"), after
    write   = step.letter != "R"
    clean   = shape.clean[step.address]
    known   = cached.get(step.address)  # with D, without, or not at all
    dirties = write and clean and not known
    after[step.address] = write or not clean or bool(known)
    walks   = known is None or dirties
    return 1 + (step.letter == "X") + walks + dirties, after


def _matters(shape: Shape) -> bool:
    """Tell whether a test can show something that no smaller one shows."""
    for number, thread in enumerate(shape.threads):
        others = [step for index, other in enumerate(shape.threads) if index != number
                  for step in other]
        if [step.address for step in thread if step.letter == "H"] != [
                step.address for step in others if step.letter == "M"] and len(shape.threads) > 1:
            return False
        if not all(_has_purpose(step, thread[:index], thread[index + 1:])
                   for index, step in enumerate(thread)):
            return False
    everything = [step for thread in shape.threads for step in thread]
    for address, page in enumerate(shape.pages):
        mine = [step for step in everything if step.address == address]
        if not any(step.letter in ACCESSES for step in mine):
            return False
        if page == NOWHERE and not any(step.page != NOWHERE for step in mine):
            return False
        if shape.clean[address] and not any(step.letter in "WX" for step in mine):
            return False
    return not _hangs(shape) and _conflicts(shape)


def _has_purpose(step: Do, before: Sequence[Do], after: Sequence[Do]) -> bool:
    """Tell whether an INVLPG that belongs to no remap has something to forget, and for somebody."""
    return step.letter != "I" or all(any(
        other.letter in ACCESSES and other.address == step.address for other in side)
        for side in (before, after))


def _hangs(shape: Shape) -> bool:
    """Tell whether processors wait for each other."""
    places = [0] * len(shape.threads)
    sent   = [0] * len(shape.threads)
    moved  = True
    while moved:
        moved = False
        for number, thread in enumerate(shape.threads):
            waited = sum(step.letter == "H" for step in thread[:places[number]])
            while places[number] < len(thread):
                step = thread[places[number]]
                if step.letter == "H":
                    if waited == sum(sent) - sent[number]:
                        break
                    waited += 1
                sent[number] += step.letter == "M"
                places[number] += 1
                moved = True
    return places != [*map(len, shape.threads)]


def _conflicts(shape: Shape) -> bool:
    """Tell whether every processor meets another one, at an entry or in a page."""
    touched = []
    for thread in shape.threads:
        reads:  set[tuple[str, int]] = set()
        writes: set[tuple[str, int]] = set()
        for step in thread:
            entry = "entry", step.address
            if step.letter in "PM":
                writes.add(entry)
            elif step.letter in ACCESSES:
                pages = {("page", page) for page in _reached(shape, step.address)}
                reads.add(entry)
                (reads if step.letter == "R" else writes).update(pages)
                if step.letter != "R" and shape.clean[step.address]:
                    writes.add(entry)
        touched.append((reads, writes))
    if len(touched) == 1:
        return bool(touched[0][1])
    (reads, writes), (others, written) = touched
    return bool(writes & (others | written) or written & reads)


def _reached(shape: Shape, address: int) -> set[int]:
    """Pages that an address may be translated to."""
    stored = {step.page for thread in shape.threads for step in thread
              if step.letter in "PM" and step.address == address}
    return {shape.pages[address], *stored} - {NOWHERE}


def _renamed(shape: Shape, order: Sequence[int]) -> Shape:
    """The shape with its processors in an order, and numbers as they come up then."""
    threads = [shape.threads[number] for number in order]
    addresses: dict[int, int] = {}
    pages:     dict[int, int] = {NOWHERE: NOWHERE}
    for thread in threads:
        for step in thread:
            if step.address not in addresses:
                addresses[step.address] = len(addresses)
                pages.setdefault(shape.pages[step.address], len(pages) - 1)
            pages.setdefault(step.page, len(pages) - 1)
    by_number = sorted(addresses, key=addresses.__getitem__)
    return Shape(
        tuple(tuple(Do(step.letter, addresses[step.address], pages[step.page])
                    for step in thread) for thread in threads),
        tuple(pages[shape.pages[address]] for address in by_number),
        tuple(shape.clean[address] for address in by_number))
