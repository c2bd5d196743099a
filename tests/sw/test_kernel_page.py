"""docs/kernel.md tells what the kernel does, and where it keeps what it knows."""

import re
from pathlib import Path

import pytest

from sw.era import ERA_5_X, ERA_6_X
from sw.include.linux.mman import PROT_READ

from .map_support import TREES, mapped, variables
from .user_support import boot, filled, runs


PAGE = (Path(__file__).parents[2] / "docs" / "kernel.md").read_text(encoding="utf-8")

#: The walks of the page: a function a line, indented by its depth, and its file.
WALKS = dict(zip((ERA_5_X, ERA_6_X), re.findall(r"```\n(do_syscall .*?)\n```", PAGE, re.DOTALL),
                 strict=True))


@pytest.mark.parametrize("era", WALKS, ids=lambda era: era.name)
@runs
async def test_the_walk_is_that_of_a_forced_write(era):
    user  = await boot(era=era)
    buf   = await filled(user)
    at    = await user.mmap(4096, PROT_READ)
    mem   = await user.open("/proc/self/mem")
    marks = user.cpu.bus.marks
    marks.clear()
    assert await user.pwrite(mem, buf, 8, at) == 8
    entered = [stack for before, stack in zip([(), *marks], marks, strict=False)
               if len(stack) > len(before)]
    assert [line.split()[0] for line in WALKS[era].split("\n")] == [stack[-1] for stack in entered]
    assert [(len(line) - len(line.lstrip())) // 2 + 1 for line in WALKS[era].split("\n")] == [
        len(stack) for stack in entered]


@pytest.mark.parametrize("line", dict.fromkeys(" ".join(line.split()) for walk in WALKS.values()
                                               for line in walk.split("\n")))
def test_a_function_of_the_walk_is_in_its_file(line):
    function, file = line.split()
    assert function in mapped()[file.removeprefix("sw/").removesuffix(".py")]


def test_every_variable_of_the_kernel_is_in_the_table_with_its_file():
    table = {(name, file) for names, file in re.findall(r"^\| (`.*?`) \| `sw/(.*?)\.py` \|", PAGE,
                                                        re.MULTILINE)
             for name in re.findall(r"`(\w+)`", names)}
    assert table == {(name, file) for file, tree in TREES.items() for name in variables(tree)}
