"""Predicted observations, by memory as it is before an access is done or a register written."""

from collections.abc import Callable, Iterator

from sim.coverage.observation import PageSeen, WalkedEntry, WriteSeen
from sim.golden.control import write_register
from sim.golden.permission import Attempt
from sim.golden.reserved import is_leaf, levels, reserved_bits
from sim.golden.state import ControlState, PagingMode
from sim.golden.walk import walk
from sw.bus import Access, GeneralProtection, Register


__all__ = ["predicted_walks", "predicted_write"]


Read = Callable[[int, int], int]


def predicted_walks(state: ControlState, access: Access, read: Read) -> Iterator[PageSeen]:
    """Walks for the pages of ``access``: none without paging, a second one if it gets there.

    ``read`` reads memory. The flags that the first page's walk sets are not there yet when the
    second page's entries are read.
    """
    if state.mode is PagingMode.OFF:
        return
    linear = access.linear & state.linear_mask
    last   = linear + access.size - 1 & state.linear_mask
    if not (state.canonical(linear) and state.canonical(last)):
        return
    yield (first := _page(state, access, linear, read))
    if (linear ^ last) >> 12 and first.ending == "done":
        yield _page(state, access, last & -4096, read)


def _page(state: ControlState, access: Access, linear: int, read: Read) -> PageSeen:
    walked  = walk(state, Attempt.of(access), linear, read)
    entries = []
    for level, address in zip(levels(state), walked.entries, strict=False):
        value = read(address, level.entry_size)
        entries.append(WalkedEntry(level, value, value & reserved_bits(state, level, value),
                                   is_leaf(state, level, value), address))
    if walked.translation is not None:
        ending = "done"
    elif not entries or not entries[-1].value & 1:
        ending = "missing"
    else:
        ending = "reserved" if entries[-1].reserved else "rights"
    return PageSeen(linear, tuple(entries), ending, walked.error_code)


def predicted_write(state: ControlState, register: Register, value: int, read: Read) -> WriteSeen:
    """Predict a write of a control register. ``read`` reads memory."""
    pdptes: list[int] = []

    def noted(physical: int, size: int) -> int:
        pdptes.append(read(physical, size))
        return pdptes[-1]

    after, refused = state, False
    try:
        after, _ = write_register(state, register, value, noted)
    except GeneralProtection:
        refused = True
    return WriteSeen(register.name, value, state, after, refused, tuple(pdptes))
