"""Player: does the steps of a script on a kernel, and tells what came of them."""

from collections.abc import Sequence
from typing import Any

from . import words
from .action import Action, Refused, call
from .actions import ACTIONS
from .expression import Expression
from .host import Caught, Ended, Hangs, Host, NotKnown, Process, Stopped, Waiting
from .names import Names
from .outcome import Outcome, hex_of
from .script import MAKERS, Script, Step


__all__ = ["play"]


#: Results of a step that must be expected, if they come.
_BAD = ("errno", "signal", "killed", "stopped", "waits", "hangs")

#: Results of a step that is not done, or whose process is gone.
_INCOMPLETE = ("stopped", "waits", "killed", "hangs")

_NOT_KNOWN = "not known"

#: The end of a process whose maker has failed.
_UNBORN = "before it began"

#: Code of a signal that does not tell which exception it is for.
_SI_KERNEL = 0x80

#: Steps after which there is no process.
_LEAVING = ("exit", "exit_thread")

#: Steps whose page faults are those of the player's own work, or of nobody.
_WITHOUT_FAULTS = ("exec", *MAKERS, "query", "signals")


async def play(script: Script, host: Host) -> list[Outcome]:
    """Play a script. Each step has an outcome, those of a process that has ended too."""
    for file in script.files:
        await host.file(file.path, file.contents, file.mode)
    names = Names()
    made  = {name for step in script.steps if step.do in MAKERS for name in step.names}
    outcomes = []
    for step in script.steps:
        if step.who not in (*names.processes, *made):
            names.begin(step.who, await host.process(step.who, script.users.get(step.who)))
        outcomes.append(await _step(step, host, names))
    return outcomes


async def _step(step: Step, host: Host, names: Names) -> Outcome:
    if step.who not in names.processes:
        return Outcome({"killed": _UNBORN}, (f"{step.who} was to be made by a step before",))
    process = names.processes[step.who]
    action  = Action(step, process, host, names)
    said    = action.said
    try:
        await _meet(process, said)
        before = await process.faults()
        try:
            await (ACTIONS[step.do] if step.do in ACTIONS else call)(action)
        except Refused as refused:
            said["errno"] = words.errno_name(refused.number)
        finally:
            said["faults"] = await process.faults() - before
        if step.do not in _LEAVING:
            await _meet(process, said)
    except Caught as caught:
        _catch(action, caught)
    except Ended as ended:
        said["killed"] = _killer(ended.signo)
    except Stopped:
        said.clear()
        said["stopped"] = True
    except Waiting:
        said["waits"] = True
    except Hangs:
        said["hangs"] = True
    except NotKnown:
        pass  # and so nothing is said
    if step.do in (*_WITHOUT_FAULTS, *_LEAVING) or set(_INCOMPLETE) & set(said):
        said.pop("faults", None)
    return Outcome(said, tuple(_failures(action)))


async def _meet(process: Process, said: dict[str, Any]) -> None:
    """Note the signals from elsewhere that the process has handled."""
    for sent in await process.met():
        name = words.signal_name(sent.signo)
        if name == "SIGCHLD":
            name += f" {words.code_name(sent.signo, sent.code)}"
        said.setdefault("signals", []).append(name)


def _killer(signo: int | None) -> str:
    return _NOT_KNOWN if signo is None else words.signal_name(signo) if signo else "exit"


def _catch(action: Action, caught: Caught) -> None:
    said = action.said
    said["signal"] = words.signal_name(caught.signo)
    said["code"]   = words.code_name(caught.signo, caught.code)
    if caught.code == _SI_KERNEL:
        said["trap"] = caught.trap
    said["error_code"]    = f"{caught.error_code:#x}"
    said["address"]       = action.names.address(caught.address, action.step)
    action.raw["address"] = caught.address


def _failures(action: Action) -> Sequence[str]:
    """Tell which expectations did not come true. What this kernel does not tell is not judged."""
    said, expect = action.said, action.step.expect
    failures = [f"{key} {said[key]}, expected none" for key in _BAD
                if key in said and key not in expect]
    for key, wanted in expect.items():
        if key not in said and action.step.do == "query":
            continue
        found = said.get(key)
        if found == _NOT_KNOWN:
            continue
        if isinstance(wanted, Expression):
            good = action.raw.get(key) == action.names.number(wanted)
        else:
            wanted = hex_of(wanted) if isinstance(wanted, bytes) else wanted
            good   = found == wanted
        if not good:
            shown = getattr(wanted, "text", wanted)
            failures.append(f"{key} {'nothing' if found is None else found}, expected {shown}")
    return failures
