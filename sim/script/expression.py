"""Numbers and addresses of a script: sums and products of numbers and of names.

``p+4096``, ``p+2*4096-1``, ``0xffff888000000000`` and ``-1`` are examples. A name stands for what a
step before has called so.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


__all__ = ["WIDE", "Expression", "fits", "parse"]


#: The complaint about a number that does not fit.
WIDE = "a number has 64 bits at most"

_TOKEN = re.compile(r"\s*(?:(?P<number>0x[0-9a-fA-F_]+|[0-9][0-9_]*)"
                    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<sign>[-+*]))")


@dataclass(frozen=True)
class Expression:
    """A sum.

    Attributes
    ----------
    text : :class:`str`
        The sum as it was written.
    terms : :class:`tuple`
        Its terms: each a factor, and a name to multiply it with or ``None``.
    """

    text:  str
    terms: tuple[tuple[int, str | None], ...]

    @property
    def names(self) -> list[str]:
        """The names in it."""
        return [name for _, name in self.terms if name is not None]

    def value(self, of: Callable[[str], int]) -> int:
        """Add up; ``of`` tells what a name stands for."""
        return sum(factor * (1 if name is None else of(name)) for factor, name in self.terms)


def fits(number: int) -> bool:
    """Tell whether a number has 64 bits at most, with a sign or without."""
    return -(1 << 63) <= number < 1 << 64


def parse(value: int | str) -> Expression:
    """Read a number or a text. Raises :class:`ValueError`, whose message says what is meant."""
    if isinstance(value, int):
        return Expression(str(value), ((value, None),))
    terms: list[tuple[int, str | None]] = []
    factor, name, wants = 1, None, True
    for token in _tokens(value):
        if token in ("+", "-") and wants and name is None and factor in (1, -1):
            factor = -factor if token == "-" else factor
        elif token in ("+", "-") and not wants:
            terms.append((factor, name))
            factor, name, wants = (-1 if token == "-" else 1), None, True
        elif token == "*" and not wants:
            wants = True
        elif token[0].isdigit() and wants:
            factor, wants = factor * _number(token, value), False
        elif token[0].isalpha() or token[0] == "_":
            if not wants or name is not None:
                raise _wrong(value)
            name, wants = token, False
        else:
            raise _wrong(value)
    if wants:
        raise _wrong(value)
    terms.append((factor, name))
    constant = sum(factor for factor, name in terms if name is None)
    if not all(map(fits, (constant, *(factor for factor, _ in terms)))):
        raise ValueError(f'{WIDE}, and "{value[:40]}" has more')
    return Expression(value, tuple(terms))


def _number(token: str, text: str) -> int:
    try:
        return int(token, 0)
    except ValueError:  # such as 007, or with more digits than Python reads
        raise _wrong(text) from None


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _wrong(text)
        tokens.append(found[found.lastgroup or 0])
        at = found.end()
    return tokens


def _wrong(text: str) -> ValueError:
    return ValueError(f'"{text[:40]}" is no number and no sum such as p+4096')
