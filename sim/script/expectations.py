"""Values that a step may expect, checked: words, and numbers, of which Linux has no others."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sim.output.names import others

from . import words
from .values import PAGE, Wrong


__all__ = ["check_expected"]


#: Signals by name; those for real time have names of their numbers.
_SIGNALS = (*words.SIGNALS, *map(words.signal_name, range(32, 65)))

#: Events of a traced process that stops: PTRACE_EVENT_FORK to SECCOMP, and STOP.
_EVENTS = (*range(1, 8), 128)

#: What a signal does to a child, as wait() tells it; a traced one may have an event.
_ENDED   = [f"{came} {name}" for came in ("killed", "dumped") for name in _SIGNALS]
_STOPPED = [f"{came} {name}" for came in ("stopped", "trapped") for name in _SIGNALS]

#: Words of each expectation that has no others.
_WORDS: Mapping[str, frozenset[str]] = {key: frozenset(known) for key, known in {
    "signal":  _SIGNALS,
    "killed":  (*_SIGNALS, "exit"),
    "errno":   words.ERRORS,
    "status":  ("continued", *(f"exited {status}" for status in range(256)),
                *_ENDED, *_STOPPED,
                *(f"{stopped} event {event}" for stopped in _STOPPED for event in _EVENTS)),
    "perms":   ("", *(r + w + x + s for r in "r-" for w in "w-" for x in "x-" for s in "ps")),
}.items()}

#: Least and most of each number that is told as one.
_RANGES: Mapping[str, tuple[int, int]] = {
    "trap": (0, 31), "mode": (0, 0o7777), "owner": (0, (1 << 32) - 1),
    **dict.fromkeys(("size", "faults", "huge"), (0, (1 << 63) - 1)),
}

#: What is told only if it is so.
_ALWAYS_TRUE = ("stopped", "waits", "hangs")


def check_expected(expect: Mapping[str, Any]) -> None:
    """Check the values of all expectations of a step, which are of their types.

    Numbers that may be sums, bytes and names are checked where they are read.
    """
    for key, value in expect.items():
        if key in _WORDS:
            _check(key, value, _WORDS[key])
        elif key in _OTHERS:
            _OTHERS[key](expect)
        elif key in _RANGES and not _RANGES[key][0] <= value <= _RANGES[key][1]:
            least, most = _RANGES[key]
            raise _wrong(f"{key} is a number from {least} to {most}, not {value}")
        elif key in _ALWAYS_TRUE and not value:
            raise _wrong(f"{key} is true, or left out")


def _check(key: str, value: object, known: Collection[str]) -> None:
    """Check a word."""
    if value not in known:
        raise _wrong(f"there is no {key} {str(value)[:40]!r}; {others(value, sorted(known), PAGE)}")


def _check_code(expect: Mapping[str, Any]) -> None:
    """Check a code: of the signal that is expected, or of any. Those without a name are numbers."""
    signal, code = expect.get("signal"), expect["code"]
    if re.fullmatch(r"-?[0-9]{1,9}", code):
        told = words.code_name(words.SIGNALS.get(str(signal), 0), int(code))
        if told != code:
            raise _wrong(f"code {code} is called {told}")
        return
    _check("code", code, words.codes(signal))


def _check_signals(expect: Mapping[str, Any]) -> None:
    """Check the signals from elsewhere, of which SIGCHLD has its code."""
    plain = [name for name in _SIGNALS if name != "SIGCHLD"]
    coded = [f"SIGCHLD {code}" for code in words.codes("SIGCHLD")]
    for name in expect["signals"]:
        _check("signal", name, coded if str(name).startswith("SIGCHLD") else plain)


def _check_error_code(expect: Mapping[str, Any]) -> None:
    """Check an error code: a number in hex, as the player tells it."""
    text = expect["error_code"]
    if not re.fullmatch("0x(0|[1-9a-f][0-9a-f]{0,7})", text):
        raise _wrong(f'error_code is a number in hex such as "0x7", not {text[:40]!r}')


#: Checks of what is more than one word of a few.
_OTHERS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "code": _check_code, "signals": _check_signals, "error_code": _check_error_code,
}


def _wrong(reason: str) -> Wrong:
    return Wrong(f"expect: {reason}", "expect")
