"""Physical memories that are harder on a unit than :class:`sim.memory.PhysicalMemory`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amaranth.sim import SimulatorContext

from sim.memory import PhysicalMemory, Target
from sim.verification.rules import adjacent


__all__ = ["FailingMemory", "RecordingMemory", "StrictMemory", "Transfer"]


@dataclass(frozen=True)
class Transfer:
    """A transfer that memory accepted, at an 8-byte boundary of physical addresses."""

    address: int
    write:   bool
    lock:    bool
    sel:     int


class StrictMemory(PhysicalMemory):
    """Physical memory that returns the selected byte lanes only; the others are wrong.

    Lanes must be next to each other.

    Attributes
    ----------
    patience : :class:`int` or :class:`None`
        Transfers that it still answers: one more raises :class:`AssertionError`. None: any number.
    """

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.patience: int | None = None

    def answers(self, word: int, write: int) -> bool:
        """Tell whether a transfer is answered."""
        if self.patience is not None:
            assert self.patience > 0, "an operation takes too many transfers"
            self.patience -= 1
        return super().answers(word, write)

    def transfer(self, word: int, write: int, sel: int, data: int) -> int:
        """Do one transfer of the 8-byte word number ``word``."""
        assert adjacent(sel), f"lanes {sel:08b} of a transfer are apart"
        unselected = sum(0xff << 8 * lane for lane in range(8) if not sel >> lane & 1)
        return super().transfer(word, write, sel, data) ^ unselected


class RecordingMemory(StrictMemory):
    """Physical memory that notes every transfer, and can change between two of them.

    Attributes
    ----------
    transfers : :class:`list`
        Transfers accepted so far.
    after_read : :class:`dict`
        Physical address of a word to what is called, once, after the word is first read.
    """

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.transfers:  list[Transfer]                  = []
        self.after_read: dict[int, Callable[[], None]] = {}

    async def serve(self, ctx: SimulatorContext, port: Any) -> None:
        """Answer the transfers on ``port``. Never returns."""
        target = Target(self)
        while True:
            ctx.set(port.ack,   target.ack)
            ctx.set(port.err,   target.err)
            ctx.set(port.dat_r, target.dat_r)
            ctx.set(port.stall, target.stall)
            _, _, lock, *request = await ctx.tick().sample(
                port.lock, port.cyc, port.stb, port.we, port.adr, port.sel, port.dat_w)
            cyc, stb, we, adr, sel, _ = request
            accepted = cyc and stb and not target.stall
            target.step(*request)
            if accepted:
                self.transfers.append(Transfer(adr * 8, bool(we), bool(lock), sel))
                self.after_read.pop(adr * 8, lambda: None)()


class FailingMemory(RecordingMemory):
    """Physical memory of which some words end in bus errors.

    Attributes
    ----------
    no_reads, no_writes : :class:`set`
        Physical addresses of words whose reads, and whose writes, fail.
    """

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.no_reads:  set[int] = set()
        self.no_writes: set[int] = set()

    def answers(self, word: int, write: int) -> bool:
        """Tell whether a transfer is answered."""
        return super().answers(word, write) and word * 8 not in (
            self.no_writes if write else self.no_reads)
