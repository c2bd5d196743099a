"""Recorder: from signals, sampled in every cycle, to a recording."""

from collections import deque
from collections.abc import Sequence
from functools import cache

from hw.interrupts import FIRST_VECTOR
from hw.layout import AccessKind, Fault

from .decoding import (
    EVENTS, FAULTS, KINDS, OPERATIONS, REGISTERS, TLB_STROBES, control_state, tlb_changes,
)
from .records import (
    AccessRecord, ControlRecord, EventRecord, InterruptRecord, Mark, Recording, TransferRecord,
)
from .signals import FIELDS, Sample


__all__ = ["Recorder"]


_request    = FIELDS["request"]
_response   = FIELDS["response"]
_control    = FIELDS["control"]
_controlled = FIELDS["controlled"]
_walk_begun = FIELDS["events"].pack({"walk_begun": 1})
_walk_ended = FIELDS["events"].pack({"walk_ended": 1})


@cache
def _strobes(bits: int) -> list[tuple[str, int]]:
    """Names of the strobes that are high; one that has a bit for each level, level by level."""
    return [strobe for bit, strobe in enumerate(EVENTS) if bits >> bit & 1]


class Recorder:
    """Fills a recording, cycle by cycle. Does next to nothing in a cycle without an event.

    The compiled engine does the same in C++: see ``sim/engines/cxxrtl/log.h``.

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
        self._accesses:  list[AccessRecord]   = []
        self._transfers: list[TransferRecord] = []
        self._controls:  list[ControlRecord]  = []
        self._events:    list[EventRecord]    = []
        recording.accesses, recording.transfers = self._accesses, self._transfers
        recording.controls, recording.events    = self._controls, self._events
        # Indices of the records that are not completed yet.
        self._open_accesses:  deque[int] = deque()
        self._open_transfers: deque[int] = deque()
        self._open_controls:  deque[int] = deque()

    def step(self, cycle: int, sample: Sample) -> None:
        """Record one cycle."""
        self.recording.cycles = cycle + 1
        if (sample.kernel_stack, sample.claim) != self._marked:
            self._mark(cycle, sample)
        if sample.state != self._state:
            self._state = sample.state
            self.recording.states.append(control_state(cycle, sample.state))
        if sample.events:
            self._strobe(cycle, sample.events)
            if sample.events & TLB_STROBES and self.recording.tlb is not None:
                self.recording.tlb += tlb_changes(cycle, sample.events, sample.tlb)
        if sample.cyc:
            if (sample.ack or sample.err) and self._open_transfers:
                self._end_transfer(cycle, sample.dat_r, failed=bool(sample.err))
            if sample.stb and not sample.stall:
                self._begin_transfer(cycle, sample)
        elif self._open_transfers:
            # A bus cycle that ends forgoes its responses.
            self._open_transfers.clear()
        if sample.response_valid and self._open_accesses:
            self._end_access(cycle, sample.response)
        if sample.request_valid and sample.request_ready:
            self._begin_access(cycle, sample.request)
        if sample.controlled_valid and self._open_controls:
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
        self._events += [EventRecord(cycle, name, level) for name, level in _strobes(bits)]

    def _begin_transfer(self, cycle: int, sample: Sample) -> None:
        self._open_transfers.append(len(self._transfers))
        self._transfers.append(TransferRecord(
            accepted=cycle, address=sample.adr * 8, write=bool(sample.we), lock=bool(sample.lock),
            sel=sample.sel, data=sample.dat_w, walk=self._walking, mark=self.recording.marks[-1],
        ))

    def _end_transfer(self, cycle: int, word: int, *, failed: bool) -> None:
        index    = self._open_transfers.popleft()
        transfer = self._transfers[index]
        self._transfers[index] = transfer._replace(
            acked=cycle, failed=failed,
            data=transfer.data if transfer.write else 0 if failed else word)

    def _begin_access(self, cycle: int, bits: int) -> None:
        request = _request(bits)
        size    = 1 << request["size"]
        mask    = (1 << 8 * size) - 1
        self._open_accesses.append(len(self._accesses))
        self._accesses.append(AccessRecord(
            accepted=cycle, linear=request["linear"], size=size, kind=KINDS[request["kind"]],
            user=bool(request["user"]), implicit=bool(request["implicit"]),
            chained=bool(request["chained"]), data=request["data"] & mask,
            compare=request["compare"] & mask, state=self.recording.states[-1],
            mark=self.recording.marks[-1],
        ))

    def _end_access(self, cycle: int, bits: int) -> None:
        index    = self._open_accesses.popleft()
        response = _response(bits)
        access   = self._accesses[index]._replace(
            completed=cycle, fault=FAULTS[response["fault"]])
        if access.done:
            # After a write it is whatever memory says.
            mask   = 0 if access.kind == AccessKind.WRITE else (1 << 8 * access.size) - 1
            access = access._replace(physical=response["physical"], result=response["data"] & mask)
        elif access.fault == Fault.PAGE_FAULT:
            access = access._replace(error_code=response["error"])
        self._accesses[index] = access

    def _begin_control(self, cycle: int, bits: int) -> None:
        request = _control(bits)
        self._open_controls.append(len(self._controls))
        self._controls.append(ControlRecord(
            accepted=cycle, op=OPERATIONS[request["op"]], register=REGISTERS[request["register"]],
            value=request["value"], mark=self.recording.marks[-1], pcid=request["pcid"],
            linear=request["linear"],
        ))

    def _end_control(self, cycle: int, bits: int) -> None:
        index    = self._open_controls.popleft()
        response = _controlled(bits)
        self._controls[index] = self._controls[index]._replace(
            completed=cycle, result=response["value"], refused=bool(response["fault"]))
