"""Parser of lines of version 2: the machine as in version 1, and steps instead of one access.

Ref: ``docs/access-vectors.md``, version 2.
"""

from collections.abc import Callable, Mapping, Set
from typing import Any

from sw.bus import Register

from .checks import (
    FLAG, RING, SIZE, check, check_keys, check_width, complain, entries, hexadecimals, identifier,
    key_register, one_hexadecimal, one_of, one_of_names, ordered_keys, pairs_of, physical_width,
)
from .sequence import (
    AccessStep, InvlpgStep, InvpcidStep, SequenceVector, Step, StoreStep, WriteStep,
)
from .vector import KINDS, entry_size


__all__ = ["sequence_vector"]


_LINE_REQUIRED = ordered_keys("version", "id", "cr0", "cr3", "cr4", "efer", "ac", "cpl", "steps",
                              "entries")
_LINE_KEYS     = _LINE_REQUIRED | {"pkru", "pkrs", "maxphyaddr"}

_REGISTERS = ("cr0", "cr3", "cr4", "efer")

#: Registers that a step can write, by the names that lines use.
_WRITTEN = {register.value: register for register in (
    Register.CR0, Register.CR3, Register.CR4, Register.EFER, Register.PKRU, Register.PKRS)}


def sequence_vector(line: dict[str, Any]) -> SequenceVector:
    """Return the vector on a line of version 2. Raises :class:`.checks.Invalid`."""
    check_keys(line, "", _LINE_REQUIRED, _LINE_KEYS)
    texts = [line[name] for name in _REGISTERS]
    for pair in pairs_of(line["entries"]):
        texts += pair
    cr0, cr3, cr4, efer, *chain = numbers = hexadecimals(texts, _key_of)
    for index, name in enumerate(_REGISTERS):
        check_width(numbers[index], 64, name, texts[index])
    one_of(FLAG, "ac", line["ac"])
    one_of(RING, "cpl", line["cpl"])
    width = physical_width(line)
    steps = line["steps"]
    check(type(steps) is list, "steps", "a list", steps)
    return SequenceVector(
        identifier(line), cr0, cr3, cr4, efer,
        key_register(line, "pkru"), key_register(line, "pkrs"), width,
        [_step(step, f"steps[{index}]", line, width) for index, step in enumerate(steps)],
        entries(line["entries"], chain[::2], chain[1::2], entry_size(cr0, cr4, efer), width),
    )


def _key_of(index: int) -> str:
    """Path of a number in hex, by its index among the registers and the entries."""
    if index < len(_REGISTERS):
        return _REGISTERS[index]
    entry, part = divmod(index - len(_REGISTERS), 2)
    return f"entries[{entry}][{part}]"


def _step(found: Any, path: str, line: dict[str, Any], width: int) -> Step:
    check(type(found) is dict, path, "an object", found)
    if "op" not in found:
        check_keys(found, path, ordered_keys("op"), found.keys())
    one_of_names(_STEPS, f"{path}.op", found["op"])
    required, known, made = _STEPS[found["op"]]
    check_keys(found, path, required, known)
    return made(found, path, line, width)


def _access(found: dict[str, Any], path: str, line: dict[str, Any], width: int) -> AccessStep:
    kind = found["kind"]
    one_of_names(KINDS, f"{path}.kind", kind)
    numbers = {"size": 1, "implicit": 0, "cpl": line["cpl"], "ac": line["ac"], **found}
    for key, allowed in (("size", SIZE), ("implicit", FLAG), ("cpl", RING), ("ac", FLAG)):
        one_of(allowed, f"{path}.{key}", numbers[key])
    size = numbers["size"]
    return AccessStep(
        kind, one_hexadecimal(found["linear"], 64, f"{path}.linear"), size, numbers["implicit"],
        numbers["cpl"], numbers["ac"],
        one_hexadecimal(found.get("data", "0x0"), 8 * size, f"{path}.data"))


def _store(found: dict[str, Any], path: str, line: dict[str, Any], width: int) -> StoreStep:
    size = found.get("size", 8)
    one_of((4, 8), f"{path}.size", size)
    address = one_hexadecimal(found["address"], width, f"{path}.address")
    check(address % size == 0, f"{path}.address", f"a multiple of {size}", found["address"])
    return StoreStep(address, size, one_hexadecimal(found["value"], 8 * size, f"{path}.value"))


def _invlpg(found: dict[str, Any], path: str, line: dict[str, Any], width: int) -> InvlpgStep:
    return InvlpgStep(one_hexadecimal(found["linear"], 64, f"{path}.linear"))


def _invpcid(found: dict[str, Any], path: str, line: dict[str, Any], width: int) -> InvpcidStep:
    return InvpcidStep(
        _number(found["type"], f"{path}.type"), _number(found["pcid"], f"{path}.pcid"),
        one_hexadecimal(found["linear"], 64, f"{path}.linear"))


def _number(found: Any, key: str) -> int:
    """A number that may be spelt in hex, of 64 bits."""
    if type(found) is str:
        return one_hexadecimal(found, 64, key)
    if type(found) is not int or found < 0:
        complain(key, 'a number such as 1 or "0x1"', found)
    check_width(found, 64, key, found)
    return found


def _write(found: dict[str, Any], path: str, line: dict[str, Any], width: int) -> WriteStep:
    one_of_names(_WRITTEN, f"{path}.register", found["register"])
    return WriteStep(_WRITTEN[found["register"]],
                     one_hexadecimal(found["value"], 64, f"{path}.value"))


def _form(made: Callable[[dict[str, Any], str, dict[str, Any], int], Step], *required: str,
          optional: Set[str] = frozenset()) -> tuple[Set[str], Set[str], Callable[..., Step]]:
    names = ordered_keys("op", *required)
    return names, names | optional, made


#: Keys that a step must have, those that it may have, and the reader of them, by its ``op``.
_STEPS: Mapping[str, tuple[Set[str], Set[str], Callable[..., Step]]] = {
    "access":  _form(_access, "kind", "linear", optional={"size", "implicit", "cpl", "ac", "data"}),
    "store":   _form(_store, "address", "value", optional={"size"}),
    "invlpg":  _form(_invlpg, "linear"),
    "invpcid": _form(_invpcid, "type", "pcid", "linear"),
    "write":   _form(_write, "register", "value"),
}
