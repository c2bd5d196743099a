"""Random scripts: processes that map, write, fork and force, in any order.

A step is drawn without regard to what the steps before have come to: that many fail is part of what
is compared. In the end all pages that anybody has are looked at.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any


__all__ = ["FILES", "STEPS", "steps_of"]


#: Steps of a script, before the looks at its end.
STEPS = 40

#: One file for all scripts, of less than a page.
FILES: Sequence[Mapping[str, Any]] = ({"path": "data", "data": "11*1000"},)

_PAGE = 4096

#: Most processes, and pages of a mapping.
_PROCESSES, _PAGES = 4, 4

_PROTS = ("", "r", "r", "rw", "rw", "rw", "rx", "rwx", "w", "x")

_ADVICE = ("dontneed", "dontneed", "dontfork", "dofork", "wipeonfork", "keeponfork",
           "populate_read", "populate_write")

Table = dict[str, Any]


@dataclass
class _Scene:
    """Names so far.

    Attributes
    ----------
    processes : :class:`list`
        Processes that have not been ended.
    pages : :class:`dict`
        Pages of each mapping by its name.
    files : :class:`list`
        Descriptors, which all processes that were forked later have too.
    pipes : :class:`list`
        Ends of pipes that something is in.
    """

    random:    Random
    processes: list[str]      = field(default_factory=lambda: ["a"])
    pages:     dict[str, int] = field(default_factory=dict)
    files:     list[str]      = field(default_factory=list)
    forks:     int            = 0
    piped:     bool           = False
    pipes:     list[tuple[str, str]] = field(default_factory=list)

    def who(self) -> str:
        """A process."""
        return self.random.choice(self.processes)

    def range(self) -> Table:
        """Some pages of a mapping, as arguments of a call."""
        name  = self.random.choice(list(self.pages))
        first = self.random.randrange(self.pages[name])
        count = self.random.randint(1, self.pages[name] - first)
        return {"at": _sum(name, first * _PAGE), "length": count * _PAGE}

    def address(self) -> str:
        """An address in a mapping, sometimes near the end of a page."""
        name   = self.random.choice(list(self.pages))
        page   = self.random.randrange(self.pages[name])
        offset = self.random.choice((0, 8, 16, 2048, 4088, 4092))
        return _sum(name, page * _PAGE + offset)


def _sum(name: str, offset: int) -> str:
    return f"{name}+{offset}" if offset else name


def _name(address: str) -> str:
    return address.partition("+")[0]


def steps_of(seed: str) -> list[Table]:
    """Draw the steps of a script."""
    scene = _Scene(Random(seed))
    steps = [{"who": "a", "do": "open", "as": "f", "path": "data", "flags": ["rdwr"]},
             _mmap(scene, "a")]
    scene.files.append("f")
    while len(steps) < STEPS:
        draw = scene.random.choices(list(_DRAWS), list(_DRAWS.values()))[0]
        steps += draw(scene, scene.who())
    return steps + [{"who": who, "do": "query", "at": _sum(name, page * _PAGE)}
                    for who in scene.processes for name, pages in scene.pages.items()
                    for page in range(pages)]


def _mmap(scene: _Scene, who: str) -> Table:
    name  = f"m{len(scene.pages)}"
    kind  = scene.random.choice(("private", "private", "shared"))
    file  = scene.random.random() < 0.3
    # A disk's file system may keep several pages together, and Linux then maps them together.
    pages = 1 if file else scene.random.randint(1, _PAGES)
    step: Table = {"who": who, "do": "mmap", "as": name, "length": pages * _PAGE,
                   "prot": scene.random.choice(_PROTS)}
    if file and scene.files:
        step |= {"flags": [kind], "file": scene.random.choice(scene.files)}
    else:
        step |= {"flags": [kind, "anonymous"]}
        if scene.random.random() < 0.1:
            step["flags"].append("populate")
    scene.pages[name] = pages
    return step


def _map(scene: _Scene, who: str) -> list[Table]:
    return [_mmap(scene, who)] if len(scene.pages) < 8 else []


def _replace(scene: _Scene, who: str) -> list[Table]:
    return [{"who": who, "do": "mmap", **scene.range(), "prot": scene.random.choice(_PROTS),
             "flags": ["private", "anonymous", "fixed"]}]


def _munmap(scene: _Scene, who: str) -> list[Table]:
    return [{"who": who, "do": "munmap", **scene.range()}]


def _mprotect(scene: _Scene, who: str) -> list[Table]:
    return [{"who": who, "do": "mprotect", **scene.range(), "prot": scene.random.choice(_PROTS)}]


def _madvise(scene: _Scene, who: str) -> list[Table]:
    return [{"who": who, "do": "madvise", **scene.range(),
             "advice": scene.random.choice(_ADVICE)}]


def _mremap(scene: _Scene, who: str) -> list[Table]:
    old, new = scene.range(), scene.range()
    if _name(old["at"]) == _name(new["at"]) or new["length"] < old["length"]:
        return []  # ranges that overlap, or reach beyond a mapping
    return [{"who": who, "do": "mremap", **old, "new_length": old["length"],
             "flags": ["maymove", "fixed"], "to": new["at"]}]


def _load(scene: _Scene, who: str) -> list[Table]:
    return [{"who": who, "do": "load", "at": scene.address()}]


def _store(scene: _Scene, who: str) -> list[Table]:
    return [{"who": who, "do": "store", "at": scene.address(),
             "value": scene.random.randrange(1 << 32)}]


def _fetch(scene: _Scene, who: str) -> list[Table]:
    # At the beginning of a page, where an instruction has room.
    return [{"who": who, "do": "fetch", "at": scene.range()["at"]}]


def _force(scene: _Scene, who: str) -> list[Table]:
    file = f"/proc/{{{scene.who()}}}/mem"
    size = scene.random.choice((1, 8, 16, 5000))
    if scene.random.random() < 0.4:
        return [{"who": who, "do": "pread", "file": file, "at": scene.address(), "count": size}]
    return [{"who": who, "do": "pwrite", "file": file, "at": scene.address(),
             "data": f"{scene.random.randrange(256):02x}*{size}"}]


def _copy(scene: _Scene, who: str) -> list[Table]:
    file = scene.random.choice(scene.files)
    return [{"who": who, "do": scene.random.choice(("pread", "pwrite")), "file": file,
             "at": scene.random.choice((0, 500, 990)), "buf": scene.address(),
             "count": scene.random.choice((8, 100))}]


def _lock(scene: _Scene, who: str) -> list[Table]:
    do = scene.random.choice(("mlock", "munlock", "mlock2"))
    return [{"who": who, "do": do, **scene.range()}
            | ({"flags": ["onfault"]} if do == "mlock2" else {})]


def _seal(scene: _Scene, who: str) -> list[Table]:
    return [{"who": who, "do": "mseal", **scene.range()}]


def _process_vm(scene: _Scene, who: str) -> list[Table]:
    size = scene.random.choice((1, 16, 5000))
    step: Table = {"who": who, "pid": scene.who(),
                   "remote": [{"at": scene.address(), "count": size}]}
    if scene.random.random() < 0.4:
        return [step | {"do": "process_vm_readv", "iov": [{"count": size}]}]
    return [step | {"do": "process_vm_writev",
                    "iov": [{"data": f"{scene.random.randrange(256):02x}*{size}"}]}]


def _splice(scene: _Scene, who: str) -> list[Table]:
    # What a pipe holds is looked at later: it may be the page, and not what was in it.
    if scene.pipes:
        ends = scene.pipes.pop()
        return [{"who": who, "do": "read", "file": ends[0], "count": 64}]
    if scene.piped:
        return []
    scene.piped = True
    scene.pipes.append(("r", "w"))
    return [{"who": who, "do": "pipe", "as": ["r", "w"], "flags": ["nonblock"]},
            {"who": who, "do": "vmsplice", "file": "w",
             "iov": [{"at": scene.address(), "count": 64}]}]


def _fork(scene: _Scene, who: str) -> list[Table]:
    return _make(scene, who, {"do": "fork"})


def _clone(scene: _Scene, who: str) -> list[Table]:
    return _make(scene, who, {"do": "clone", "flags": ["vm", "sigchld"]})


def _make(scene: _Scene, who: str, step: Table) -> list[Table]:
    if len(scene.processes) == _PROCESSES:
        return []
    scene.forks += 1
    name = f"b{scene.forks}"
    scene.processes.append(name)
    return [{"who": who, **step, "as": name}]


def _exit(scene: _Scene, who: str) -> list[Table]:
    if who == "a":
        return []
    scene.processes.remove(who)
    return [{"who": who, "do": "exit"}]


#: Functions that draw a step, and how often they do.
_DRAWS: Mapping[Callable[[_Scene, str], list[Table]], int] = {
    _map: 8, _replace: 2, _munmap: 3, _mprotect: 10, _madvise: 8, _mremap: 3, _load: 14,
    _store: 18, _fetch: 3, _force: 20, _copy: 6, _fork: 5, _exit: 2, _lock: 4, _seal: 1,
    _process_vm: 6, _splice: 4, _clone: 2,
}
