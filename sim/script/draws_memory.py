"""Random steps on memory: maps, rights, moves, advice, instructions, and writes from elsewhere.

Each function draws the steps that a process does; none, if there is nothing to draw now.
"""

from .scene import PAGE, Scene, Table, plus


__all__ = ["HEAP", "advise", "brk", "fetch", "first_map", "force", "load", "lock", "map_more",
           "move", "process_vm", "protect", "replace", "resize", "seal", "store", "unmap"]


#: The heap: its name, and how many of its pages are of interest.
HEAP = "heap", 3

#: Pages of a mapping, at most; mappings of a script, at most.
_PAGES, _MAPPINGS = 4, 8

_PROTS = ("", "r", "r", "rw", "rw", "rw", "rx", "rwx", "w", "x")

_ADVICE = ("dontneed", "dontneed", "dontfork", "dofork", "wipeonfork", "keeponfork",
           "populate_read", "populate_write", "free", "cold", "willneed", "remove",
           "dontneed_locked", "collapse")


def first_map(scene: Scene, who: str) -> Table:
    """A new mapping, of anonymous memory or a file."""
    kind  = scene.random.choice(("private", "private", "shared"))
    file  = scene.random.choice(scene.files) if scene.random.random() < 0.3 else ""
    # A disk's file system may keep several pages together, and Linux then maps them together.
    pages = 1 if file == "f" else scene.random.randint(1, _PAGES)
    step: Table = {"who": who, "do": "mmap", "as": scene.mapping(pages), "length": pages * PAGE,
                   "prot": scene.random.choice(_PROTS)}
    if file:
        return step | {"flags": [kind], "file": file}
    populate = ["populate"] if scene.random.random() < 0.1 else []
    return step | {"flags": [kind, "anonymous", *populate]}


def map_more(scene: Scene, who: str) -> list[Table]:
    """One more mapping."""
    return [first_map(scene, who)] if len(scene.pages) < _MAPPINGS else []


def replace(scene: Scene, who: str) -> list[Table]:
    """A mapping in the place of another."""
    return [{"who": who, "do": "mmap", **scene.range(), "prot": scene.random.choice(_PROTS),
             "flags": ["private", "anonymous", "fixed"]}]


def unmap(scene: Scene, who: str) -> list[Table]:
    """The end of some pages."""
    return [{"who": who, "do": "munmap", **scene.range()}]


def protect(scene: Scene, who: str) -> list[Table]:
    """Other rights."""
    return [{"who": who, "do": "mprotect", **scene.range(), "prot": scene.random.choice(_PROTS)}]


def advise(scene: Scene, who: str) -> list[Table]:
    """Advice."""
    return [{"who": who, "do": "madvise", **scene.range(),
             "advice": scene.random.choice(_ADVICE)}]


def move(scene: Scene, who: str) -> list[Table]:
    """Some pages in the place of others, perhaps with the old ones left as they were mapped."""
    old, new = scene.range(), scene.range()
    if _name(old["at"]) == _name(new["at"]) or new["length"] < old["length"]:
        return []  # ranges that overlap, or reach beyond a mapping
    more = ["dontunmap"] if scene.random.random() < 0.3 else []
    return [{"who": who, "do": "mremap", **old, "new_length": old["length"],
             "flags": ["maymove", "fixed", *more], "to": new["at"]}]


def resize(scene: Scene, who: str) -> list[Table]:
    """Fewer pages, or more: where they are, or elsewhere by a name of their own."""
    old = scene.range()
    new = PAGE * scene.random.randint(1, _PAGES)
    step: Table = {"who": who, "do": "mremap", **old, "new_length": new}
    if new <= old["length"] or scene.random.random() < 0.4 or len(scene.pages) >= _MAPPINGS:
        return [step]
    return [step | {"flags": ["maymove"], "as": scene.mapping(new // PAGE)}]


def brk(scene: Scene, who: str) -> list[Table]:
    """Another end of the heap."""
    name, pages = HEAP
    return [{"who": who, "do": "brk",
             "at": plus(name, scene.random.choice((0, 100, PAGE, 2 * PAGE, pages * PAGE)))}]


def load(scene: Scene, who: str) -> list[Table]:
    """An instruction that reads."""
    return [{"who": who, "do": "load", "at": scene.address()}]


def store(scene: Scene, who: str) -> list[Table]:
    """An instruction that writes."""
    return [{"who": who, "do": "store", "at": scene.address(),
             "value": scene.random.randrange(1 << 32)}]


def fetch(scene: Scene, who: str) -> list[Table]:
    """An instruction at the beginning of a page, where it has room."""
    return [{"who": who, "do": "fetch", "at": scene.range()["at"]}]


def force(scene: Scene, who: str) -> list[Table]:
    """Memory read or written through its file."""
    file = f"/proc/{{{scene.who()}}}/mem"
    size = scene.random.choice((1, 8, 16, 5000))
    if scene.random.random() < 0.4:
        return [{"who": who, "do": "pread", "file": file, "at": scene.address(), "count": size}]
    return [{"who": who, "do": "pwrite", "file": file, "at": scene.address(),
             "data": scene.bytes(size)}]


def process_vm(scene: Scene, who: str) -> list[Table]:
    """Memory of a process, copied without force."""
    size = scene.random.choice((1, 16, 5000))
    step: Table = {"who": who, "pid": scene.who(),
                   "remote": [{"at": scene.address(), "count": size}]}
    if scene.random.random() < 0.4:
        return [step | {"do": "process_vm_readv", "iov": [{"count": size}]}]
    return [step | {"do": "process_vm_writev", "iov": [{"data": scene.bytes(size)}]}]


def lock(scene: Scene, who: str) -> list[Table]:
    """Pages that are to stay, or need not any more."""
    do = scene.random.choice(("mlock", "munlock", "mlock2"))
    return [{"who": who, "do": do, **scene.range()}
            | ({"flags": ["onfault"]} if do == "mlock2" else {})]


def seal(scene: Scene, who: str) -> list[Table]:
    """A mapping that is to stay as it is."""
    return [{"who": who, "do": "mseal", **scene.range()}]


def _name(address: str) -> str:
    return address.partition("+")[0]
