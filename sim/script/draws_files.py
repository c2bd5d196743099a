"""Random steps on files: one on a disk, one in memory that can be sealed, and a pipe.

Each function draws the steps that a process does; none, if there is nothing to draw now.
"""

from .scene import PAGE, Scene, Table


__all__ = ["FIRST", "add_seals", "allocate", "copy", "look", "pipe", "position", "send", "truncate"]


#: Steps that open them: "f" is the one of the disk, "g" the one in memory.
FIRST: tuple[Table, ...] = (
    {"who": "a", "do": "open", "as": "f", "path": "data", "flags": ["rdwr"]},
    {"who": "a", "do": "memfd_create", "as": "g", "path": "g", "flags": ["allow_sealing"]},
    {"who": "a", "do": "ftruncate", "file": "g", "length": 2 * PAGE},
)

#: Ends of the files: that of the disk stays within a page, see :func:`.draws_memory.first_map`.
_ENDS = {"f": (0, 100, 1000, PAGE), "g": (0, 100, PAGE, 2 * PAGE, 2 * PAGE + 100, 4 * PAGE)}

_SEALS = (["shrink"], ["grow"], ["write"], ["future_write"], ["seal"], ["shrink", "grow"])

_MODES: tuple[list[str], ...] = (
    [], ["keep_size"], ["punch_hole", "keep_size"], ["punch_hole", "keep_size"],
    ["punch_hole"], ["collapse_range"])


def copy(scene: Scene, who: str) -> list[Table]:
    """Bytes of memory to a file, or of a file to memory."""
    return [{"who": who, "do": scene.random.choice(("pread", "pwrite")),
             "file": scene.random.choice(scene.files), "at": scene.random.choice((0, 500, 990)),
             "buf": scene.address(), "count": scene.random.choice((8, 100))}]


def position(scene: Scene, who: str) -> list[Table]:
    """A file at its position, which its users share."""
    step: Table = {"who": who, "file": "g"}
    draw = scene.random.random()
    if draw < 0.4:
        return [step | {"do": "write", "data": scene.bytes(scene.random.choice((8, 100)))}]
    if draw < 0.7:
        return [step | {"do": "read", "count": scene.random.choice((8, 100))}]
    return [step | {"do": "lseek", "whence": scene.random.choice(("set", "cur", "end", "data",
                                                                  "hole")),
                    "offset": scene.random.choice((0, 100, PAGE, -8))}]


def truncate(scene: Scene, who: str) -> list[Table]:
    """Another end of a file."""
    file = scene.random.choice(scene.files)
    return [{"who": who, "do": "ftruncate", "file": file,
             "length": scene.random.choice(_ENDS[file])}]


def allocate(scene: Scene, who: str) -> list[Table]:
    """Pages of a file made, or dropped."""
    return [{"who": who, "do": "fallocate", "file": "g", "mode": scene.random.choice(_MODES),
             "offset": scene.random.choice((0, 100, PAGE)),
             "length": scene.random.choice((100, PAGE, 2 * PAGE))}]


def add_seals(scene: Scene, who: str) -> list[Table]:
    """Seals, and which there are."""
    return [{"who": who, "do": "fcntl", "file": "g", "cmd": "add_seals",
             "arg": scene.random.choice(_SEALS)},
            {"who": who, "do": "fcntl", "file": "g", "cmd": "get_seals"}]


def look(scene: Scene, who: str) -> list[Table]:
    """A file as it is seen from outside."""
    return [{"who": who, "do": "stat", "file": scene.random.choice(scene.files)}]


def send(scene: Scene, who: str) -> list[Table]:
    """Bytes from a file to the other, at the positions of both."""
    one, other = scene.random.sample(scene.files, 2)
    return [{"who": who, "do": "lseek", "file": other, "offset": 0},
            {"who": who, "do": "sendfile", "file": one, "to": other, "length": 100}]


def pipe(scene: Scene, who: str) -> list[Table]:
    """Something into a pipe, or out of it later: it may be the page, and not what was in it."""
    first: list[Table] = []
    if not scene.piped:
        scene.piped = True
        first = [{"who": who, "do": "pipe", "as": ["r", "w"], "flags": ["nonblock"]}]
    step: Table = {"who": who}
    if scene.filled:
        scene.filled = False
        step |= scene.random.choice((
            {"do": "read", "file": "r", "count": 64}, {"do": "read", "file": "r", "count": 64},
            {"do": "splice", "file": "r", "to": "g", "length": 64}))
    else:
        scene.filled = True
        step |= scene.random.choice((
            {"do": "vmsplice", "file": "w", "iov": [{"at": scene.address(), "count": 64}]},
            {"do": "vmsplice", "file": "w", "iov": [{"at": scene.address(), "count": 64}]},
            {"do": "splice", "file": "g", "to": "w", "length": 64},
            {"do": "write", "file": "w", "data": scene.bytes(64)}))
    return [*first, step]
