"""Random steps on processes: how they begin and end, signals, and tracing.

Each function draws the steps that a process does; none, if there is nothing to draw now. There is
no PTRACE_TRACEME, as the parent may be who plays. SIGTRAP stays as it is: a fetch on Linux is a
step that is traced.
"""

from .scene import Scene, Table


__all__ = ["clone", "exit_", "fork", "handle", "int3", "kill", "mask",
           "replace_program", "trace", "traced_memory", "vfork", "wait"]


#: Signals: of what kills by default, what is ignored, what stops, and what has it go on.
_SIGNALS = ("SIGUSR1", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGCHLD", "SIGWINCH", "SIGSTOP", "SIGTSTP",
            "SIGCONT", "SIGCONT", "SIGSEGV")

_ACTIONS = ("handle", "handle", "ignore", "default")

_REQUESTS = ("attach", "attach", "seize", "seize", "interrupt", "cont", "cont", "cont", "detach",
             "kill", "listen")


def fork(scene: Scene, who: str) -> list[Table]:
    """A child with copies of all memory."""
    return scene.make(who, {"do": "fork"})


def clone(scene: Scene, who: str) -> list[Table]:
    """A child in the same memory."""
    return scene.make(who, {"do": "clone", "flags": ["vm", "sigchld"]})


def vfork(scene: Scene, who: str) -> list[Table]:
    """A child for which its maker waits."""
    return scene.make(who, {"do": "vfork"})


def replace_program(scene: Scene, who: str) -> list[Table]:
    """Another program, with memory of its own, in which old addresses are looked at too."""
    return [{"who": who, "do": "exec"}]


def exit_(scene: Scene, who: str) -> list[Table]:
    """The end of a process."""
    if who == "a":
        return []
    scene.processes.remove(who)
    return [{"who": who, "do": "exit", "status": scene.random.randrange(3)}]


def wait(scene: Scene, who: str) -> list[Table]:
    """A look for what has come of children."""
    options = [word for word in ("stopped", "continued") if scene.random.random() < 0.7]
    if scene.random.random() < 0.6:
        return [{"who": who, "do": "wait", "options": options}]
    told = ["nowait"] if scene.random.random() < 0.3 else []
    return [{"who": who, "do": "waitid", "idtype": "all", "options": ["exited", *options, *told]}]


def handle(scene: Scene, who: str) -> list[Table]:
    """Another way to take a signal."""
    return [{"who": who, "do": "sigaction", "signal": scene.random.choice(_SIGNALS),
             "action": scene.random.choice(_ACTIONS)}]


def mask(scene: Scene, who: str) -> list[Table]:
    """Other signals that are blocked."""
    return [{"who": who, "do": "sigprocmask",
             "how": scene.random.choice(("block", "block", "unblock", "setmask")),
             "set": sorted(set(scene.random.choices(_SIGNALS, k=2)))}]


def kill(scene: Scene, who: str) -> list[Table]:
    """A signal."""
    return [{"who": who, "do": "kill", "pid": scene.who(),
             "signal": scene.random.choice(_SIGNALS)}]


def int3(scene: Scene, who: str) -> list[Table]:
    """A breakpoint."""
    return [{"who": who, "do": "int3"}]


def trace(scene: Scene, who: str) -> list[Table]:
    """A request of a tracer; and what has come of it."""
    request = scene.random.choice(_REQUESTS)
    step: Table = {"who": who, "do": "ptrace", "request": request, "pid": scene.who()}
    if request in ("cont", "detach") and scene.random.random() < 0.3:
        step["data"] = scene.random.choice((10, 15, 18, 19))
    return [step, {"who": who, "do": "wait"}] if scene.random.random() < 0.7 else [step]


def traced_memory(scene: Scene, who: str) -> list[Table]:
    """A word of a tracee's memory."""
    step: Table = {"who": who, "do": "ptrace", "pid": scene.who(), "at": scene.address()}
    if scene.random.random() < 0.5:
        return [step | {"request": "peekdata"}]
    return [step | {"request": "pokedata", "data": scene.random.randrange(1 << 32)}]
