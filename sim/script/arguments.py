"""Registers of a system call, from the arguments of a step.

Bytes to write, room to read into, and vectors of both are in the stage of the process.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from . import words
from .calls import Arg, Call, Kind
from .expression import Expression
from .host import STAGE, Process
from .names import Names
from .script import Segment, Step


__all__ = ["OPERANDS", "Registers", "path_of", "register", "registers"]


#: Offset in the stage of small operands; below them are vectors, and below these the buffers.
OPERANDS = STAGE - 0x1000

_VECTORS, _VECTOR = OPERANDS - 0x800, 0x400

_64_BITS = (1 << 64) - 1

#: What a name stands for that a step was to give, and did not: no descriptor; no process, since
#: none has so large a number. -1 would be all processes.
_NO_FILE, _NOBODY = -1, 1 << 30


@dataclass
class Registers:
    """Registers, and the parts of the stage that the call reads into.

    Attributes
    ----------
    values : :class:`list`
        Numbers, and paths.
    room : :class:`list`
        Offset and bytes of each part.
    """

    values: list[int | str]       = field(default_factory=list)
    room:   list[tuple[int, int]] = field(default_factory=list)

    async def data(self, process: Process, count: int) -> bytes:
        """Return the first ``count`` bytes that the call has read."""
        data = b""
        for offset, size in self.room:
            data += await process.get(min(size, count - len(data)), offset)
        return data


def path_of(step: Step) -> str | None:
    """The path by which a step names its file, or None: then it has a descriptor, or no file."""
    file = step.args.get("file")
    return file if isinstance(file, str) and "/" in file else None


def register(arg: Arg, step: Step, names: Names) -> int | str:
    """Return what a register holds for an argument that is no buffer."""
    value = step.args.get(arg.key, arg.default)
    if isinstance(value, Expression):
        return names.number(value)
    if isinstance(value, list):
        total = 0
        for word in value:
            total |= arg.words[word]
        return total
    if not isinstance(value, str):
        return int(value)
    if arg.kind is Kind.PROT:
        return sum({"r": 1, "w": 2, "x": 4}[letter] for letter in value)
    if arg.kind is Kind.WORD:
        return arg.words[value]
    if arg.kind is Kind.SIGNAL:
        return words.SIGNALS[value]
    if arg.kind is Kind.PATH:
        return names.path(value)
    return names.values.get(value, _NOBODY if arg.kind is Kind.PROCESS else _NO_FILE)


async def registers(call: Call, step: Step, process: Process, names: Names,
                    opened: int | None) -> Registers:
    """Return the registers of a call. ``opened`` is the descriptor of a file named by its path."""
    found, vectors, buffers = Registers(), 0, 0
    for arg in call.args:
        if arg.key == "file" and opened is not None:
            found.values.append(opened)
        elif arg.kind is Kind.DATA and "data" in step.args:
            await process.put(step.args["data"])
            found.values += [process.stage, len(step.args["data"])]
        elif arg.kind in (Kind.DATA, Kind.ROOM):
            found.values += _buffer(step, process, names, found)
        elif arg.kind is Kind.IOV:
            at = _VECTORS + vectors * _VECTOR
            buffers = await _vector(step.args[arg.key], process, names, at, buffers, found)
            found.values += [process.stage + at, len(step.args[arg.key])]
            vectors += 1
        else:
            found.values.append(register(arg, step, names))
    return found


def _buffer(step: Step, process: Process, names: Names, found: Registers) -> list[int]:
    """Address and length of a buffer: room in the stage, or memory of the process."""
    count = names.number(step.args["count"])
    if "buf" in step.args:
        return [names.number(step.args["buf"]), count]
    found.room.append((0, count))
    return [process.stage, count]


async def _vector(segments: Sequence[Segment], process: Process, names: Names, at: int,
                  offset: int, found: Registers) -> int:
    """Put a vector at ``at``, and its buffers from ``offset`` on; return the offset behind them."""
    pairs = b""
    for segment in segments:
        size = segment.count if segment.data is None else len(segment.data)
        base = process.stage + offset
        if segment.at is not None:
            base = names.number(segment.at)
        elif segment.data is not None:
            await process.put(segment.data, offset)
        else:
            found.room.append((offset, size))
        offset += 0 if segment.at is not None else size
        pairs += b"".join((word & _64_BITS).to_bytes(8, "little") for word in (base, size))
    await process.put(pairs, at)
    return offset
