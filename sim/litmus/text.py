"""Litmus tests as text, close to what herd7 has for x86 and for the page tables of Arm."""

from collections.abc import Iterator
from itertools import zip_longest

from .test import Instruction, LitmusTest, Op


__all__ = ["as_text", "instruction_text"]


def as_text(test: LitmusTest) -> str:
    """The file of a test."""
    return "\n".join(_lines(test)) + "\n"


def _lines(test: LitmusTest) -> Iterator[str]:
    yield f"X86 {test.name}"
    if test.about:
        yield f'"{test.about}"'
    yield "{"
    for location, value in test.initial.items():
        yield f" {location}={value};"
    for number, thread in enumerate(test.threads):
        for step in thread:
            if step.op is Op.EXCHANGE:
                yield f" {number}:{step.register}={step.value};"
    yield "}"
    columns = [[f"P{number}", *map(instruction_text, thread)]
               for number, thread in enumerate(test.threads)]
    widths  = [max(map(len, column)) for column in columns]
    for row in zip_longest(*columns, fillvalue=""):
        yield f" {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} ;"
    if test.condition is not None:
        yield str(test.condition)


def instruction_text(step: Instruction) -> str:
    """An instruction in a column of a test."""
    value = f"${step.value}" if isinstance(step.value, int) else str(step.value)
    match step.op:
        case Op.LOAD:      return f"MOV {step.register},[{step.location}]"
        case Op.STORE:     return f"MOV [{step.location}],{value}"
        case Op.EXCHANGE:  return f"XCHG [{step.location}],{step.register}"
        case Op.INVLPG:    return f"INVLPG [{step.location}]"
        case Op.FENCE:     return "MFENCE"
        case Op.INTERRUPT: return f"IPI P{step.target}"
    return "HLT"
