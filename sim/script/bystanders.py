"""Steps that would reach processes on a real Linux which are none of the script's.

There a script's processes are processes like others, of the user that plays. A number that is no
process of the script may be somebody else's, and -1 is all of them. On the model nobody else is.
"""

import posixpath
import re
from typing import Any

from .calls import CALLS, Kind
from .script import STEPS, Script, Step


__all__ = ["reached"]


#: Steps that do nothing to a process which is no child of who does them.
_OF_CHILDREN = ("wait", "waitid", "setpgid")

#: The largest number that a process can have: PID_MAX_LIMIT on 64 bits.
_LARGEST = 1 << 22

_NUMBERED = re.compile(r"(?:^|/)proc/0*([1-9]\d*)")


def reached(script: Script) -> str:
    """Name the first step that reaches others than the script's own processes; "": none does."""
    for step in script.steps:
        for key, value in step.args.items():
            if _reaches(step, key, value):
                return f"line {step.line}, {step.do} {key}={value}"
    return ""


def _reaches(step: Step, key: str, value: Any) -> bool:
    if step.do in _OF_CHILDREN or step.do == "kill" and step.args["signal"] == 0:
        return False
    args = STEPS[step.do] if step.do in STEPS else CALLS[step.do].args
    kind = next((arg.kind for arg in args if arg.key == key), None)
    if kind is Kind.PROCESS and isinstance(value, int):
        number = (value + (1 << 31)) % (1 << 32) - (1 << 31)  # a register's part that is a pid_t
        return 0 < abs(number) <= _LARGEST
    if kind in (Kind.FILE, Kind.PATH) and isinstance(value, str):
        found = _NUMBERED.search(posixpath.normpath(value))
        return found is not None and int(found[1][:8]) <= _LARGEST
    return False
