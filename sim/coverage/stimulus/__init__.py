"""Stimuli: for a bin that is aimed at, a machine and steps that may hit it.

A bin's own values say what a stimulus has to have; whatever they leave open is drawn at random, so
that it hits others besides.

=======================================  ====================================================
:mod:`sim.coverage.stimulus.draft`       values that are wanted, and a random source
:mod:`sim.coverage.stimulus.machine`     registers, paging structures and steps, one by one
:mod:`sim.coverage.stimulus.accesses`    one access, to a page that may be cached
:mod:`sim.coverage.stimulus.walks`       stimuli for the walk
:mod:`sim.coverage.stimulus.addresses`   ... for addresses, linear and physical
:mod:`sim.coverage.stimulus.verdicts`    ... for the verdict, and protection keys
:mod:`sim.coverage.stimulus.updates`     ... for accessed and dirty flags
:mod:`sim.coverage.stimulus.control`     ... for writes of control registers
:mod:`sim.coverage.stimulus.caches`      ... for cached translations
:mod:`sim.coverage.stimulus.pcids`       ... for PCIDs
:mod:`sim.coverage.stimulus.tables`      ... for tables that are known
=======================================  ====================================================
"""

from random import Random

from hw.config import MmuConfig
from sim.coverage.bins import Coverpoint
from sim.vectors.sequence import SequenceVector

from .addresses import ADDRESSES
from .caches import CACHES
from .control import CONTROL
from .draft import Draft
from .pcids import PCIDS
from .tables import TABLES
from .updates import UPDATES
from .verdicts import FORCED, VERDICTS
from .walks import WALKS


__all__ = ["RECIPES", "stimulus"]


#: Names of recipes, of which a coverpoint has one.
RECIPES = frozenset((*WALKS, *ADDRESSES, *FORCED, *VERDICTS, *UPDATES, *CONTROL, *CACHES, *PCIDS,
                     *TABLES))

_RECIPES = {**WALKS, **ADDRESSES, **VERDICTS, **UPDATES, **CONTROL, **CACHES, **PCIDS, **TABLES}


def stimulus(config: MmuConfig, coverpoint: Coverpoint, values: tuple[str, ...], rng: Random,
             name: str) -> SequenceVector:
    """Draw a stimulus that may hit the bin ``values`` of a coverpoint."""
    draft  = Draft(rng, config, dict(zip(coverpoint.axes, values, strict=True)))
    recipe = coverpoint.recipe
    if recipe in FORCED:
        draft.let_all(FORCED[recipe])
        recipe = "access"
    return _RECIPES[recipe](draft).vector(name)
