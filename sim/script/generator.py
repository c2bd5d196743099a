"""Random scripts: processes that map, write, fork and force, in any order.

A step is drawn without regard to what the steps before have come to: that many fail is part of what
is compared. In the end all pages that anybody has are looked at.

Each script has a theme, whose steps are drawn besides those that all have: else few would come to
what needs several of them, such as a tracer that writes to its tracee.
"""

from collections.abc import Callable, Mapping
from random import Random

from . import draws_files as files
from . import draws_lives as lives
from . import draws_memory as memory
from .scene import PAGE, Scene, Table, plus


__all__ = ["STEPS", "THEMES", "steps_of"]


#: Steps of a script, before the looks at its end.
STEPS = 40

Draws = Mapping[Callable[[Scene, str], list[Table]], int]

#: Functions that draw steps in all scripts, and how often they do.
_DRAWS: Draws = {
    memory.map_more: 8, memory.replace: 2, memory.unmap: 3, memory.protect: 10, memory.advise: 8,
    memory.move: 3, memory.resize: 3, memory.brk: 3, memory.load: 14, memory.store: 18,
    memory.fetch: 3, memory.force: 20, memory.lock: 4, memory.seal: 1, memory.process_vm: 6,
    files.copy: 6, files.pipe: 5, lives.fork: 5, lives.clone: 2, lives.exit_: 2,
}

#: Those of each theme.
THEMES: Mapping[str, Draws] = {
    "memory":  {},
    "files":   {files.truncate: 15, files.allocate: 15, files.position: 15, files.add_seals: 6,
                files.look: 5, files.send: 5, memory.map_more: 10},
    "signals": {lives.handle: 20, lives.kill: 30, lives.mask: 12, lives.wait: 20, lives.fork: 10,
                lives.exit_: 3, lives.vfork: 3, lives.replace_program: 2, lives.int3: 5},
    "traces":  {lives.trace: 40, lives.traced_memory: 25, lives.wait: 10, lives.fork: 10,
                lives.kill: 8, lives.int3: 8, lives.handle: 4, lives.replace_program: 2},
}


def steps_of(seed: str) -> list[Table]:
    """Draw the steps of a script."""
    scene = Scene(Random(seed), files=["f", "g"])
    heap, pages = memory.HEAP
    steps = [*files.FIRST, {"who": "a", "do": "brk", "as": heap, "at": 0},
             memory.first_map(scene, "a")]
    scene.pages[heap] = pages
    theme = THEMES[scene.random.choice(list(THEMES))]
    draws = [*_DRAWS.items(), *theme.items()]
    while len(steps) < STEPS:
        draw, = scene.random.choices([draw for draw, _ in draws], [often for _, often in draws])
        steps += draw(scene, scene.who())
    return steps + [{"who": who, "do": "query", "at": plus(name, page * PAGE)}
                    for who in scene.processes for name, pages in scene.pages.items()
                    for page in range(pages)]
