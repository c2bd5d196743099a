"""One access at a time, with edits that nobody flushes: judged by all that the manual then allows.
"""

from dataclasses import replace
from random import Random

from sim.golden.reserved import A, D
from sw.bus import Access

from .collector import alignment
from .lockstep import Lockstep
from .stimulus import random_stimulus
from .table_entries import TableEntry
from .testbench import MmuTestbench
from .walks import predicted_walks


__all__ = ["play_stale"]


async def play_stale(testbench: MmuTestbench, rng: Random, *, steps: int = 45) -> int:
    """Play ``steps`` random steps in lockstep; return the number of accesses.

    Raises as :func:`.burst.play` does.
    """
    await testbench.reset(rng)
    lockstep = Lockstep(testbench, random_stimulus(rng, testbench.features, self_mapped=True))
    await lockstep.start()
    for _ in range(steps):
        if rng.random() < 0.01:
            await lockstep.switch(random_stimulus(rng, testbench.features, self_mapped=True))
        await _step(lockstep, rng)
    lockstep.compare_memories()
    return lockstep.accesses


async def _step(lockstep: Lockstep, rng: Random) -> None:
    """Do one thing, drawn at random."""
    stimulus, state = lockstep.stimulus, lockstep.model.state
    choice = rng.random() if stimulus.tables is not None else rng.choice((0.2, 0.9))
    if state.pcid_enable and rng.random() < 0.1:
        await _change_pcid(lockstep, rng)
    elif choice < 0.47:
        await lockstep.access(stimulus.access(state))
    elif choice < 0.5:
        for access in stimulus.string(state):
            await lockstep.access(access)
    elif choice < 0.72:
        await _edit_and_use(lockstep, rng)
    elif choice < 0.80:
        await _edit_during_use(lockstep, rng)
    elif choice < 0.86:
        await lockstep.invlpg(stimulus.page())
    else:
        write = stimulus.toggle if rng.random() < 0.7 else stimulus.any_write
        await lockstep.write(*write(state))


async def _edit_and_use(lockstep: Lockstep, rng: Random) -> None:
    """Use a page, edit an entry that translates it, and use the page again: flush nothing."""
    stimulus = lockstep.stimulus
    access   = stimulus.access(lockstep.model.state)
    await lockstep.access(access)
    pdptes = lockstep.tables.pdptes
    if pdptes and rng.random() < 0.2:
        # It stays as it is in its register.
        entry = pdptes[access.linear >> 30 & 3]
        await lockstep.invlpg(access.linear)
    else:
        entry = rng.choice(_on_way(lockstep, access) or lockstep.tables.entries)
    lockstep.edit(entry, lockstep.tables.draw(entry))
    if rng.random() < 0.3:
        for between in stimulus.string(lockstep.model.state):
            await lockstep.access(between)
    again = stimulus.access(lockstep.model.state)
    await lockstep.access(replace(again, linear=access.linear))


async def _change_pcid(lockstep: Lockstep, rng: Random) -> None:
    """Use a page under one PCID after another."""
    stimulus = lockstep.stimulus
    access   = stimulus.access(lockstep.model.state)
    await lockstep.access(access)
    for _ in range(rng.randrange(1, 4)):
        await lockstep.write(*stimulus.other_pcid(lockstep.model.state))
        again = stimulus.access(lockstep.model.state)
        await lockstep.access(replace(again, linear=access.linear))


def _on_way(lockstep: Lockstep, access: Access) -> list[TableEntry]:
    """Entries that translate the first page of ``access``."""
    walks = tuple(predicted_walks(lockstep.model.state, access, lockstep.model.memory.read))
    return [entry for entry in lockstep.tables.entries
            if walks and entry.address in {walked.address for walked in walks[0].entries}]


async def _edit_during_use(lockstep: Lockstep, rng: Random) -> None:
    """Use a page, and edit an entry that translates it meanwhile.

    It must not be an access to a table: its walk could come before the edit, and its operand after.
    """
    tables  = lockstep.tables
    access  = lockstep.stimulus.access(lockstep.model.state)
    on_way  = _on_way(lockstep, access)
    reached = {(possibility.outcome.physical or 0) & -4096
               for possibility in lockstep.model.possible(access)}
    if alignment(access) != "in two pages" and on_way and not reached & set(tables.tables):
        entry = rng.choice(on_way)
        if rng.random() < 0.5:
            # The walk will have to set a flag in it.
            clean = lockstep.model.memory.read(entry.address, tables.entry_size) & ~(A | D)
            lockstep.edit(entry, clean)
            await lockstep.invlpg(access.linear)
        await lockstep.access_during_edit(access, entry, tables.draw(entry))
