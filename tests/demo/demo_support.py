"""The computer's side of the serial link, in few lines and apart from sim.engines.serial.link.

The meaning of bytes is written here once more, from docs/serial-link.md, so that a mistake in
hw.demo or in sim.engines.serial.link does not pass as two readings that agree.
"""

from binascii import crc32
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from hw.bus import ControlOp, Register
from hw.layout import AccessKind


__all__ = ["CONNECT", "CONTINUE", "COUNTERS", "CYCLE", "Frame", "Row", "access", "responses_in",
           "control", "framed", "frames_in", "leb128", "mark", "numbers_in", "operations",
           "rows_in", "segments", "settled"]


# Frames

def framed(
    number: int, payload: bytes = b"", *, segment: int = 0, last: bool = True, about: int = 0xF0,
    response: bool = False, crc: int = 0,
) -> bytes:
    """A frame between two flags: by default, a request of one segment, and of its whole response.

    ``crc`` is XORed with the right one.
    """
    content  = bytes([segment | last << 4 | response << 7, number, about]) + payload
    content += (crc32(content) ^ crc).to_bytes(4, "little")
    escaped  = b"".join(bytes([0x7D, byte ^ 0x20]) if byte in (0x7D, 0x7E) else bytes([byte])
                        for byte in content)
    return b"\x7e" + escaped + b"\x7e"


def segments(number: int, request: bytes, *, segment: int = 64) -> list[bytes]:
    """The frames of a request that needs more than one, of ``segment`` bytes each."""
    parts = [request[start:start + segment] for start in range(0, len(request), segment)]
    return [framed(number, part, segment=place, last=place == len(parts) - 1)
            for place, part in enumerate(parts)]


class Frame(NamedTuple):
    """A frame as it was found."""

    response:  int
    number:  int
    segment: int
    last:    int
    about:   int
    payload: bytes


def frames_in(data: bytes) -> list[Frame]:
    """The frames in ``data``, each of which must be right."""
    assert data[:1] in (b"", b"\x7e") and data[-1:] in (b"", b"\x7e")
    found = []
    for content in filter(None, data.split(b"\x7e")):
        head, *escaped = content.split(b"\x7d")
        plain = head + b"".join(bytes([part[0] ^ 0x20]) + part[1:] for part in escaped)
        first, number, about = plain[:3]
        payload = plain[3:-4]
        assert len(payload) <= 64 and first & 0x60 == 0
        assert crc32(plain[:-4]) == int.from_bytes(plain[-4:], "little")
        found.append(Frame(first >> 7, number, first & 15, first >> 4 & 1, about, payload))
    return found


def responses_in(data: bytes, *, segment: int = 64) -> list[tuple[int, bytes]]:
    """The responses in ``data``, each of which must be whole: numbers; kind and payload.

    Their segments have ``segment`` bytes, but for the last ones, which have fewer.
    """
    found, payload = [], b""
    for place, frame in enumerate(frames_in(data)):
        assert frame.response and frame.segment == len(payload) // segment, place
        payload += frame.payload
        if frame.last:
            assert len(frame.payload) < segment
            found.append((frame.number, bytes([frame.about]) + payload))
            payload = b""
        else:
            assert len(frame.payload) == segment
    assert not payload
    return found


# Requests

CONNECT, CONTINUE, COUNTERS, CYCLE = b"\x01", b"\x02", b"\x03", b"\x05"


def mark(number: int) -> bytes:
    """MARK."""
    return b"\x04" + number.to_bytes(2, "big")


def control(op: ControlOp, register: Register = Register.CR0, value: int = 0) -> bytes:
    """CONTROL."""
    return bytes([6, op.value | register.value << 4]) + value.to_bytes(8, "big")


def access(
    kind: AccessKind, linear: int, *data: int | tuple[int, int], size: int = 8, count: int = 1,
    user: int = 0, implicit: int = 0, chained: int = 0,
) -> bytes:
    """ACCESS: of all ``data`` (for COMPARE_EXCHANGE with what each is compared with), or count."""
    flags  = size.bit_length() - 1 | kind.value << 2 | user << 5 | implicit << 6 | chained << 7
    order  = bytes([7, flags, len(data) or count]) + linear.to_bytes(8, "big")
    for datum in data:
        for number in datum if isinstance(datum, tuple) else (datum,):
            order += number.to_bytes(size, "big")
    return order


def operations(request: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations of a request, accesses one by one, as payloads of the ports."""
    rest = iter(request)

    def number(size: int) -> int:
        return int.from_bytes(bytes(next(rest) for _ in range(size)), "big")

    for opcode in rest:
        if opcode == 4:
            number(2)
            yield "mark", {}
        elif opcode == 5:
            yield "cycle", {}
        elif opcode == 6:
            which = number(1)
            yield "control", {"op": ControlOp(which & 3), "register": Register(which >> 4),
                              "value": number(8)}
        else:
            assert opcode == 7
            flags, count, linear = number(1), number(1), number(8)
            kind, size = AccessKind(flags >> 2 & 7), 1 << (flags & 3)
            for nth in range(count):
                reads = kind in (AccessKind.READ, AccessKind.FETCH)
                datum = 0 if reads else number(size)
                yield "access", {
                    "linear": linear + nth * size, "size": flags & 3, "kind": kind,
                    "user": flags >> 5 & 1, "implicit": flags >> 6 & 1,
                    "chained": flags >> 7 or bool(nth), "data": datum,
                    "compare": number(size) if kind == AccessKind.COMPARE_EXCHANGE else 0}


# Responses

def leb128(number: int) -> bytes:
    """A number in bytes."""
    data = b""
    while number >= 0x80:
        data += bytes([number & 0x7F | 0x80])
        number >>= 7
    return data + bytes([number])


def numbers_in(data: bytes) -> list[int]:
    """The numbers in ``data``; the last must be whole."""
    numbers, bits, shift = [], 0, 0
    for byte in data:
        bits |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(bits)
            bits = shift = 0
    assert shift == 0
    return numbers


#: A row: its cycle, and numbers by what they are about.
Row = tuple[int, dict[str, tuple[int, ...]]]

#: Bits of the mask from the lowest on, and how many numbers each has.
PARTS = {"mark": 1, "state": 12, "events": 1, "ack": 1, "transfer": 2, "word": 1, "response": 3,
         "request": 2, "datum": 2, "controlled": 2, "control": 2, "error": 0}


def rows_in(numbers: Sequence[int], cycle: int = -1) -> list[Row]:
    """The rows in ``numbers``. The first one comes after ``cycle``."""
    rest, rows = iter(numbers), []
    for since in rest:
        cycle += since
        mask   = next(rest)
        assert mask < 1 << len(PARTS)
        rows.append((cycle, {
            name: tuple(next(rest) for _ in range(count))
            for bit, (name, count) in enumerate(PARTS.items()) if mask >> bit & 1}))
    return rows


def settled(rows: Sequence[Row], *, marks: bool = False) -> list[Row]:
    """``rows`` without what is not specified, and without marks unless they are wanted.

    That is what memory says to a write, and the data that come with the response to one.
    """
    kinds: deque[int] = deque()
    writes, kept = False, []
    for cycle, said in rows:
        said = dict(said)
        if not marks:
            said.pop("mark", None)
        if "ack" in said and writes:
            said["ack"] = (0,)
        if "response" in said:
            how, physical, data = said["response"]
            written = kinds.popleft() == AccessKind.WRITE.value
            # Without a physical address there may be anything in its place.
            said["response"] = (how, 0 if how & 7 else physical, 0 if written else data)
        if "request" in said:
            kinds.append(said["request"][0] >> 2 & 7)
        writes = "word" in said
        if said:
            kept.append((cycle, said))
    return kept
