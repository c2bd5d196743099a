"""Perfetto's format, taken apart: the wire format of Protocol Buffers, by a reader of its own."""


__all__ = ["packets", "rows", "values"]


def _varint(data, place):
    number = shift = 0
    while True:
        byte = data[place]
        number |= (byte & 0x7F) << shift
        place  += 1
        shift  += 7
        if byte < 0x80:
            return number, place


def _fields(data):
    """Numbers and contents of the fields of a message, in order."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        match key & 7:
            case 0:
                value, place = _varint(data, place)
            case 1:
                value, place = int.from_bytes(data[place:place + 8], "little"), place + 8
            case 2:
                size, place  = _varint(data, place)
                value, place = data[place:place + size], place + size
        assert place <= len(data)
        yield key >> 3, value


def values(message):
    """A message as a mapping: the contents of its fields, by their numbers."""
    found = {}
    for number, value in _fields(message):
        found.setdefault(number, []).append(value)
    return found


def packets(trace):
    """The packets of a trace, as mappings."""
    assert {number for number, _ in _fields(trace)} == {1}
    return [values(packet) for _, packet in _fields(trace)]


def rows(trace):
    """Titles of a trace's rows, in order, each once."""
    tracks = [values(packet[60][0]) for packet in packets(trace) if 60 in packet]
    return [*dict.fromkeys(track[2][0].decode() for track in tracks)]
