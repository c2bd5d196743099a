"""What tests have called in a simulator: it must be importable there too."""

import os
import time

from sim.engines.cocotb import host
from sim.errors import BusHang
from sim.machine import Machine
from sim.record.records import Recording
from sim.scenario import Stage
from sim.scenarios import SCENARIOS


__all__ = ["break_down", "end", "misbehave", "recorded", "tell"]


LISTS = {"accesses": "all_accesses", "transfers": "all_transfers", "controls": "all_controls",
         "interrupts": "all_interrupts", "events": "all_events", "states": "states",
         "marks": "marks", "cycles": "cycles"}


def recorded(*, name, engine, **machine):
    """Play a scenario on a machine; return what was recorded on each of its processors."""
    async def play(machine):
        await scenario.play(Stage(machine))

    scenario = SCENARIOS[name]
    made     = Machine(engine=engine, **{**scenario.machine, **machine})
    if engine == "cocotb" and made.engine.dut is None:
        wanted = {"name": name, "engine": engine, **machine}
        return host.call(made.engine, recorded, wanted, {})
    made.run(play)
    return [Recording(**{field: getattr(trace, place) for field, place in LISTS.items()})
            for trace in made.engine.traces]


def end():
    """End the simulator without a word to its host."""
    print("the last word", flush=True)
    os._exit(3)


def misbehave():
    """Raise what cannot be pickled: it is made of two arguments, and has one."""
    raise BusHang(5, "godot")


def break_down(*, file):
    """Raise what can."""
    raise FileNotFoundError(2, "No such file", file)


def tell(*, hear):
    """Say something from time to time, for ever."""
    while True:
        hear(os.getpid())
        time.sleep(0.01)
