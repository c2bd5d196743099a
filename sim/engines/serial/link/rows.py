"""Rows of a board's responses, and the samples of each cycle that they describe.

Ref: docs/serial-link.md, "Rows".
"""

from collections.abc import Callable, Iterator, Sequence

from hw.bus import ControlOp
from sim.errors import MachineLost
from sim.record.signals import FIELDS, Sample

from .numbers import Numbers


__all__ = ["RowReader"]


_request    = FIELDS["request"]
_response   = FIELDS["response"]
_control    = FIELDS["control"]
_controlled = FIELDS["controlled"]
_state      = FIELDS["state"]


class RowReader:
    """Reads the rows of responses, however these are cut.

    Raises :class:`sim.errors.MachineLost` for what no board can report.

    Parameters
    ----------
    marks : sequence of tuples of :class:`int`
        What a mark on the board means: numbers of the function stack and of the claim, as a
        :class:`sim.record.signals.Sample` has them. May grow.

    Attributes
    ----------
    cycle : :class:`int`
        Cycle of the last row; -1 before the first.
    """

    def __init__(self, marks: Sequence[tuple[int, int]]):
        self.cycle    = -1
        self._marks   = marks
        self._numbers = Numbers()
        self._lasting = Sample()  # what holds until a row says otherwise
        self._request: dict[str, int] = {}
        self._parts: tuple[Callable[[Sample], Sample], ...] = (
            self._mark, self._change, self._strobe, self._acknowledge, self._transfer,
            self._store, self._respond, self._begin_access, self._operands, self._end_control,
            self._control, self._fail)

    def rows(self, data: bytes) -> Iterator[tuple[int, Sample]]:
        """The rows that are complete with ``data``: cycles, and the signals in each."""
        self._numbers.feed(data)
        try:
            while self._numbers:
                # One that is not all there changes nothing: it is read once more, with the rest.
                since, sample, lasting = self._row()
                self._numbers.accept()
                self.cycle   += since
                self._lasting = lasting
                yield self.cycle, sample
        except EOFError:
            self._numbers.go_back()

    @property
    def complete(self) -> bool:
        """True if no part of a row is still to come."""
        return not self._numbers

    def _row(self) -> tuple[int, Sample, Sample]:
        """A row: cycles since the one before, its signals, and what of them lasts."""
        since, mask = self._next(), self._next()
        if mask >> len(self._parts):
            raise MachineLost(f"the board reports a row of kind {mask:#x}, which there is not")
        sample = lasting = self._lasting
        for bit, part in enumerate(self._parts):
            if mask >> bit & 1:
                sample = part(sample)
            if bit == 1:
                lasting = sample
        return since, sample, lasting

    def _next(self) -> int:
        return self._numbers.next()

    def _mark(self, sample: Sample) -> Sample:
        number = self._next()
        if number >= len(self._marks):
            raise MachineLost(f"the board reports mark {number}, which nobody has set")
        stack, claim = self._marks[number]
        return sample._replace(kernel_stack=stack, claim=claim)

    def _change(self, sample: Sample) -> Sample:
        return sample._replace(state=_state.pack({name: self._next() for name in _state(0)}))

    def _strobe(self, sample: Sample) -> Sample:
        return sample._replace(events=self._next())

    def _acknowledge(self, sample: Sample) -> Sample:
        return sample._replace(cyc=1, ack=1, dat_r=self._next())

    def _transfer(self, sample: Sample) -> Sample:
        word, how = self._next(), self._next()
        return sample._replace(cyc=1, stb=1, adr=word, we=how & 1, lock=how >> 1 & 1,
                               sel=how >> 2 & 0xFF)

    def _store(self, sample: Sample) -> Sample:
        return sample._replace(dat_w=self._next())

    def _respond(self, sample: Sample) -> Sample:
        how, physical, data = self._next(), self._next(), self._next()
        return sample._replace(response_valid=1, response=_response.pack(
            {"fault": how & 7, "error": how >> 3, "physical": physical, "data": data}))

    def _begin_access(self, sample: Sample) -> Sample:
        flags, linear = self._next(), self._next()
        self._request = {
            "linear": linear, "size": flags & 3, "kind": flags >> 2 & 7, "user": flags >> 5 & 1,
            "implicit": flags >> 6 & 1, "chained": flags >> 7 & 1}
        return sample._replace(request_valid=1, request_ready=1,
                               request=_request.pack(self._request))

    def _operands(self, sample: Sample) -> Sample:
        operands = {"data": self._next(), "compare": self._next()}
        return sample._replace(request=_request.pack({**self._request, **operands}))

    def _end_control(self, sample: Sample) -> Sample:
        fault, value = self._next(), self._next()
        return sample._replace(controlled_valid=1,
                               controlled=_controlled.pack({"fault": fault, "value": value}))

    def _control(self, sample: Sample) -> Sample:
        which, value = self._next(), self._next()
        fields = {"op": which & 3, "register": which >> 4, "value": value}
        if which & 3 == ControlOp.INVPCID.value:
            fields |= {"pcid": self._next(), "linear": self._next()}
        return sample._replace(control_valid=1, control_ready=1, control=_control.pack(fields))

    def _fail(self, sample: Sample) -> Sample:
        return sample._replace(cyc=1, err=1)
