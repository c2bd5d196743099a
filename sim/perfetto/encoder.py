"""Rows as packets of Perfetto's own format, which is made of Protocol Buffers.

Ref: Perfetto, ``trace_packet.proto``, ``interned_data.proto`` and ``track_event/*.proto``, whose
names the comments give; the wire format of Protocol Buffers, "Encoding".
"""

from collections.abc import Callable, Sequence
from typing import IO, Any

from .slices import Column, Counter, Row, Slice


__all__ = ["Encoder"]


class _Table(dict[Any, bytes]):
    """Keeps what a function makes of a key, since most keys come again and again.

    It forgets all when it holds too many.
    """

    MOST = 1 << 18

    def __init__(self, function: Callable[[Any], bytes]):
        super().__init__()
        self._function = function

    def __missing__(self, key: int | str) -> bytes:
        if len(self) >= self.MOST:
            self.clear()
        found = self[key] = self._function(key)
        return found


#: Two bytes of a whole number of which more follow, by 14 bits of it.
_pairs = _Table(lambda bits: bytes((bits & 0x7F | 0x80, bits >> 7 | 0x80)))


def _varint(number: int) -> bytes:
    """A whole number, seven bits in a byte, lowest first; the highest bit says that more follow."""
    found = b""
    while number > 0x3FFF:
        found  += _pairs[number & 0x3FFF]
        number >>= 14
    if number > 0x7F:
        return found + bytes((number & 0x7F | 0x80, number >> 7))
    return found + bytes((number,))


def _number(field: int, value: int) -> bytes:
    """A field with a whole number."""
    return _varint(field << 3) + _varint(value)


def _fixed(field: int, value: int) -> bytes:
    """A field with a number of 64 bits."""
    return _varint(field << 3 | 1) + value.to_bytes(8, "little")


def _nested(field: int, value: bytes) -> bytes:
    """A field with a message."""
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    """A field with a text; what is no text in it is escaped."""
    return _nested(field, value.encode("utf-8", "backslashreplace"))


#: The sequence that all packets belong to: TracePacket.trusted_packet_sequence_id.
_SEQUENCE = _number(10, 1)

#: TrackEvent.type
_BEGIN, _END, _INSTANT, _COUNTER = (_number(9, kind) for kind in (1, 2, 3, 4))

#: What stands before the timestamp in the packet of an event, Trace.packet, by the packet's size.
_packets = _Table(lambda size: b"\x0a" + _varint(size))

#: TracePacket.timestamp, in nanoseconds, by the cycle.
_times = _Table(lambda cycle: _number(8, cycle))

#: What stands between it and the event, TracePacket.track_event, by the event's size. The event
#: refers to names that came before it (sequence_flags: SEQ_NEEDS_INCREMENTAL_STATE).
_events = _Table(lambda size: _SEQUENCE + _number(13, 2) + b"\x5a" + _varint(size))


class Encoder:
    """Writes a trace: a group of rows, which appear in the order in which they are added.

    Parameters
    ----------
    file : binary file
        Where to.
    title : :class:`str`
        Title of the group.
    """

    def __init__(self, file: IO[bytes], title: str):
        self._file   = file
        self._tracks = 0
        self._names: dict[tuple[int, str], int] = {}
        self._packets: list[bytes] = []
        # sequence_flags: SEQ_INCREMENTAL_STATE_CLEARED, for no name has come yet.
        self._packet(_SEQUENCE + _number(13, 1))
        self._root = self._track(title, _number(11, 3))   # child_ordering: EXPLICIT

    def add(self, shown: Row | Counter) -> None:
        """Add a row. One without slices is left out."""
        if isinstance(shown, Row):
            self._row(shown)
        else:
            self._counter(shown)
        self._file.write(b"".join(self._packets))
        self._packets.clear()

    def _row(self, row: Row) -> None:
        place = self._place(self._tracks + 1)
        arguments = [self._argument(column) for column in row.columns]
        for lane in filter(None, row.lanes):
            # Tracks of one name that are children of one track are shown as one row.
            track = self._track(row.name, place)
            self._slices(track, arguments, lane)

    def _counter(self, counter: Counter) -> None:
        place = self._place(self._tracks + 1)
        track = self._track(counter.name, place + _nested(8, b""))   # counter
        event = _COUNTER + _number(11, track)                        # track_uuid
        for cycle, value in counter.values:
            self._event(cycle, event + _number(30, value))           # counter_value

    def _slices(self, track: int, arguments: Sequence[_Table],
                lane: Sequence[Slice]) -> None:
        begins   = _Table(lambda name: self._head(_BEGIN, track, name))
        instants = _Table(lambda name: self._head(_INSTANT, track, name))
        end      = _END + _number(11, track)
        open_: list[int] = []
        for since, until, name, values, leads, led in lane:
            while open_ and open_[-1] <= since:
                self._event(open_.pop(), end)
            event = begins[name] if until > since else instants[name]
            for table, value in zip(arguments, values, strict=False):
                if value is not None:
                    event += table[value]
            if leads is not None:
                event += _fixed(47, leads)   # flow_ids
            if led is not None:
                event += _fixed(48, led)     # terminating_flow_ids
            self._event(since, event)
            if until > since:
                open_.append(until)
        while open_:
            self._event(open_.pop(), end)

    def _head(self, kind: bytes, track: int, name: str) -> bytes:
        """The beginning of an event: its type, track_uuid, and name_iid."""
        return kind + _number(11, track) + _number(10, self._interned(2, name))   # event_names

    def _argument(self, column: Column) -> _Table:
        """The encoder of an argument: TrackEvent.debug_annotations."""
        key    = _number(1, self._interned(3, column.name))          # debug_annotation_names
        number = key + _varint((7 if column.hexadecimal else 3) << 3)   # pointer_value, uint_value
        begins = [_varint(4 << 3 | 2) + _varint(len(number) + size) + number for size in range(11)]

        def encode(value: int | str) -> bytes:
            if isinstance(value, str):
                return _nested(4, key + _text(6, value))                # string_value
            varint = _varint(value)
            return begins[len(varint)] + varint

        return _Table(encode)

    def _interned(self, field: int, name: str) -> int:
        """The number of a name, in a field of InternedData; a new one is written before its use."""
        iid = self._names.get((field, name))
        if iid is None:
            iid = self._names[field, name] = len(self._names) + 1
            self._packet(_SEQUENCE + _nested(12, _nested(field, _number(1, iid) + _text(2, name))))
        return iid

    def _place(self, rank: int) -> bytes:
        """The place of a track among the rows: parent_uuid and sibling_order_rank."""
        return _number(5, self._root) + _number(12, rank)

    def _track(self, name: str, more: bytes) -> int:
        """Describe a new track; return its uuid."""
        uuid = self._tracks = self._tracks + 1
        self._packet(_SEQUENCE + _nested(60, _number(1, uuid) + _text(2, name) + more))
        return uuid

    def _event(self, cycle: int, event: bytes) -> None:
        time, begun = _times[cycle], _events[len(event)]
        self._packets += (_packets[len(time) + len(begun) + len(event)], time, begun, event)

    def _packet(self, body: bytes) -> None:
        self._packets.append(_nested(1, body))
