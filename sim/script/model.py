"""Runs of a script on the kernel of ``sw``."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sim.machine import Machine
from sw.audit import audit

from .modelled import ModelHost
from .outcome import Outcome
from .player import play
from .script import Script


__all__ = ["DEFAULT_ENGINE", "DEFAULT_ERA", "HUGEPAGES", "on_model"]


#: That of the kernels which people sit at.
DEFAULT_ERA = "6.18"

#: The fastest: a script needs no signals.
DEFAULT_ENGINE = "golden"

#: What Linux is built with, and the kernel of ``sw`` does without unless it is to be compared.
AS_BUILT = {"fault_around_bytes": 0x10000, "overcommit_memory": 1}

#: Huge pages of the pool that a script about it finds, all of them free.
HUGEPAGES = 4


def on_model(script: Script, *, engine: str = DEFAULT_ENGINE, era: str = DEFAULT_ERA,
             options: Mapping[str, Any] = MappingProxyType({})) -> Sequence[Outcome]:
    """Play a script on a machine that is switched on for it; ``options`` are the engine's."""
    outcomes: list[Outcome] = []

    async def main(machine: Machine) -> None:
        outcomes.extend(await play(script, ModelHost(machine, root="root" in script.needs)))
        audit(machine.cpu)

    kernel = AS_BUILT | {"vdso": "vdso" in script.needs,
                         "hugepages": HUGEPAGES if "hugetlb" in script.needs else 0}
    kernel |= script.switches.kernel()
    Machine(engine=engine, era=era, kernel=kernel, options=options).run(main)
    return outcomes
