"""Operations back to back, played on the golden machine first: what each of them must end in.

Translations are never stale here: who edits an entry flushes what may be cached of it, before the
next access. So there is one right outcome, also for the entries, and for the order of all stores:
the golden machine makes the unit's choice where the manual leaves one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sim.golden.control import write_register
from sim.golden.mmu import GoldenMmu, Outcome
from sim.golden.state import CR4_PGE
from sw.bus import Access, GeneralProtection, Kind, Register

from .collector import Observer
from .payloads import access_request, control_request, invlpg_request
from .stimulus import Scene
from .tables import Place
from .texts import access_text
from .walks import look


__all__ = ["Edit", "Operation", "Request", "Script", "Step", "Store"]


@dataclass(frozen=True)
class Store:
    """A store of physical memory, of the bytes of one 8-byte word."""

    word: int
    sel:  int
    data: int   #: In the lanes; other lanes are 0.
    lock: bool

    def __str__(self) -> str:
        return (f"{'locked ' * self.lock}store of {self.data:#018x}, lanes {self.sel:08b}, "
                f"at physical {self.word << 3:#x}")


@dataclass(frozen=True)
class Request:
    """An access to ask for. ``outcome`` is None if it must be skipped."""

    access:  Access
    chained: bool
    outcome: Outcome | None

    @property
    def payload(self) -> int:
        """The access on the wires."""
        return access_request(self.access, chained=self.chained)

    def __str__(self) -> str:
        return f"{'chained ' * self.chained}{access_text(self.access)}"


@dataclass(frozen=True)
class Operation:
    """A control operation to ask for. ``value`` is None if what is read does not matter."""

    text:    str
    payload: int
    value:   int | None
    refused: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Edit:
    """An entry that another processor writes while the unit is idle."""

    place: Place
    size:  int
    value: int

    def __str__(self) -> str:
        return f"{self.place} becomes {self.value:#x}"


Step = Request | Operation | Edit


class _Log(GoldenMmu):
    """A golden machine that notes the stores of memory by entries, and by parts of operands."""

    def __init__(self, scene: Scene):
        super().__init__(scene.machine)
        self.stored: list[tuple[int, int, int]] = []
        write = self.memory.write

        def noted(physical: int, size: int, value: int) -> None:
            self.stored.append((physical, size, value))
            write(physical, size, value)

        self.memory.write = noted  # type: ignore[method-assign]


@dataclass
class Script:
    """A scene, and what is done in it.

    Attributes
    ----------
    scene : :class:`Scene`
        The scene.
    observer : :class:`Observer`
        Where coverage is counted.
    golden : :class:`GoldenMmu`
        The machine, after all steps.
    steps : list
        What to do, in order, each with what it must end in.
    stores : list of :class:`Store`
        All stores that the unit must do, in order.
    """

    scene:    Scene
    observer: Observer
    steps:    list[Step]  = field(default_factory=list)
    stores:   list[Store] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.golden   = _Log(self.scene)
        self._failed  = False
        self.observer.begin()
        if self.scene.space is not None:
            for place in self.scene.space.places:
                self._edit(place, self.scene.space.values[place.address])
        for register, value in self.scene.registers:
            self.write(register, value)

    def extend(self, steps: int) -> None:
        """Do so many more things, drawn at random."""
        kinds = {self._access: 12, self._string: 3, self._toggle: 3, self._any_write: 1,
                 self._read: 1, self._invlpg: 1}
        if self.scene.space is not None:
            kinds[self._edit_any] = 2
        for kind in self.scene.chance.choices(list(kinds), list(kinds.values()), k=steps):
            kind()
        self._read_everything()

    # One thing each

    def access(self, access: Access, *, chained: bool) -> None:
        """Ask for an access."""
        state = self.golden.state
        if chained and self._failed:
            self.steps.append(Request(access, chained, None))
            self.observer.access(state, access, chained, (), None)
            return
        looks = tuple(look(state, access, self.golden.memory.read))
        self.golden.stored.clear()
        outcome = self.golden.access(access)
        self._failed = outcome.fault is not None
        self.steps.append(Request(access, chained, outcome))
        self.stores += self._stores(access, outcome)
        self.observer.access(state, access, chained, looks, outcome)

    def write(self, register: Register, value: int) -> None:
        """Write a control register."""
        refused = False
        try:
            self.golden.write_control(register, value)
        except GeneralProtection:
            refused = True
        self.steps.append(Operation(f"{register.name} = {value:#x}",
                                    control_request(register, value), None, refused))
        self.observer.operation(register.name, "refused" if refused else "written")

    def read(self, register: Register) -> None:
        """Read a control register."""
        self.steps.append(Operation(f"read {register.name}", control_request(register),
                                    self.golden.read_control(register)))
        self.observer.operation(register.name, "read")

    def invlpg(self, linear: int) -> None:
        """Forget a page."""
        self.golden.invlpg(linear)
        self.steps.append(Operation(f"INVLPG {linear:#x}", invlpg_request(linear), None))
        canonical = self.golden.state.canonical(linear & self.golden.state.linear_mask)
        self.observer.operation("INVLPG", "canonical" if canonical else "not canonical")

    # At random

    def _access(self) -> None:
        self.access(self.scene.access(self.golden.state),
                    chained=self.scene.chance.random() < 0.15)

    def _string(self) -> None:
        for number, access in enumerate(self.scene.string(self.golden.state)):
            self.access(access, chained=number > 0)

    def _toggle(self) -> None:
        self.write(*self.scene.toggle(self.golden.state))

    def _any_write(self) -> None:
        """Write anything that makes no translation stale: what is refused, above all."""
        state = self.golden.state
        register, value = self.scene.any_write(state)
        try:
            after, _ = write_register(state, register, value)
        except GeneralProtection:
            after = state
        if (after.mode, after.page_size_extensions, after.no_execute, after.cr3) == (
                state.mode, state.page_size_extensions, state.no_execute, state.cr3):
            self.write(register, value)

    def _read(self) -> None:
        self.read(self.scene.chance.choice(tuple(Register)))

    def _read_everything(self) -> None:
        for register in Register:
            self.read(register)

    def _invlpg(self) -> None:
        self.invlpg(self.scene.page())

    def _edit_any(self) -> None:
        """Use a page, write an entry anew, flush what may be cached of it, use the page again."""
        space = self.scene.space
        assert space is not None
        place = self.scene.chance.choice(space.places)
        self._use(place)
        self._edit(place, space.entry(place))
        if place.leaf and self.scene.chance.random() < 0.6:
            self.invlpg(place.linear)
        elif self.golden.state.global_pages:
            self.write(Register.CR4, self.golden.state.cr4 & ~CR4_PGE)
            self.write(Register.CR4, self.golden.state.cr4 | CR4_PGE)
        else:
            self.write(Register.CR3, self.golden.state.cr3)
        self._use(place)

    def _use(self, place: Place) -> None:
        """Access the first bytes that an entry translates."""
        access = self.scene.access(self.golden.state)
        access.linear = place.linear
        self.access(access, chained=False)

    def _edit(self, place: Place, value: int) -> None:
        assert self.scene.space is not None
        size = self.scene.space.entry_size
        self.golden.memory.write(place.address, size, value)
        self.steps.append(Edit(place, size, value))

    # Stores

    def _stores(self, access: Access, outcome: Outcome) -> Iterator[Store]:
        """Stores of the access that was done last: entries first, then its operand."""
        parts: dict[int, int] = {}
        for physical, size, value in self.golden.stored:
            if size > 1:
                bits = 8 * (physical & 7)
                yield Store(physical >> 3, (1 << size) - 1 << (physical & 7), value << bits, True)
            else:
                parts[physical] = value & 0xff
        if access.kind is Kind.WRITE and outcome.fault is None and not parts:
            assert outcome.physical is not None
            parts = {outcome.physical + i: access.data >> 8 * i & 0xff for i in range(access.size)}
        words: dict[int, Store] = {}
        for physical, byte in parts.items():
            word, lane = physical >> 3, physical & 7
            before = words.get(word, Store(word, 0, 0, access.kind is not Kind.WRITE))
            words[word] = Store(word, before.sel | 1 << lane, before.data | byte << 8 * lane,
                                before.lock)
        yield from words.values()
