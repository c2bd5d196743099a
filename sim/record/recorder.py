"""Recorder: from signals, sampled in every cycle, to a recording."""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache

from hw.bus import ControlOp, Register
from hw.interrupts import FIRST_VECTOR
from hw.layout import CR0, CR4, AccessKind, Fault, PageSize
from hw.permission import Rights

from .records import (
    AccessRecord, ControlRecord, EventRecord, InterruptRecord, Mark, Recording, State,
    TransferRecord,
)
from .signals import FIELDS, Fields, Sample
from .tlb import TlbChange, TlbEntry, TlbRecord


__all__ = ["Recorder", "tlb_changes"]


_request    = FIELDS["request"]
_response   = FIELDS["response"]
_control    = FIELDS["control"]
_controlled = FIELDS["controlled"]
_state      = FIELDS["state"]
_events     = FIELDS["events"]
# By number: looking one up is much faster than calling Amaranth's enumerations.
_kinds      = {kind.value: kind for kind in AccessKind}
_faults     = {fault.value: fault for fault in Fault}
_cr0        = Fields(CR0)
_cr4        = Fields(CR4)
_update     = FIELDS["tlb"]
_rights     = Fields(Rights)
_sizes      = {PageSize.KIB4.value: 1 << 12, PageSize.MIB2.value: 1 << 21,
               PageSize.MIB4.value: 1 << 22, PageSize.GIB1.value: 1 << 30}
_changes    = {_events.pack({change.value: 1}): change for change in TlbChange}
_tlb_strobes = sum(_changes)
_walk_begun = _events.pack({"walk_begun": 1})
_walk_ended = _events.pack({"walk_ended": 1})
_evicted    = _events.pack({"evicted": 1})


@cache
def _strobes(bits: int) -> list[tuple[str, int]]:
    """Names of the strobes that are high; one that has a bit for each level, level by level."""
    return [(name, level) for name, value in _events(bits).items()
            for level in range(value.bit_length()) if value >> level & 1]


class Recorder:
    """Fills a recording, cycle by cycle. Does next to nothing in a cycle without an event.

    Parameters
    ----------
    recording : :class:`sim.record.records.Recording`
        What to fill.
    stacks : sequence of tuples of :class:`str`
        Function stacks by the number on the mark signal; may grow.
    claims : sequence of :class:`str`
        Claims by the number on the claim signal; may grow.
    """

    def __init__(self, recording: Recording, stacks: Sequence[tuple[str, ...]],
                 claims: Sequence[str]):
        self.recording = recording
        self._stacks   = stacks
        self._claims   = claims
        self._walking  = False
        self._marked   = (-1, -1)
        self._state    = -1
        self._accesses:  deque[AccessRecord]   = deque()  # not completed yet, like the next two
        self._transfers: deque[TransferRecord] = deque()
        self._controls:  deque[ControlRecord]  = deque()

    def step(self, cycle: int, sample: Sample) -> None:
        """Record one cycle."""
        self.recording.cycles = cycle + 1
        if (sample.kernel_stack, sample.claim) != self._marked:
            self._mark(cycle, sample)
        if sample.state != self._state:
            self._change(cycle, sample.state)
        if sample.events:
            self._strobe(cycle, sample.events)
            if sample.events & _tlb_strobes and self.recording.tlb is not None:
                self.recording.tlb += tlb_changes(cycle, sample.events, sample.tlb)
        if sample.cyc:
            if sample.ack and self._transfers:
                self._end_transfer(cycle, sample.dat_r)
            if sample.stb and not sample.stall:
                self._begin_transfer(cycle, sample)
        elif self._transfers:
            # A bus cycle that ends forgoes its responses.
            self._transfers.clear()
        if sample.response_valid and self._accesses:
            self._end_access(cycle, sample.response)
        if sample.request_valid and sample.request_ready:
            self._begin_access(cycle, sample.request)
        if sample.controlled_valid and self._controls:
            self._end_control(cycle, sample.controlled)
        if sample.control_valid and sample.control_ready:
            self._begin_control(cycle, sample.control)
        if sample.send_valid or sample.take:
            self._interrupts(cycle, sample)
        if sample.events & _walk_ended:
            self._walking = False

    def _mark(self, cycle: int, sample: Sample) -> None:
        self._marked = sample.kernel_stack, sample.claim
        stack, claim = self._stacks[sample.kernel_stack], self._claims[sample.claim]
        self.recording.marks.append(Mark(cycle, stack, claim))

    def _change(self, cycle: int, bits: int) -> None:
        self._state = bits
        state    = _state(bits)
        cr0, cr4 = _cr0(state["cr0"]), _cr4(state["cr4"])
        self.recording.states.append(State(
            cycle, state["cr0"], state["cr2"], state["cr3"], state["cr4"], state["efer"],
            pg=cr0["pg"], wp=cr0["wp"], smep=cr4["smep"], smap=cr4["smap"], ac=state["ac"],
        ))

    def _interrupts(self, cycle: int, sample: Sample) -> None:
        mark = self.recording.marks[-1]
        if sample.send_valid:
            self.recording.interrupts.append(InterruptRecord(
                cycle, FIRST_VECTOR | sample.send_vector, sample.send_target, mark))
        if sample.take:
            self.recording.interrupts.append(InterruptRecord(
                cycle, FIRST_VECTOR | sample.vector, None, mark))

    def _strobe(self, cycle: int, bits: int) -> None:
        if bits & _walk_begun:
            self._walking = True
        self.recording.events += [EventRecord(cycle, name, level) for name, level in _strobes(bits)]

    def _begin_transfer(self, cycle: int, sample: Sample) -> None:
        transfer = TransferRecord(
            accepted=cycle, address=sample.adr * 8, write=bool(sample.we), lock=bool(sample.lock),
            sel=sample.sel, data=sample.dat_w, walk=self._walking, mark=self.recording.marks[-1],
        )
        self._transfers.append(transfer)
        self.recording.transfers.append(transfer)

    def _end_transfer(self, cycle: int, word: int) -> None:
        transfer = self._transfers.popleft()
        transfer.acked = cycle
        if not transfer.write:
            transfer.data = word

    def _begin_access(self, cycle: int, bits: int) -> None:
        request = _request(bits)
        size    = 1 << request["size"]
        mask    = (1 << 8 * size) - 1
        access  = AccessRecord(
            accepted=cycle, linear=request["linear"], size=size, kind=_kinds[request["kind"]],
            user=bool(request["user"]), implicit=bool(request["implicit"]),
            chained=bool(request["chained"]), data=request["data"] & mask,
            compare=request["compare"] & mask, state=self.recording.states[-1],
            mark=self.recording.marks[-1],
        )
        self._accesses.append(access)
        self.recording.accesses.append(access)

    def _end_access(self, cycle: int, bits: int) -> None:
        access   = self._accesses.popleft()
        response = _response(bits)
        access.completed = cycle
        access.fault     = _faults[response["fault"]]
        if access.done:
            access.physical = response["physical"]
            if access.kind != AccessKind.WRITE:  # after a write it is whatever memory says
                access.result = response["data"] & (1 << 8 * access.size) - 1
        elif access.fault == Fault.PAGE_FAULT:
            access.error_code = response["error"]

    def _begin_control(self, cycle: int, bits: int) -> None:
        request = _control(bits)
        control = ControlRecord(
            accepted=cycle, op=ControlOp(request["op"]), register=Register(request["register"]),
            value=request["value"], mark=self.recording.marks[-1],
        )
        self._controls.append(control)
        self.recording.controls.append(control)

    def _end_control(self, cycle: int, bits: int) -> None:
        control  = self._controls.popleft()
        response = _controlled(bits)
        control.completed = cycle
        control.result    = response["value"]
        control.refused   = bool(response["fault"])


def tlb_changes(cycle: int, events: int, bits: int) -> Iterator[TlbRecord]:
    """The changes of the TLB in a cycle: its strobes, and what they concern, both packed."""
    update = _update(bits)
    for strobe, change in _changes.items():
        if not events & strobe:
            continue
        if change is TlbChange.FLUSHED:
            yield TlbRecord(cycle, change, flushed_all=bool(update["flushed_all"]))
        elif change is TlbChange.FILLED:
            evicted = _linear(update["evicted_page"]) if events & _evicted else None
            yield TlbRecord(cycle, change, _linear(update["page"]), _entry(cycle, update), evicted)
        else:
            yield TlbRecord(cycle, change, _linear(update["page"]))


def _linear(page: int) -> int:
    """Address of the first byte of a page."""
    return page << 12


def _entry(cycle: int, update: dict[str, int]) -> TlbEntry:
    """The translation of a fill."""
    size   = _sizes[update["size"]]
    rights = _rights(update["rights"])
    return TlbEntry(
        linear=_linear(update["page"]) & -size, physical=(update["frame"] << 12) & -size,
        size=size, writable=bool(rights["writable"]), user=bool(rights["user"]),
        execute_disable=bool(rights["execute_disable"]), dirty=bool(update["dirty"]),
        global_page=bool(update["global_page"]), filled=cycle)
