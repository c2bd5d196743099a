"""A litmus test as programs of processors: what they do on their buses, and what they come by."""

from collections.abc import Sequence

from sw.bus import FIRST_VECTOR, Access, Bus, Kind, Register

from .layout import DIRECTORY_PAGE, KERNEL_PAGES, Layout
from .step import Evictions
from .test import Instruction, LitmusTest, Location, Op, Value
from .test import Kind as LocationKind


__all__ = ["LOWEST", "SETUP", "Programs"]


#: Vectors of the interrupts of a test, from this one downwards: each has one of its own. Those by
#: which processors say that they have ended are below them all, and are taken last.
HIGHEST = 0xFF
LOWEST  = 0xF8

#: Registers and their values: 32-bit paging, with write protection of the kernel.
SETUP = ((Register.CR3, DIRECTORY_PAGE), (Register.CR0, 0x8001_0001))

_ACCESSES = {Op.LOAD: Kind.READ, Op.STORE: Kind.WRITE, Op.EXCHANGE: Kind.EXCHANGE}


class Programs:
    """The programs of a test, for one run.

    Parameters
    ----------
    test : :class:`LitmusTest`
        The test.
    layout : :class:`.layout.Layout`
        Its places.
    buses : sequence of :class:`sw.bus.Bus`
        The processors: those of the threads, and perhaps more.
    evictions : frozenset of :class:`.step.Eviction`
        What processors forget of their own accord.

    Attributes
    ----------
    known : :class:`list`
        What the processors have come by: names and values, as in an :data:`.test.Outcome`.
    """

    def __init__(self, test: LitmusTest, layout: Layout, buses: Sequence[Bus],
                 evictions: Evictions):
        self._test      = test
        self._layout    = layout
        self._buses     = buses
        self._evictions = {(cpu, place): tables for cpu, place, tables in evictions}
        sent = [(number, place) for number, thread in enumerate(test.threads)
                for place, step in enumerate(thread) if step.op is Op.INTERRUPT]
        self._vectors = {key: HIGHEST - index for index, key in enumerate(sent)}
        self.known: list[tuple[str, Value]] = []

    async def set_up(self, number: int) -> None:
        """Switch paging on, and have the kernel's addresses in the TLB."""
        bus = self._buses[number]
        for register, value in SETUP:
            await bus.write_control(register, value)
        for page in KERNEL_PAGES:
            await bus.access(Access(page, 4, Kind.READ))

    async def execute(self, number: int) -> None:
        """Execute the program of a processor. An access that faults is left out."""
        if number < len(self._test.threads):
            for place, step in enumerate(self._test.threads[number]):
                await self._step(number, place, step)

    async def end(self, number: int) -> None:
        """Tell the first processor that this one has ended; the first waits for all others."""
        bus = self._buses[number]
        if number:
            await bus.send_interrupt(0, FIRST_VECTOR + number)
            return
        others = sum(1 << other for other in range(1, len(self._buses)))
        while others:
            await bus.halt()
            others &= ~(1 << await bus.take_interrupt() - FIRST_VECTOR)

    async def _step(self, number: int, place: int, step: Instruction) -> None:
        """Carry out one instruction."""
        bus = self._buses[number]
        match step.op:
            case Op.INVLPG:
                assert step.location is not None
                await bus.invlpg(self._layout.linear(step.location))
            case Op.INTERRUPT:
                await bus.send_interrupt(step.target, self._vectors[number, place])
            case Op.WAIT:
                while not bus.interrupts:
                    await bus.halt()
                await bus.take_interrupt()
            case Op.FENCE:
                pass  # a machine that does one thing at a time has nothing to wait for
            case _:
                assert step.location is not None
                await self._access(number, place, step, step.location)

    async def _access(self, number: int, place: int, step: Instruction,
                      location: Location) -> None:
        bus, user = self._buses[number], location.kind is LocationKind.VIRTUAL
        linear    = self._layout.linear(location)
        await self._evict(number, place, location)
        response = await bus.access(Access(
            linear, 4, _ACCESSES[step.op], user=user,
            data=0 if step.op is Op.LOAD else self._layout.bits(step.value)))
        if response.fault is not None:
            self.known.append((f"fault({number},{location.name})", 1))
        elif step.register:
            page = Location(LocationKind.PHYSICAL) if user else location
            self.known.append((f"{number}:{step.register}",
                               self._layout.value(page, response.data)))

    async def _evict(self, number: int, place: int, location: Location) -> None:
        """Have the translation of an address forgotten, if it is to be, and perhaps its table."""
        tables = self._evictions.get((number, place))
        if tables is None:
            return
        bus = self._buses[number]
        if tables:
            await bus.invlpg(self._layout.linear(location))
            return
        # INVLPG would forget the table, too: other pages take the place of this one instead.
        for linear in self._layout.rivals(location):
            await bus.access(Access(linear, 4, Kind.READ))
