"""One access at a time, with edits that nobody flushes: scored by what the manual then allows.

What the unit does may depend on translations that memory no longer agrees with.
:class:`sim.golden.stale.StaleModel` knows every outcome that is allowed, and follows the unit.
"""

from collections.abc import Callable
from copy import deepcopy
from random import Random

from hw.layout import Fault
from sim.golden.mmu import Outcome
from sim.golden.reserved import A, D
from sim.golden.stale import StaleModel
from sim.golden.state import Features
from sw.bus import Access, GeneralProtection, Kind, PageFault, Register

from .burst import Mismatch
from .collector import Observer, place
from .payloads import (
    AccessAnswer, access_answer, access_request, control_answer, control_request, invlpg_request,
)
from .ports import WishboneCycle
from .stimulus import Scene, scene
from .tables import Place
from .testbench import Bench
from .texts import access_text, outcome_text
from .walks import look


__all__ = ["play_stale"]


class _Duel:
    """The unit and the model, side by side."""

    def __init__(self, bench: Bench, observer: Observer, drawn: Scene):
        self.bench    = bench
        self.observer = observer
        self.scene    = drawn
        self.model    = StaleModel.of(drawn.machine)
        self.accesses = 0
        self._answers:  list[int] = []
        self._results:  list[int] = []
        self._unlocked: list[int] = []   # words of plain stores since the last access
        bench.answers.transferred.append(self._answers.append)
        bench.controlled.transferred.append(self._results.append)
        bench.bus.asked.append(lambda transfer: self._unlocked.append(transfer.word)
                               if transfer.write and not transfer.lock else None)
        observer.begin()

    async def start(self) -> None:
        """Write the tables, and the registers."""
        if self.scene.space is not None:
            for where in self.scene.space.places:
                self.edit(where, self.scene.space.values[where.address])
        for register, value in self.scene.registers:
            await self.write(register, value)

    # Steps

    def edit(self, where: Place, value: int) -> None:
        """Write an entry into both memories."""
        assert self.scene.space is not None
        self.bench.target.memory.write(where.address, self.scene.space.entry_size, value)
        self.model.memory.write(where.address, self.scene.space.entry_size, value)

    async def write(self, register: Register, value: int) -> None:
        """Write a control register of both; they must agree on whether that is legal."""
        expected = False
        try:
            self.model.write_control(register, value)
        except GeneralProtection:
            expected = True
        refused = control_answer(await self._operate(control_request(register, value))).fault
        self.observer.operation(register.name, "refused" if expected else "written")
        if refused != expected:
            raise Mismatch(f"{register.name} = {value:#x}: #GP {refused}, but the golden "
                           f"machine: #GP {expected}")

    async def invlpg(self, linear: int) -> None:
        """Forget a page."""
        self.model.invlpg(linear)
        await self._operate(invlpg_request(linear))

    async def access(self, access: Access) -> None:
        """Do an access."""
        state    = self.model.state
        looks    = tuple(look(state, access, self.model.memory.read))
        possible = self.model.possible(access)
        before   = self.bench.strobes["hit"]
        outcome  = await self._access(access)
        self._check_stores(access, outcome)
        if not self.model.judge(access, outcome, self._read):
            allowed = {outcome_text(possibility.outcome) for possibility in possible}
            raise Mismatch(f"{access_text(access)}: {outcome_text(outcome)}, but the golden "
                           f"machine allows {' or '.join(sorted(allowed))}, and memory to fit")
        if len({str(possibility.outcome) for possibility in possible}) > 1:
            # The first possibility is what memory says.
            by = "memory" if str(possible[0].outcome) == str(outcome) else "TLB"
            self.observer.stale(by, outcome)
            return
        self.observer.access(state, access, False, looks, outcome)
        if len(looks) == 1 and place(access) != "in two pages" and looks[0].end in (
                "done", "rights"):
            self.observer.lookup(self.bench.strobes["hit"] > before, access, outcome)

    async def access_during_edit(self, access: Access, where: Place, value: int) -> None:
        """Do an access while another processor writes an entry just when it was read.

        The outcome must be that of one order or the other. Whoever writes respects ``lock``.
        """
        assert self.scene.space is not None
        size    = self.scene.space.entry_size
        hook    = _EditAfterRead(where.address, lambda: self.bench.target.memory.write(
            where.address, size, value))
        self.bench.target.accepted = hook
        outcome = await self._access(access)
        self.bench.target.accepted = None
        if not hook.done:
            hook.edit()
        self._check_stores(access, outcome)
        orders = self._orders(access, outcome, where, value)
        if not orders:
            raise Mismatch(f"{access_text(access)}: {outcome_text(outcome)} and memory as it is, "
                           f"while {where} becomes {value:#x}: neither order explains that")
        # Memory is the same after all of them; what may be cached is what any of them may leave.
        self.model, *others = orders.values()
        self.model.cached.update(*(other.cached for other in others))
        if hook.done:
            self.observer.race(list(orders))

    # The unit

    async def _access(self, access: Access) -> Outcome:
        self.accesses += 1
        self._unlocked.clear()
        self.bench.access.send(access_request(access, chained=False))
        await self.bench.until(lambda: bool(self._answers))
        await self.bench.rest()
        return await self._outcome(access, access_answer(self._answers.pop()))

    async def _outcome(self, access: Access, answer: AccessAnswer) -> Outcome:
        if answer.fault is Fault.NONE:
            return Outcome(0 if access.kind is Kind.WRITE else answer.data, answer.physical)
        if answer.fault is Fault.GENERAL_PROTECTION:
            return Outcome(fault=GeneralProtection("an access"))
        cr2 = control_answer(await self._operate(control_request(Register.CR2))).value
        if answer.fault is Fault.PAGE_FAULT:
            return Outcome(fault=PageFault(cr2, answer.error))
        raise Mismatch(f"{access_text(access)}: skipped, but it is not chained")

    async def _operate(self, payload: int) -> int:
        self.bench.control.send(payload)
        await self.bench.until(lambda: bool(self._results))
        return self._results.pop()

    # The score

    def _read(self, physical: int) -> int:
        return self.bench.target.memory.read(physical, 1)

    def _check_stores(self, access: Access, outcome: Outcome) -> None:
        """Only a plain store may store without a lock, and no more than its words."""
        words = 0
        if access.kind is Kind.WRITE and outcome.fault is None:
            words = 1 + ((access.linear & 7) + access.size > 8)
        if len(self._unlocked) != words:
            raise Mismatch(f"{access_text(access)}: {len(self._unlocked)} stores without a lock, "
                           f"but the golden machine: {words}")

    def _orders(self, access: Access, outcome: Outcome, where: Place,
                value: int) -> dict[str, StaleModel]:
        """Models that explain what was seen, by whether the edit came first."""
        assert self.scene.space is not None
        size   = self.scene.space.entry_size
        orders = {}
        first  = deepcopy(self.model)
        first.memory.write(where.address, size, value)
        if first.judge(access, outcome, self._read):
            orders["before the access"] = first
        old = self.model.memory.read(where.address, size)
        for entry in (old, old | A, old | A | D):
            if self.bench.target.memory.read(where.address, size) != value:
                break
            # What the access made of the entry was overwritten, so that it cannot be seen.
            def read(physical: int, entry: int = entry) -> int:
                if where.address <= physical < where.address + size:
                    return entry >> 8 * (physical - where.address) & 0xff
                return self._read(physical)

            second = deepcopy(self.model)
            if second.judge(access, outcome, read):
                second.memory.write(where.address, size, value)
                second.cached.update(*(order.cached for order in orders.values()))
                orders["after the access"] = second
        return orders

    def compare_memories(self) -> None:
        """Nothing was written that the model does not know of."""
        if self.scene.space is None:
            return
        for table in self.scene.space.tables:
            known = bytes(self.model.memory.page(table >> 12))
            if self.bench.target.memory.read_bytes(table, 4096) != known:
                raise Mismatch(f"the table at {table:#x} is not what the golden machine has")


class _EditAfterRead:
    """Edits an entry once, after the first transfer outside a lock that reads it."""

    def __init__(self, address: int, edit: Callable[[], None]):
        self.done  = False
        self.edit  = edit
        self._word = address >> 3

    def __call__(self, transfer: WishboneCycle) -> None:
        if not self.done and not transfer.lock and not transfer.we and transfer.adr == self._word:
            self.done = True
            self.edit()


async def play_stale(bench: Bench, observer: Observer, chance: Random, machine: Features, *,
                     steps: int = 45) -> int:
    """A random scene with ``steps`` steps; return how many accesses it had."""
    await bench.begin(chance)
    duel = _Duel(bench, observer, scene(chance, machine, daring=True))
    await duel.start()
    for _ in range(steps):
        await _step(duel, chance)
    duel.compare_memories()
    return duel.accesses


async def _step(duel: _Duel, chance: Random) -> None:
    """Do one thing, drawn at random."""
    drawn, state = duel.scene, duel.model.state
    space  = drawn.space
    choice = chance.random() if space is not None else chance.choice((0.2, 0.9))
    if choice < 0.47:
        await duel.access(drawn.access(state))
    elif choice < 0.5:
        for access in drawn.string(state):
            await duel.access(access)
    elif choice < 0.72:
        await _edit_and_use(duel, chance)
    elif choice < 0.80:
        await _race(duel, chance)
    elif choice < 0.86:
        await duel.invlpg(drawn.page())
    else:
        write = drawn.toggle if chance.random() < 0.7 else drawn.any_write
        await duel.write(*write(state))


async def _edit_and_use(duel: _Duel, chance: Random) -> None:
    """Use a page, edit an entry that translates it, and use the page again: flush nothing."""
    space = duel.scene.space
    assert space is not None
    access = duel.scene.access(duel.model.state)
    await duel.access(access)
    where = chance.choice(_on_way(duel, access) or space.places)
    duel.edit(where, space.entry(where))
    if chance.random() < 0.3:
        for between in duel.scene.string(duel.model.state):
            await duel.access(between)
    again = duel.scene.access(duel.model.state)
    again.linear = access.linear
    await duel.access(again)


def _on_way(duel: _Duel, access: Access) -> list[Place]:
    """Entries that translate the first page of ``access``."""
    assert duel.scene.space is not None
    looks = tuple(look(duel.model.state, access, duel.model.memory.read))
    return [where for where in duel.scene.space.places
            if looks and where.address in looks[0].walk.entries]


async def _race(duel: _Duel, chance: Random) -> None:
    """An access to one page, and an edit of an entry that translates it.

    It must not be an access to a table: its walk could come before the edit, and its operand after.
    """
    space = duel.scene.space
    assert space is not None
    access = duel.scene.access(duel.model.state)
    on_way = _on_way(duel, access)
    reached = {(possibility.outcome.physical or 0) & -4096
               for possibility in duel.model.possible(access)}
    if place(access) != "in two pages" and on_way and not reached & set(space.tables):
        where = chance.choice(on_way)
        if chance.random() < 0.5:
            # The walk will have to set a flag in it.
            clean = duel.model.memory.read(where.address, space.entry_size) & ~(A | D)
            duel.edit(where, clean)
            await duel.invlpg(access.linear)
        await duel.access_during_edit(access, where, space.entry(where))
