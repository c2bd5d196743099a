"""Places of a litmus test: where its pages and tables are in memory, and what they hold.

32-bit paging, in pages of 4 KiB. Entries of different addresses are in different words of 8 bytes,
so that only accesses to one entry meet in one word. The kernel's addresses of the tables have a
page table of their own.
"""

from collections.abc import Callable

from .test import ABSENT, DIRECTORY, TABLE, Entry, Kind, LitmusTest, Location, Value


__all__ = ["DIRECTORY_PAGE", "KERNEL_PAGES", "Layout"]


DIRECTORY_PAGE = 0x1000
_TABLE_PAGE    = 0x2000
_KERNEL_TABLE  = 0x3000
_SPARE_PAGE    = 0x4000
_FIRST_FRAME   = 0x10000

#: Linear addresses: of the user's pages, and of the kernel's view of physical address 0.
_USER   = 0x0040_0000
_KERNEL = 0xC000_0000

#: Physical address of the entry that references the kernel's table.
_KERNEL_ENTRY = DIRECTORY_PAGE + 4 * (_KERNEL >> 22)

#: Number of the user's first page: pages with an equal number modulo 16 take each other's place in
#: the TLB, and those by which the kernel reaches the tables shall stay.
_FIRST_PAGE = 4

#: Pages that are so many apart take each other's place in both levels of the TLB, whose sets have
#: two ways: two of the kernel's drive out one of the user's.
_ROWS   = 512
_RIVALS = 2

#: From x, y and z to other letters: they have the same entry of the page directory, but another
#: half of it, which a cache that knows pages of 2 MiB keeps apart.
HALF = 0x20_0000

#: Linear addresses through which the kernel reaches the tables.
KERNEL_PAGES = (_KERNEL + DIRECTORY_PAGE, _KERNEL + _TABLE_PAGE)

_FLAGS = (("present", 0), ("writable", 1), ("user", 2), ("accessed", 5), ("dirty", 6))

_SUPERVISOR = Entry(user=False)

Write = Callable[[int, int, int], None]


class Layout:
    """Places of one test.

    Parameters
    ----------
    test : :class:`LitmusTest`
        The test.
    """

    def __init__(self, test: LitmusTest):
        self._test    = test
        self._frames  = {name: _FIRST_FRAME + 0x1000 * index
                         for index, name in enumerate(test.frames)}
        self._linear  = {
            name: _USER + 0x1000 * (_FIRST_PAGE + 2 * index) + (HALF if name < "x" else 0)
            for index, name in enumerate(test.addresses)}

    def linear(self, location: Location) -> int:
        """Linear address of a location: the user's, or the kernel's of an entry."""
        if location.kind is Kind.VIRTUAL:
            return self._linear[location.name]
        return _KERNEL + self.physical(location)

    def physical(self, location: Location) -> int:
        """Physical address of a page or of an entry."""
        match location.kind:
            case Kind.PHYSICAL:  return self._frames[location.name]
            case Kind.TABLE:
                return _TABLE_PAGE + (self._linear[location.name] - _USER >> 10)
            case Kind.DIRECTORY: return DIRECTORY_PAGE + 4 * (_USER >> 22)
        raise ValueError(f"{location} has no physical address of its own")

    def rivals(self, location: Location) -> list[int]:
        """Linear addresses of the kernel's whose pages drive out that of a user's address."""
        page = self.linear(location) // 0x1000 % _ROWS
        return [_KERNEL + 0x1000 * (page + _ROWS * number) for number in range(_RIVALS)]

    def _rival_entries(self) -> list[int]:
        """Physical addresses of the entries of all rivals."""
        return [_KERNEL_TABLE + (linear - _KERNEL >> 10) for name in self._linear
                for linear in self.rivals(Location(Kind.VIRTUAL, name))]

    def names(self) -> dict[int, str]:
        """Names of addresses, physical and linear ones, as a program writes them."""
        places = [*self._test.initial, DIRECTORY]
        names  = {DIRECTORY_PAGE: "[PDE]", _SPARE_PAGE: "another page",
                  _KERNEL_ENTRY: "the entry of the kernel's table",
                  **dict.fromkeys(self._rival_entries(), "the entry of another page")}
        names |= {self.physical(place): f"[{place}]" for place in places}
        names |= {self.linear(place): f"[{place}]" for place in places
                  if place.kind is not Kind.PHYSICAL}
        return names | {linear: f"[{name}]" for name, linear in self._linear.items()}

    def bits(self, value: Value) -> int:
        """The 32 bits of a value."""
        if isinstance(value, int):
            return value
        frame = _TABLE_PAGE if value.frame == TABLE else self._frames.get(value.frame, 0)
        return _packed(frame, value)

    def value(self, location: Location, bits: int) -> Value:
        """The value that some bits are at a location."""
        if location.kind is Kind.PHYSICAL:
            return bits
        if not bits:
            return ABSENT
        frames = {address: name for name, address in self._frames.items()}
        frames |= {_TABLE_PAGE: TABLE, 0: ""}
        return Entry(frames[bits & -4096], **{name: bool(bits >> bit & 1)
                                              for name, bit in _FLAGS})

    def write(self, write: Write) -> None:
        """Have ``write`` put all of memory in place: it takes an address, a size and a value."""
        write(_KERNEL_ENTRY, 4, _packed(_KERNEL_TABLE, _SUPERVISOR))
        for page in (DIRECTORY_PAGE, _TABLE_PAGE):
            write(_KERNEL_TABLE + (page >> 10), 4, _packed(page, _SUPERVISOR))
        for place in self._rival_entries():
            write(place, 4, _packed(_SPARE_PAGE, _SUPERVISOR))
        if DIRECTORY not in self._test.initial:
            write(self.physical(DIRECTORY), 4, _packed(_TABLE_PAGE, Entry()))
        for location, value in self._test.initial.items():
            write(self.physical(location), 4, self.bits(value))


def _packed(frame: int, entry: Entry) -> int:
    flags: int = sum(getattr(entry, name) << bit for name, bit in _FLAGS)
    return frame | flags
