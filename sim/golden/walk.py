"""One page walk, as a pure function of the control state and of memory.

Ref: Intel SDM Vol. 3A, sections 4.3, 4.5, 4.7 "Page-Fault Exceptions", 4.8 "Accessed and Dirty
Flags".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from .permission import Attempt, Rights, denied, error_code
from .reserved import (
    RW, US, XD, A, D, G, Level, P, is_leaf, levels, page_address, reserved_bits, table_address,
)
from .state import ControlState


__all__ = ["Read", "Translation", "Update", "Walk", "walk"]


#: Reads ``size`` bytes at a physical address, little-endian.
Read = Callable[[int, int], int]


class Update(NamedTuple):
    """An entry that a walk changes: its physical address, its size in bytes, its new value."""

    address: int
    size:    int
    value:   int


@dataclass(frozen=True)
class Translation:
    """The part of a successful walk that may be cached (section 4.10.2.2).

    Attributes
    ----------
    linear, physical : :class:`int`
        First byte of the page.
    size : :class:`int`
        Bytes of the page.
    rights : :class:`Rights`
        Combined over all levels.
    global_page : :class:`bool`
        G is set in the leaf, and CR4.PGE was set at the walk.
    dirty : :class:`bool`
        D is set in the leaf.
    """

    linear:      int
    physical:    int
    size:        int
    rights:      Rights
    global_page: bool
    dirty:       bool

    def translate(self, linear: int) -> int:
        """Physical address of ``linear``, which is in the page."""
        return self.physical | linear & self.size - 1


@dataclass(frozen=True)
class Walk:
    """Outcome of a walk.

    Attributes
    ----------
    translation : :class:`Translation` or :class:`None`
        None: the walk ended in a page fault.
    error_code : :class:`int`
        Of that page fault; 0 if there was none.
    upper : :class:`tuple`
        Accessed flags set in entries that refer to tables. After a fault the manual lets
        each of them be set or not; this model's machine sets them on its way down.
    leaf : :class:`tuple`
        The update of the leaf, if there is one. Always empty after a fault.
    entries : :class:`tuple`
        Physical addresses of the entries that were read, root first.
    """

    translation: Translation | None
    error_code:  int
    upper:       tuple[Update, ...]
    leaf:        tuple[Update, ...]
    entries:     tuple[int, ...]

    @property
    def updates(self) -> tuple[Update, ...]:
        """All updates, in the order of the walk."""
        return self.upper + self.leaf


def walk(state: ControlState, attempt: Attempt, linear: int, read: Read) -> Walk:
    """Translate ``linear`` for ``attempt`` by the entries in memory. Paging is on.

    Rules 1, 2, 15, 16.
    """
    writable = user = True
    execute_disable = False
    table = table_address(state, state.cr3)
    upper: tuple[Update, ...] = ()
    entries: tuple[int, ...] = ()

    for level in levels(state):
        address = table + level.index(linear) * level.entry_size
        entry   = read(address, level.entry_size)
        entries += (address,)
        if not entry & P:
            return Walk(None, error_code(state, attempt, present=False), upper, (), entries)
        if entry & reserved_bits(state, level, entry):
            code = error_code(state, attempt, present=True, reserved=True)
            return Walk(None, code, upper, (), entries)
        writable        = writable and bool(entry & RW)
        user            = user and bool(entry & US)
        execute_disable = execute_disable or bool(entry & XD)
        if is_leaf(state, level, entry):
            break
        upper += _updated(address, level, entry, entry | A)
        table = table_address(state, entry)

    rights = Rights(writable, user, execute_disable)
    if denied(state, rights, attempt):
        return Walk(None, error_code(state, attempt, present=True), upper, (), entries)
    after = entry | A | D * attempt.write
    translation = Translation(
        linear=linear & -level.region,
        physical=page_address(state, level, entry),
        size=level.region,
        rights=rights,
        global_page=bool(entry & G) and state.global_pages,
        dirty=bool(after & D),
    )
    return Walk(translation, 0, upper, _updated(address, level, entry, after), entries)


def _updated(address: int, level: Level, entry: int, after: int) -> tuple[Update, ...]:
    return () if after == entry else (Update(address, level.entry_size, after),)
