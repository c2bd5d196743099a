"""Player of scenarios in a page: it plays what was chosen, and tells how the run goes.

A message has its ``kind``, and the values that JSON has:

===========  ===========================================================================
``begun``    a run begins, on the ``engine``; ``remark`` says why it is a slow one, if it is
``act``      the ``title`` of an act that begins
``acted``    an ``act`` that is over, as ``dragoncage run --json`` has it
``cycle``    the ``cycle`` that it is, now and then
``drawing``  the run is over, and its document is made
``ended``    the ``document`` of the run, as the page draws it
``mistake``  the scenario has a mistake: the ``reason``, the ``line`` and its ``text``
===========  ===========================================================================
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sim.errors import Unavailable, Unsuited
from sim.page.document import document
from sim.record.viewed import Viewed
from sim.scenario.acts import Act
from sim.scenario.export import Export
from sim.scenario.json import act_as_json, mistake_as_json
from sim.scenario.listener import Listener
from sim.scenario.run import Run
from sim.scenario.scenario import Scenario
from sim.scenario.stage import Stage

from .choices import chosen_machine, chosen_scenario
from .untouched import untouched


__all__ = ["SLOWLY", "Tell", "perform", "play"]


#: Remark on a run that takes a minute where it could take a second.
SLOWLY = "no compiled machine is at hand, so Amaranth's simulator plays it, slowly"

#: Tells the page a message.
Tell = Callable[[dict[str, Any]], None]


def play(request: Mapping[str, Any], folder: Path, tell: Tell) -> None:
    """Play what a ``request`` wants.

    The request has the name of a ``scenario``, or its ``text``; and of the machine ``mode``,
    ``preset``, ``era``, ``force_override``, and ``switches``, as the options of `dragoncage run`,
    or null. Raises what :func:`.choices.chosen_scenario` and :func:`perform` do.
    """
    scenario = chosen_scenario(request, folder)
    run = perform(scenario, request, tell, [_Drawn(tell)])
    if run.mistake is not None:
        tell({"kind": "mistake", **mistake_as_json(run.mistake)})


def perform(scenario: Scenario, request: Mapping[str, Any], tell: Tell,
            exports: Sequence[Export] = (), **wanted: Any) -> Run:
    """Play on a compiled machine, or else in Amaranth's simulator.

    ``wanted`` is for :meth:`sim.scenario.scenario.Scenario.perform`, which says what is raised; so
    does :func:`.choices.chosen_machine`.
    """
    choice = chosen_machine(request)
    if choice["mode"] is not None and choice["mode"] not in scenario.modes:
        raise Unsuited(f'scenario "{scenario.name}" has no mode {choice["mode"]}')

    def performed(remark: str | None, **choice: Any) -> Run:
        return scenario.perform(**choice, exports=exports, listener=_Teller(tell, remark),
                                **wanted)

    try:
        return performed(None, **choice, options={"shipped": untouched()})
    except Unavailable:
        return performed(SLOWLY, **{**choice, "engine": "pysim"})


class _Teller(Listener):
    """Tells what it hears of a run."""

    def __init__(self, tell: Tell, remark: str | None):
        self._tell   = tell
        self._remark = remark

    def begun(self, run: Run) -> None:
        """Tell the engine."""
        self._tell({"kind": "begun", "engine": run.engine, "remark": self._remark})

    def announce(self, title: str) -> None:
        """Tell the title of an act."""
        self._tell({"kind": "act", "title": title})

    def acted(self, number: int, act: Act) -> None:
        """Tell an act and its claims."""
        self._tell({"kind": "acted", "act": act_as_json(act)})

    def progress(self, cycle: int) -> None:
        """Tell the cycle."""
        self._tell({"kind": "cycle", "cycle": cycle})

    def writing(self, name: str) -> None:
        """Tell that the document is being made."""
        self._tell({"kind": "drawing"})


@dataclass(frozen=True)
class _Drawn:
    """The document of a run, told; a :class:`sim.scenario.export.Export`."""

    tell: Tell

    name:   ClassVar[str]  = "report"
    viewed: ClassVar[bool] = True

    def write(self, run: Run, stage: Stage, viewed: Viewed | None) -> None:
        """Tell it."""
        assert viewed is not None, "it was asked for"
        self.tell({"kind": "ended", "document": document(run, stage, viewed)})
