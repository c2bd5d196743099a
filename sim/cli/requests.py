"""Requests of the page of a lab, to the Python that is in it.

A request is an object of JSON; ``do`` says what is to be done, and the others are its arguments:

==========  =====================================================================
``play``    a scenario, :func:`sim.lab.player.play`
``save``    ... and its files, :func:`sim.lab.saved.save`
``access``  access vectors, :func:`sim.lab.vectors.access`
``script``  a kernel script, :func:`sim.lab.scripts.script`
``walk``    a page walk, :func:`.prompt.walk`
==========  =====================================================================

What comes of it are messages, objects of JSON with their ``kind``. Of any request there may come
``mistake``, for a text that has one: the ``reason``, and the ``line`` and its ``text``; or
``refused``, for a ``reason``.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from sim.errors import Unavailable, Unsuited
from sim.lab.player import Tell, play
from sim.lab.saved import save
from sim.lab.scripts import script
from sim.lab.untouched import untouched
from sim.lab.vectors import access
from sim.output.files import FileTrouble
from sim.scenario.json import mistake_as_json
from sim.scenario.mistakes import ScenarioError

from .prompt import walk


__all__ = ["perform"]


#: What can be done. Each is called with the request, an empty folder, and what tells a message.
REQUESTS: Mapping[str, Callable[[Mapping[str, Any], Path, Tell], None]] = MappingProxyType({
    "play": play, "save": save, "access": access, "script": script, "walk": walk,
})


def perform(request: str, hear: Callable[[str], None]) -> bool:
    """Perform what a ``request`` says; ``hear`` is called with each message.

    Return True if another one can follow, for no code of the project has been changed.
    """
    def tell(message: dict[str, Any]) -> None:
        hear(json.dumps(message, separators=(",", ":")))

    wanted = json.loads(request)
    untouched()
    with TemporaryDirectory() as folder:
        try:
            REQUESTS[wanted["do"]](wanted, Path(folder), tell)
        except ScenarioError as error:
            tell({"kind": "mistake", **mistake_as_json(error.mistake)})
        except (Unsuited, Unavailable, FileTrouble) as error:
            tell({"kind": "refused", "reason": str(error)})
    return untouched()
