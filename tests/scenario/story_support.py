"""Scenarios in files that tests write, with mistakes or without."""

from sim.scenario.scenario import load


__all__ = [
    "ANY", "FAST", "HEAD", "HOLDS", "MISTAKEN", "PLAY", "mistake_in", "without_function", "written",
]


#: The engine on which a run takes least time; where it matters, others.
FAST = "cxxrtl"

#: The simulator of cocotb that need not compile.
ANY = "icarus"

HEAD = '''"""Story."""

from sim.scenario import Errno, KernelError, Stage, Verdict


MODES = ("4level",)

YES = Verdict(True, 1, "seen")


'''

PLAY = "async def play(stage):\n"

#: A call in a program, which ends like a play.
HOLDS = """
    async with stage.act("Act"):
        stage.claim("so", YES)
"""

#: A scenario with a mistake.
MISTAKEN = HEAD + PLAY + """
    async with stage.act("Act"):
        stage.claim("so", YES)
        user = await stage.user("dragon")
        user.mmap(4096)  # <--
"""


def written(folder, text, name="story.py"):
    """A scenario in a file of its own. The line of a ``# <--`` is the one that has a mistake."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if "# <--" in line]
    return path, lines[0] if lines else 1


def mistake_in(path, engine=FAST, **options):
    """Play a file; return its mistake."""
    run = load(path).perform(engine=engine, era="6.x", **options)
    assert run.failure is None and not run.holds
    return run.mistake


def without_function(stage):
    """Cycles of the kernel's own accesses on a stage that belong to none of its functions."""
    return [access.accepted for trace in stage.traces
            for access in trace.accesses(user=False, implicit=False) if not access.mark.stack]
