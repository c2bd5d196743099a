"""To Cage a Dragon: what the MMU refuses, the kernel makes through its own address

Ref: "To Cage a Dragon: An obscure quirk of /proc", offlinemark.
"""

from sim.scenario import Stage
from sim.scenarios.cast import Cast

from . import (
    aliases, approved_channel, copy_on_write, force_override, limits, punch, smap, user_store,
    write_protect,
)


MODES = ("4level", "32bit", "pae", "5level")

#: The acts, in the order of the article, each with what the unit must have for it.
ACTS = (
    (user_store,       ()),
    (write_protect,    ()),
    (smap,             ("smap",)),
    (approved_channel, ()),
    (punch,            ()),
    (copy_on_write,    ()),
    (aliases,          ()),
    (limits,           ()),
    (force_override,   ()),
)


async def play(stage: Stage) -> None:
    """Play all acts that the unit can show, with one cast."""
    cast = await Cast.gather(stage)
    for act, features in ACTS:
        missing = [feature for feature in features if not getattr(stage.config, feature)]
        if missing:
            stage.leave_out(act.TITLE, f"the unit has no {', '.join(missing).upper()}")
        else:
            await act.play(stage, cast)
